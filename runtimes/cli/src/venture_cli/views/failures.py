"""How a failure looks."""

import traceback
from typing import TYPE_CHECKING

from venture_cli.views.terminal import err

if TYPE_CHECKING:
    from venture_cli.errors import CliError


def print_failure(error: CliError) -> None:
    """Print what happened, its details, and what to do next, on standard error."""
    err().print(("error: ", "bold red"), error.message)
    for line in error.details:
        err().print(f"  {line}")
    if error.next_step:
        err().print(("next: ", "bold"), error.next_step)


def print_traceback(error: Exception) -> None:
    """Print where an exception came from, on standard error."""
    for part in traceback.format_exception(error):
        for line in part.rstrip("\n").split("\n"):
            # Indented, so that no line of a message looks like one of ours.
            err().print(f"  {line}")
