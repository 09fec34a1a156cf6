"""How a failure looks."""

from typing import TYPE_CHECKING

from rich.text import Text

from venture_cli.views.terminal import err

if TYPE_CHECKING:
    from venture_cli.errors import CliError


def print_failure(error: CliError) -> None:
    """Print what happened, its details, and what to do next, on standard error."""
    console = err()
    console.print(Text("error: ", style="bold red") + Text(error.message))
    for line in error.details:
        console.print(f"  {line}")
    if error.next_step:
        console.print(Text("next: ", style="bold") + Text(error.next_step))
