"""What a report says of itself."""

from typing import TYPE_CHECKING

from venture_cli.views.terminal import err, out

if TYPE_CHECKING:
    from pathlib import Path

    from venture_cli.services.report import Report


def print_step(what: str) -> None:
    """Print what is read now."""
    err().print(f"reading {what}")


def print_report(report: Report, path: Path | None) -> None:
    """Print where a report was saved (`path` None: on standard output), and what it lacks."""
    for each in report.missing:
        err().print(("missing: ", "yellow"), each)
    if path is not None:
        out().print((f"saved {path}", "bold"))
    err().print(("next: ", "bold"), "Look through it before you send it.")
