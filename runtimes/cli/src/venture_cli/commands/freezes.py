"""venture freeze and thaw: stop what is new, and let it go on."""

from typing import TYPE_CHECKING, Annotated

import typer

from venture_cli.options import clustered
from venture_cli.program import hint

if TYPE_CHECKING:
    from venture_cli.services.session import Session

MIN_WORDS = 20


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("freeze")(freeze)
    app.command("thaw")(thaw)


def _said(text: str) -> str:
    if len(text.strip()) < MIN_WORDS:
        raise typer.BadParameter(f"say it in at least {MIN_WORDS} characters")
    return text.strip()


Reason = Annotated[
    str, typer.Option("--reason", "-m", parser=_said, metavar="TEXT", help="Why; 20 characters.")
]


@clustered
async def freeze(
    session: Session,
    *,
    reason: Reason,
    everything: Annotated[
        bool, typer.Option("--all", help="Everywhere, not only in the namespace.")
    ] = False,
    kill: Annotated[
        bool, typer.Option("--kill", help="End what runs, too, and take leave to spend back.")
    ] = False,
    name: Annotated[
        str | None, typer.Option("--name", help="The name of the Freeze. Default: the namespace.")
    ] = None,
) -> None:
    """Let nothing new start in the namespace, and nothing be spent, until `venture thaw`."""
    from venture_cli.services.freezes import set_freeze
    from venture_cli.views.objects import print_done, print_next

    made = await set_freeze(session, reason, everything=everything, kill=kill, name=name)
    print_done(f"freeze/{made}", "holds")
    print_next(hint("thaw", made, "-m", "'what was done about its cause'"))


@clustered
async def thaw(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The Freeze to lift.")],
    *,
    note: Annotated[
        str,
        typer.Option(
            "--note", "-m", parser=_said, metavar="TEXT", help="What was done; 20 characters."
        ),
    ],
) -> None:
    """Lift a freeze, saying what was done about its cause. Revoked leave to spend stays revoked."""
    from venture_cli.services.freezes import lift_freeze
    from venture_cli.views.objects import print_done

    await lift_freeze(session, name, note)
    print_done(f"freeze/{name}", "lifted")
