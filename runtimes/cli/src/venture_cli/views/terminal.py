"""The two consoles: results on standard output, all else on standard error."""

import os
import sys
from functools import cache

from rich.console import Console


def is_plain() -> bool:
    """Whether to print neither colour nor animation: NO_COLOR, a dumb terminal, or none."""
    unwanted = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return unwanted or not (sys.stdout.isatty() and sys.stderr.isatty())


@cache
def _console(*, stderr: bool, plain: bool) -> Console:
    return Console(
        stderr=stderr,
        color_system=None if plain else "auto",
        force_terminal=False if plain else None,
        no_color=plain,
        soft_wrap=True,
        highlight=False,
        emoji=False,
        markup=False,
    )


def out() -> Console:
    """Where results go: what a pipe or a script reads."""
    return _console(stderr=False, plain=is_plain())


def err() -> Console:
    """Where progress, hints and errors go."""
    return _console(stderr=True, plain=is_plain())
