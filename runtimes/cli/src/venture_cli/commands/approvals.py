"""venture approvals, approve, deny: what waits for people, and their word on it."""

from typing import TYPE_CHECKING, Annotated

import typer

from venture_cli.options import AllNamespaces, OutputFormat, clustered

if TYPE_CHECKING:
    from venture_cli.services.session import Session

TargetName = Annotated[
    str,
    typer.Argument(
        metavar="TARGET",
        help="What waits: moneyintent/NAME, or workflow/NAME/TASK, as `approvals` names it.",
    ),
]
Comment = Annotated[str, typer.Option("--comment", "-m", metavar="TEXT", help="Why.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("approvals")(approvals)
    app.command("approve")(approve)
    app.command("deny")(deny)


@clustered
async def approvals(
    session: Session, *, everywhere: AllNamespaces = False, form: OutputFormat = None
) -> None:
    """List what waits for people: what a Yes would allow, and until when it is waited for."""
    from venture_cli.services.approvals import waiting
    from venture_cli.views.approvals import print_waiting

    print_waiting(await waiting(session, everywhere=everywhere), form)


@clustered
async def approve(session: Session, target: TargetName, *, comment: Comment = "") -> None:
    """Approve what waits, exactly as it is now: after any change another word is needed."""
    await _say(session, target, "Approve", comment)


@clustered
async def deny(session: Session, target: TargetName, *, comment: Comment = "") -> None:
    """Deny what waits. One denial is enough."""
    await _say(session, target, "Deny", comment)


async def _say(session: Session, target: str, decision: str, comment: str) -> None:
    from venture_cli.services.approvals import say
    from venture_cli.views.objects import print_done

    name = await say(session, target, decision, comment)
    print_done(f"approval/{name}", "said")
