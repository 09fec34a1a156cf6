"""The projector: a consumer of the stream that keeps the read models level with the log.

A delivery says that the log has come at least so far. The projector then takes every event from
its own position on out of the record, in the log's order, and writes rows and position in one
transaction. So nothing is shown twice or in disorder, whatever the broker delivers again, late or
not at all, and any number of projectors may run: the position's row lets one at a time.
"""

from typing import TYPE_CHECKING, Any, Final

import structlog
from pydantic import ValidationError
from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    wait_random_exponential,
)

from venture_core.events.chain import event_hash
from venture_core.events.envelope import EventEnvelopeV1
from venture_core.events.registry import EventRefusedError, UnknownEventTypeError
from venture_core.events.types import REGISTRY
from venture_core.record import metrics
from venture_core.record.database import Role, connect
from venture_core.record.failures import judge
from venture_core.record.projection.models import Position, SkippedEvent
from venture_core.record.projection.readmodels import READ_MODELS
from venture_core.record.projection.rows import Logged

if TYPE_CHECKING:
    from uuid import UUID

    from pydantic import SecretStr
    from sqlalchemy import Row

    from venture_core.messaging.delivery import Delivery

NAME: Final = "projector"
BATCH_EVENTS: Final = 500
MAX_PROBLEM: Final = 1000

_READ = text("""
SELECT l.log_index, l.seq, l.workflow_id, l.event_hash, e.event_id, e.prev_event_hash, e.canonical
FROM (
  SELECT * FROM record.log_index WHERE log_index >= :first ORDER BY log_index LIMIT :count
) l
LEFT JOIN record.events e ON e.workflow_id = l.workflow_id AND e.seq = l.seq
  AND e.appended_at = l.appended_at
ORDER BY l.log_index
""")
_ARCHIVED = text("SELECT partition FROM record.archives ORDER BY partition")
_SIZE = text("SELECT coalesce(max(log_index) + 1, 0) FROM record.log_index")

log = structlog.get_logger(__name__)


class RecordIncompleteError(Exception):
    """Events of the log are not in the record: archived, or not there yet."""


def projection_engine(url: SecretStr) -> AsyncEngine:
    """Return an engine whose connections act as the projector. The caller disposes of it."""
    return create_async_engine(
        "postgresql+asyncpg://",
        async_creator=lambda: connect(url, Role.PROJECTOR, name=NAME),
        pool_size=2,
        pool_pre_ping=True,
    )


class Projector:
    """Keeps the read models."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._sessions = async_sessionmaker(engine, expire_on_commit=False)
        self._shown = 0

    async def handle(self, delivery: Delivery) -> None:
        """Show the log up to this event at least; the handler of an `EventConsumer`.

        Waits for the database and its schema, however long they take.
        """
        patiently = AsyncRetrying(
            retry=retry_if_exception(_is_the_database_s),
            wait=wait_random_exponential(multiplier=0.2, max=5),
            before_sleep=_report,
        )
        while self._shown <= delivery.log_index:
            if not await patiently(self.advance):
                raise RecordIncompleteError(f"the log has no event {delivery.log_index} yet")

    def forget(self) -> None:
        """Ask the database again how far the read models are: it may have been restored."""
        self._shown = 0

    async def catch_up(self) -> int:
        """Show everything that the log holds; return how many events it took."""
        total = 0
        while taken := await self.advance():
            total += taken
        return total

    async def rebuild(self) -> int:
        """Empty the read models and fill them again; return from how many events.

        Readers see the old rows until then: it is one transaction. Raises RecordIncompleteError,
        and changes nothing, where months of events are archived.
        """
        total = 0
        async with self._sessions.begin() as session:
            position = await _lock_position(session)
            await _refuse_without_archived(session)
            for model in READ_MODELS:
                await session.execute(delete(model.row))
            await session.execute(delete(SkippedEvent))
            position.next_log_index = 0
            while taken := await _take_batch(session, position):
                total += taken
                await session.flush()
                session.expunge_all()
                session.add(position)
        self._shown = position.next_log_index
        return total

    async def advance(self) -> int:
        """Show the next batch of the log; return how many events that were."""
        async with self._sessions.begin() as session:
            position = await _lock_position(session)
            taken = await _take_batch(session, position)
            size = (await session.execute(_SIZE)).scalar_one()
        self._shown = position.next_log_index
        metrics.PROJECTED.inc(taken)
        metrics.PROJECTION_LAG_EVENTS.set(size - self._shown)
        return taken


async def _lock_position(session: AsyncSession) -> Position:
    await session.execute(
        insert(Position).values(name=NAME, next_log_index=0).on_conflict_do_nothing()
    )
    return (
        await session.scalars(select(Position).where(Position.name == NAME).with_for_update())
    ).one()


async def _refuse_without_archived(session: AsyncSession) -> None:
    archived = list((await session.scalars(_ARCHIVED)).all())
    if archived:
        raise RecordIncompleteError(
            f"{', '.join(archived)} are archived: what the read models show of them could not be "
            "made again, so they stay as they are"
        )


async def _take_batch(session: AsyncSession, position: Position) -> int:
    """Apply the events after the position to the rows of this session."""
    parameters = {"first": position.next_log_index, "count": BATCH_EVENTS}
    found = (await session.execute(_READ, parameters)).all()
    position.next_log_index += len(found)
    entries = [_read_entry(row) for row in found]
    session.add_all(each for each in entries if isinstance(each, SkippedEvent))
    events = [(_payload(each), each) for each in entries if isinstance(each, Logged)]
    for model in READ_MODELS:
        await model.apply(session, events)
    for payload, logged in events:
        if isinstance(payload, str):
            event = logged.event
            session.add(_skipped(logged.log_index, event.event_id, event.event_type, payload))
    return len(found)


def _read_entry(row: Row[Any]) -> Logged | SkippedEvent:
    """Return the event of an entry of the log; where nobody can read it, that it is skipped.

    What an attacker or an older version left in the record must not hold back all that follows.
    """
    if row.canonical is None:
        return _skipped(row.log_index, row.event_id, "", "its bytes are not in the record")
    try:
        event = EventEnvelopeV1.model_validate_json(row.canonical)
        problem = _problem(event, row)
    except ValueError as error:
        return _skipped(row.log_index, row.event_id, "", f"its bytes are no event: {error}")
    if problem is not None:
        return _skipped(row.log_index, row.event_id, event.event_type, problem)
    return Logged(event, row.seq, row.log_index)


def _problem(event: EventEnvelopeV1, row: Row[Any]) -> str | None:
    """Say what the bytes of an entry contradict, if anything."""
    if event.seq is not None or event.canonical_bytes() != row.canonical:
        return "its bytes are not in canonical form"
    if (event.event_id, event.workflow_id) != (row.event_id, row.workflow_id):
        return f"its bytes name event {event.event_id} of workflow {event.workflow_id}"
    if event_hash(row.prev_event_hash, row.seq, row.canonical) != row.event_hash:
        return "its bytes are not those that were logged"
    return None


def _payload(logged: Logged) -> object:
    """Return the event's payload, or what is wrong with it."""
    try:
        return REGISTRY.check(logged.event)
    except (UnknownEventTypeError, EventRefusedError, ValidationError) as error:
        return str(error)


def _is_the_database_s(error: BaseException) -> bool:
    return isinstance(error, DBAPIError) or judge(error) is not None


def _report(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    log.warning("the read models wait for the database", error=repr(error))


def _skipped(log_index: int, event_id: UUID | None, event_type: str, problem: str) -> SkippedEvent:
    log.error("an event cannot be shown", log_index=log_index, problem=problem)
    metrics.PROJECTION_SKIPPED.inc()
    return SkippedEvent(
        log_index=log_index,
        event_id=event_id,
        event_type=event_type,
        problem=problem[:MAX_PROBLEM].replace("\0", "\N{REPLACEMENT CHARACTER}"),
    )
