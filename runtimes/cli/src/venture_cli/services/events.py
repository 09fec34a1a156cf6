"""Reading the record's events: one, or all as they come, through lost connections."""

import asyncio
from typing import TYPE_CHECKING, Final

from tenacity import AsyncRetrying, retry_if_exception, wait_random_exponential
from venture_core.kubernetes.errors import KubernetesError
from venture_core.record.database import LOG_CHANNEL, Role, connect
from venture_core.record.failures import may_pass
from venture_core.record.reading import (
    STRETCH,
    covering_checkpoint,
    find_event,
    index_of_workflow,
    index_since,
    log_size,
    read_stretch,
)

from venture_cli.errors import CliError, ExitCode
from venture_cli.services.recordendpoints import Endpoint

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime
    from uuid import UUID

    import asyncpg
    from tenacity import RetryCallState
    from venture_core.record.reading import RecordedEvent

    from venture_cli.domain.eventfilter import EventFilter
    from venture_cli.services.session import Session

NAME: Final = "venture-cli"
LOOK_SECONDS: Final = 1.0
"""How often the log is looked at where no notification came: one may be lost with a connection."""
LONGEST_PAUSE_SECONDS: Final = 5.0


async def open_record(session: Session) -> asyncpg.Connection:
    """Connect to the record as an auditor, who may read and nothing else."""
    return await connect(await session.record_url(Endpoint.POSTGRES), Role.AUDITOR, name=NAME)


async def get_event(session: Session, event_id: UUID) -> tuple[RecordedEvent, str | None]:
    """Return an event, and the first checkpoint that covers it. CliError where there is none."""
    connection = await open_record(session)
    try:
        event = await find_event(connection, event_id)
        if event is None:
            raise CliError(f"there is no event {event_id} in the record", ExitCode.NOT_FOUND)
        if event.log_index is None:
            return event, None
        return event, await covering_checkpoint(connection, event.log_index)
    finally:
        await connection.close()


class Tail:
    """Gives the log's events in its order, each once, from Postgres.

    The log index says where it goes on after a lost connection. The stream could not: it keeps only
    so many events, and may be lost and made anew.
    """

    def __init__(
        self,
        session: Session,
        wanted: EventFilter,
        *,
        since: datetime | None,
        on_event: Callable[[RecordedEvent], None],
        on_lost: Callable[[BaseException], None],
    ) -> None:
        self._session = session
        self._wanted = wanted
        self._since = since
        self._on_event = on_event
        self._on_lost = on_lost
        self._next: int | None = None

    async def run(self, *, follow: bool) -> None:
        """Give the events that are there, and with `follow` those that come, without end.

        Raises what the first connection raises; later ones are tried again.
        """
        await self._read(follow=False)
        attempts = AsyncRetrying(
            retry=retry_if_exception(
                lambda error: isinstance(error, KubernetesError) or may_pass(error)
            ),
            wait=wait_random_exponential(multiplier=0.2, max=LONGEST_PAUSE_SECONDS),
            before_sleep=self._report,
            reraise=True,
        )
        if follow:
            await attempts(self._read, follow=True)

    async def _read(self, *, follow: bool) -> None:
        """Read over one connection, until the end of the log or the connection's."""
        connection = await open_record(self._session)
        try:
            grown = asyncio.Event()
            await connection.add_listener(LOG_CHANNEL, lambda *_: grown.set())
            if self._next is None:
                self._next = await self._start(connection)
            while True:
                grown.clear()
                self._next = await self._give(connection, self._next)
                if not follow:
                    return
                await _wait(grown)
        finally:
            connection.terminate()

    async def _start(self, connection: asyncpg.Connection) -> int:
        """Find where to begin: the given moment, the workflow's first event, else the end."""
        size = await log_size(connection)
        if self._since is not None:
            index = await index_since(connection, self._since)
        elif self._wanted.workflow_id is not None:
            index = await index_of_workflow(connection, self._wanted.workflow_id)
        else:
            return size
        return size if index is None else index

    async def _give(self, connection: asyncpg.Connection, first: int) -> int:
        """Give the events from `first` to the end of the log; return where that is."""
        size = await log_size(connection)
        async for event in _events(connection, first, size, self._wanted):
            self._on_event(event)
            # What was given is not given again, wherever the connection breaks.
            self._next = (event.log_index or 0) + 1
        return max(first, size)

    def _report(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if error is not None:
            self._on_lost(error)


async def _events(
    connection: asyncpg.Connection, first: int, size: int, wanted: EventFilter
) -> AsyncIterator[RecordedEvent]:
    for start in range(first, size, STRETCH):
        end = min(start + STRETCH, size)
        for event in await read_stretch(connection, start, end, workflow_id=wanted.workflow_id):
            if wanted.takes_type(event.event_type):
                yield event


async def _wait(grown: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            await grown.wait()
    except TimeoutError:
        return
