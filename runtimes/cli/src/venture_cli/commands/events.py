"""venture events tail, show, replay: the record of what happened, as it happens."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from venture_cli.domain.artifact import ARTIFACT
from venture_cli.options import (
    DEFAULT_TIMEOUT,
    EventId,
    OutputFormat,
    TimeLimit,
    WorkflowId,
    checked_name,
    clustered,
    seconds,
)

if TYPE_CHECKING:
    from venture_cli.services.session import Session

BuildName = Annotated[
    str | None,
    typer.Option(
        "--build",
        parser=checked_name(ARTIFACT),
        metavar="NAME",
        help="Only the events of this ArtifactBuild.",
    ),
]
TypePattern = Annotated[
    str,
    typer.Option(
        "--type", metavar="PATTERN", help="Only events of these types, such as 'artifact.build.*'."
    ),
]
Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="TIME",
        help="Begin there: 5m, 2h, 7d ago, or a moment such as 2026-11-23T08:00:00Z. "
        "Default: the first event of a workflow or build, else now.",
    ),
]
Follow = Annotated[
    bool, typer.Option("--follow/--no-follow", help="Go on with the events to come.")
]


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
    build: BuildName = None,
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
    from venture_cli.domain.eventfilter import EventFilter, parse_since
    from venture_cli.services.events import Tail
    from venture_cli.services.objects import get_object
    from venture_cli.views.events import EventLines, print_lost

    if workflow is not None and build is not None:
        raise typer.BadParameter("either --workflow or --build", param_hint="--build")
    try:
        moment = None if since is None else parse_since(since, datetime.now(UTC))
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--since") from None
    if build is not None:
        # A build outside workflows is its own: the events have its uid.
        client, namespace = await session.place()
        body = await get_object(client, ARTIFACT, namespace, build)
        workflow = UUID(body["metadata"]["uid"])
    reader = Tail(
        session,
        EventFilter(workflow, pattern),
        since=moment,
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
