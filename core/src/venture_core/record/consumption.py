"""The record as one consumer sees it, in Postgres (`venture_core.messaging.recorded`)."""

import asyncio
from typing import TYPE_CHECKING, Final

import structlog
from pydantic import ValidationError
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    wait_random_exponential,
)

from venture_core.events.envelope import EventEnvelopeV1
from venture_core.messaging.delivery import Delivery
from venture_core.messaging.recorded import Look, Stretch
from venture_core.record.database import Role, connect
from venture_core.record.failures import ends_connection, judge
from venture_core.record.outgoing import UnreadableEventError, read_log
from venture_core.record.states import STATE, read_state

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from types import TracebackType
    from typing import Self

    import asyncpg
    from pydantic import SecretStr

    from venture_core.record.outgoing import Outgoing

_KNOWN = """
SELECT l.log_index, encode(l.event_hash, 'hex') AS hash
FROM unnest($1::bigint[], $2::bytea[]) AS d(log_index, event_hash)
JOIN record.log_index l ON l.log_index = d.log_index AND l.event_hash = d.event_hash
"""
_POSITION = "SELECT next_log_index FROM record.consumer_positions WHERE consumer = $1"
_SETTLE = f"""
INSERT INTO record.consumer_positions AS known (consumer, next_log_index)
SELECT $1, $2 WHERE {STATE} = $3
ON CONFLICT (consumer) DO UPDATE
  SET next_log_index = excluded.next_log_index, moved_at = clock_timestamp()
  WHERE known.next_log_index < excluded.next_log_index
"""  # noqa: S608
LONGEST_PAUSE_SECONDS: Final = 5.0

log = structlog.get_logger(__name__)


class ConsumerRecord:
    """What one consumer asks of the record, over a connection of its own.

    Waits for the database and its schema, however long they take.
    """

    def __init__(self, url: SecretStr, consumer: str, *, role: Role = Role.PROJECTOR) -> None:
        """Speak for the consumer of this name, in a role that may read events."""
        self._url = url
        self._consumer = consumer
        self._role = role
        self._connection: asyncpg.Connection | None = None
        self._session = 0
        self._state = ""
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.reopen()

    def reopen(self) -> None:
        """Begin another session: the next question goes to whichever database is there then."""
        if self._connection is not None:
            self._connection.terminate()

    async def look(self, deliveries: Sequence[Delivery]) -> Look:
        """Compare deliveries with the record by place and hash."""
        indexes = [each.log_index for each in deliveries]
        hashes = [bytes.fromhex(each.event.this_event_hash or "") for each in deliveries]

        async def ask(connection: asyncpg.Connection) -> Look:
            known = await connection.fetch(_KNOWN, indexes, hashes)
            position = await connection.fetchval(_POSITION, self._consumer)
            found = {(row["log_index"], row["hash"]) for row in known}
            return Look(found, position or 0, self._session, self._state)

        return await self._patiently(ask)

    async def read(self, first: int, end: int) -> Stretch:
        """Return the events from log index `first` on, up to `end` (exclusive) at most."""

        async def ask(connection: asyncpg.Connection) -> Stretch:
            entries = await read_log(connection, first, end - first)
            deliveries = [each for each in map(_delivery, entries) if each is not None]
            return Stretch(deliveries, end, end - first - len(deliveries))

        return await self._patiently(ask)

    async def settle(self, next_log_index: int, *, session: int) -> None:
        """Remember that everything before this log index is settled; it never goes back.

        It does nothing on another session than the one that saw it, nor where another state of the
        database has taken the place of that one since.
        """

        async def tell(connection: asyncpg.Connection) -> None:
            # This may have waited while the database was away, and found another one.
            if self._session == session:
                await connection.execute(_SETTLE, self._consumer, next_log_index, self._state)

        await self._patiently(tell)

    async def _patiently[T](self, ask: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
        attempts = AsyncRetrying(
            retry=retry_if_exception(lambda error: judge(error) is not None),
            wait=wait_random_exponential(multiplier=0.2, max=LONGEST_PAUSE_SECONDS),
            before_sleep=_report,
        )
        async with self._turn:
            return await attempts(self._ask, ask)

    async def _ask[T](self, ask: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
        if self._connection is None or self._connection.is_closed():
            self._connection = await connect(self._url, self._role, name=self._consumer)
            self._session, self._state = self._session + 1, ""
        try:
            self._state = self._state or await read_state(self._connection)
            return await ask(self._connection)
        except BaseException as error:
            if ends_connection(error):
                self._connection.terminate()
            raise


def _delivery(entry: Outgoing) -> Delivery | None:
    """Return an entry of the log as the stream would have delivered it; None where it could not."""
    try:
        _, body = entry.message()
        event = EventEnvelopeV1.model_validate_json(body)
    except (UnreadableEventError, ValidationError) as error:
        log.error(  # noqa: TRY400 - what is wrong is with the event
            "an event of the log cannot be read", log_index=entry.log_index, problem=str(error)
        )
        return None
    return Delivery(event, entry.log_index, attempt=1)


def _report(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    log.warning("a consumer waits for the record", error=repr(error))
