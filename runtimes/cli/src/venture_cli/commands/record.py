"""venture record: what people decide about the record when its database has forgotten."""

from typing import TYPE_CHECKING, Annotated

import typer

from venture_cli.options import clustered

if TYPE_CHECKING:
    from venture_cli.services.session import Session


def register(group: typer.Typer) -> None:
    """Add the commands of this module."""
    # A group with one command would lose its name: the callback keeps it.
    group.callback()(lambda: None)
    group.command("recover")(recover)


@clustered
async def recover(
    session: Session,
    *,
    reason: Annotated[
        str,
        typer.Option(
            "--reason",
            metavar="TEXT",
            help="Why the lost state cannot be brought back. It is kept in the record.",
        ),
    ],
    who: Annotated[
        str | None,
        typer.Option("--who", metavar="NAME", help="Who decides so; by default your login here."),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do it. Without it, only what would be said is shown.")
    ] = False,
) -> None:
    """Go on after a loss: begin a new epoch of the log that says what is no more.

    The sequencer and the relay stand still while the log contradicts what it signed before. Bring
    the lost state back if you can: then they go on by themselves. The login is the one
    of recovery that the chart makes, or VENTURE_POSTGRES_URL: a member of venture_recovery.
    """
    from venture_cli.services.recovery import begin_epoch, look_at_damage
    from venture_cli.views.recovery import print_damage, print_recovered

    damage = await look_at_damage(session)
    print_damage(damage, decided=yes)
    if yes:
        print_recovered(await begin_epoch(session, damage, who=who, reason=reason), damage)
