"""``venture-crds generate`` writes the generated files, ``venture-crds check`` compares them."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from venture_crds.generator.crd import discover
from venture_crds.generator.files import TooLargeError, generate, stale, write
from venture_crds.generator.structural import RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

EXIT_OK = 0
EXIT_DRIFT = 1
EXIT_ERROR = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; give 0, 1 where files drifted, or 2 where nothing can be generated."""
    parser = argparse.ArgumentParser(prog="venture-crds", description=__doc__)
    parser.add_argument("command", choices=("generate", "check"))
    parser.add_argument(
        "--root",
        type=Path,
        default=Path(),
        help="root of the repository (default: the current directory)",
    )
    options = parser.parse_args(arguments)
    root: Path = options.root
    if not (root / "crds" / "pyproject.toml").is_file():
        return _fail(f"{root.resolve()} is not the root of the repository: use --root")
    try:
        files = generate(discover())
    except (RefusedError, TooLargeError) as error:
        return _fail(str(error))
    if options.command == "check":
        return _report_drift(stale(root, files))
    for path in write(root, files):
        sys.stdout.write(f"{'wrote' if path in files else 'removed'} {path}\n")
    return EXIT_OK


def _report_drift(paths: Sequence[Path]) -> int:
    for path in paths:
        sys.stderr.write(f"{path} does not agree with the types in crds/src\n")
    if paths:
        sys.stderr.write("run: uv run venture-crds generate\n")
    return EXIT_DRIFT if paths else EXIT_OK


def _fail(problem: str) -> int:
    sys.stderr.write(f"venture-crds: {problem}\n")
    return EXIT_ERROR


if __name__ == "__main__":
    sys.exit(main())
