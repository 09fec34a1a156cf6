"""venture events tail, show, replay: the record of what happened, as it happens."""

from typing import TYPE_CHECKING, Annotated

import typer

from venture_cli.options import (
    DEFAULT_TIMEOUT,
    EventId,
    Follow,
    OutputFormat,
    Since,
    TimeLimit,
    TypePattern,
    WorkflowId,
    clustered,
    seconds,
    since_moment,
)

if TYPE_CHECKING:
    from venture_cli.services.session import Session


def register(group: typer.Typer) -> None:
    """Add the commands of this module."""
    group.command("tail")(tail)
    group.command("show")(show)
    group.command("replay")(replay)


@clustered
async def tail(
    session: Session,
    *,
    workflow: WorkflowId = None,
    pattern: TypePattern = "*",
    since: Since = None,
    follow: Follow = True,
    form: OutputFormat = None,
) -> None:
    """Print events in the order of the log, as they come, until Ctrl-C.

    They are read from Postgres, by their place in the log: each once, none left out, also when the
    connection is lost on the way. The stream in NATS keeps only so many. With -o json each event
    is one line.
    """
    from venture_cli.domain.eventfilter import EventFilter
    from venture_cli.services.events import Tail
    from venture_cli.views.events import EventLines, print_lost

    reader = Tail(
        session,
        EventFilter(workflow, pattern),
        since=since_moment(since),
        on_event=EventLines(form).show,
        on_lost=print_lost,
    )
    await reader.run(follow=follow)


@clustered
async def show(session: Session, event: EventId, *, form: OutputFormat = None) -> None:
    """Show one event: what it says, its place in the log, and what covers it."""
    from venture_cli.services.events import get_event
    from venture_cli.views.events import print_event

    print_event(*await get_event(session, event), form)


@clustered
async def replay(
    session: Session,
    *,
    anew: Annotated[
        bool,
        typer.Option(
            "--anew",
            help="Delete the stream first, and have it made anew from the first event on. "
            "Consumers get every event again, and recognise what they have handled.",
        ),
    ] = False,
    time_limit: TimeLimit = DEFAULT_TIMEOUT,
    form: OutputFormat = None,
) -> None:
    """Have the stream restored from Postgres, and wait until it holds every event of now.

    The relay publishes again what is missing at the stream's end, or all where the stream is gone;
    nobody else may publish. A hole in the middle takes --anew.
    """
    from venture_cli.services.stream import replay as restore
    from venture_cli.views.events import ReplayProgress, print_replayed

    limit = seconds(time_limit)
    with ReplayProgress() as progress:
        state = await restore(session, limit, progress.show, anew=anew)
    print_replayed(state, form)
