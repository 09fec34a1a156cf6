"""The command `venture-preflight`: exits with 0 if all answer, 1 if not, 2 on wrong settings."""

import logging

from venture_core.preflight.run import preflight
from venture_core.preflight.settings import PreflightSettings
from venture_core.process.jobs import EXIT_DONE, EXIT_FAILED, run_job


async def _check(settings: PreflightSettings) -> int:
    return EXIT_DONE if await preflight(settings) else EXIT_FAILED


def main() -> None:
    """Probe the data plane that the environment describes, and exit."""
    # It warns of every TLS connection that the other side closes; people read what this prints.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    run_job("venture-preflight", PreflightSettings, _check)


if __name__ == "__main__":
    main()
