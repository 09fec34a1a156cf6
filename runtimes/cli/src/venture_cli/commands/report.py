"""venture report: what helps whoever is asked for help."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from venture_cli.options import clustered

if TYPE_CHECKING:
    from venture_cli.services.session import Session


def register(group: typer.Typer) -> None:
    """Add the command of this module."""
    group.command("report")(report)


@clustered
async def report(
    session: Session,
    *,
    out: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where to write it: a file, a folder, or - for standard output.",
        ),
    ] = ".",
) -> None:
    """Write a report of the installation, to send to whoever helps.

    It holds versions, what the release consists of, its events and logs, and all builds with their
    status. Left out are the values of Secrets and ConfigMaps, documents, and whatever looks like a
    password, a token or a key. What may not be read is listed as missing.
    """
    from venture_cli.services.files import save
    from venture_cli.services.report import gather, pack
    from venture_cli.views.report import print_report, print_step

    gathered = await gather(session, print_step)
    name = f"venture-report-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    print_report(gathered, save(pack(gathered, name), out, f"{name}.tar.gz"))
