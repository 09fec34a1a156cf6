"""venture events dlq: events that a consumer gave up, to look at and to hand back."""

from typing import TYPE_CHECKING, Annotated

import typer

from venture_cli.options import OutputFormat, clustered

if TYPE_CHECKING:
    from venture_cli.services.session import Session

Number = Annotated[
    int, typer.Argument(metavar="NUMBER", min=1, help="The dead letter, as `list` numbers it.")
]


def register(group: typer.Typer) -> None:
    """Add the commands of this module."""
    group.command("list")(list_)
    group.command("show")(show)
    group.command("requeue")(requeue)


@clustered
async def list_(
    session: Session,
    *,
    consumer: Annotated[
        str | None, typer.Option("--consumer", metavar="NAME", help="Only those of this consumer.")
    ] = None,
    form: OutputFormat = None,
) -> None:
    """List the events that consumers gave up, oldest first."""
    from venture_cli.services.stream import dead_letters
    from venture_cli.views.deadletters import print_dead_letters

    print_dead_letters(await dead_letters(session, consumer), form)


@clustered
async def show(session: Session, number: Number, *, form: OutputFormat = None) -> None:
    """Show one dead letter: who gave it up, why, and the event itself."""
    from venture_cli.services.stream import dead_letter
    from venture_cli.views.deadletters import print_dead_letter

    print_dead_letter(await dead_letter(session, number), form)


@clustered
async def requeue(
    session: Session,
    numbers: Annotated[
        list[int],
        typer.Argument(metavar="NUMBER...", min=1, help="Dead letters, as `list` numbers them."),
    ],
) -> None:
    """Hand dead letters back to the consumer that gave them up, and to no other."""
    from venture_cli.services.stream import requeue as hand_back
    from venture_cli.views.deadletters import print_requeued

    for number in numbers:
        print_requeued(await hand_back(session, number))
