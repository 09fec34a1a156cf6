"""The generated parts of docs/cli.md: exit codes and every command's help.

`python -m venture_cli.reference docs/cli.md` writes them anew.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from typer.main import get_command

from venture_cli.app import app
from venture_cli.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTH: Final = 90
_BEGIN: Final = "<!-- begin generated {} -->\n"
_END: Final = "<!-- end generated {} -->\n"


def exit_codes() -> str:
    """Return the table of exit codes, in Markdown."""
    rows = [f"| {code.value} | {code.meaning} |" for code in ExitCode]
    return "\n".join(("| Code | Meaning |", "| --- | --- |", *rows, ""))


def commands() -> str:
    """Return the help of every command, in Markdown."""
    sections = [f"### {name}\n\n```text\n{text}\n```\n" for name, text in _helps(get_command(app))]
    return "\n".join(sections)


def _helps(
    command: Any,  # noqa: ANN401  typer keeps its click's types to itself
    path: tuple[str, ...] = ("venture",),
) -> Iterator[tuple[str, str]]:
    name = " ".join(path)
    context = command.make_context(
        name, [], resilient_parsing=True, terminal_width=WIDTH, max_content_width=WIDTH
    )
    subcommands = getattr(command, "commands", {})
    if not subcommands:
        yield name, command.get_help(context).strip()
    for each, subcommand in subcommands.items():
        yield from _helps(subcommand, (*path, each))


def updated(page: str) -> str:
    """Return the page with its generated parts made anew. ValueError where a marker is missing."""
    for part, text in (("exit codes", exit_codes()), ("commands", commands())):
        begin, end = _BEGIN.format(part), _END.format(part)
        head, middle, rest = page.partition(begin)
        _, closing, tail = rest.partition(end)
        if not middle or not closing:
            raise ValueError(f"the page lacks the markers of the part {part!r}")
        page = f"{head}{begin}\n{text}\n{end}{tail}"
    return page


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(updated(path.read_text(encoding="utf-8")), encoding="utf-8")
