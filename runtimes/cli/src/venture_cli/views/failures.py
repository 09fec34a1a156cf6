"""How a failure looks."""

from typing import TYPE_CHECKING

from rich.text import Text

from venture_cli.views.terminal import err

if TYPE_CHECKING:
    from venture_cli.errors import CliError


def print_failure(error: CliError) -> None:
    """Print what happened, its details, and what to do next, on standard error."""
    console = err()
    console.print(Text.assemble(("error: ", "bold red"), error.message))
    for line in error.details:
        console.print(f"  {line}")
    if error.next_step:
        console.print(Text.assemble(("next: ", "bold"), error.next_step))
