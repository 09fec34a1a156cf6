"""The command `venture-preflight`: exits with 0 if all answer, 1 if not, 2 on wrong settings."""

import asyncio
import sys

from pydantic import ValidationError

from venture_core.preflight.run import preflight
from venture_core.preflight.settings import PreflightSettings


def main() -> None:
    """Probe the data plane that the environment describes, and exit."""
    try:
        settings = PreflightSettings()
    except ValidationError as error:
        for problem in error.errors(include_input=False, include_url=False):
            name = "_".join(str(part) for part in problem["loc"]).upper()
            sys.stdout.write(f"VENTURE_{name}: {problem['msg']}\n")
        sys.exit(2)
    sys.exit(0 if asyncio.run(preflight(settings)) else 1)


if __name__ == "__main__":
    main()
