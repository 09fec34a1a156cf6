"""Appending events: one call of the database's function, and what its answer means."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import asyncpg

from venture_core.events.types import REGISTRY
from venture_core.record.failures import may_pass

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from venture_core.events.envelope import EventEnvelopeV1
    from venture_core.events.registry import Registry

MAX_EVENTS_PER_CALL: Final = 500
"""More in one call gains nothing and makes everybody in it wait longer."""

STALE_EPOCH: Final = "VE001"
"""The SQLSTATE by which the database refuses a writer whose epoch is over."""

OTHER_CONTENT: Final = "VE002"
"""The SQLSTATE by which the database refuses an id that comes again with other content."""

_APPEND = "SELECT * FROM record.venture_append_events($1, $2, $3, $4, $5)"
_FENCE = "SELECT record.venture_fence_writer($1, $2)"


class AppendError(Exception):
    """The database could not be reached in time: whether the event is recorded is unknown.

    Appending the same event again is safe, and tells.
    """


class AppendRefusedError(AppendError):
    """The database refused the event: it is not recorded, and trying again changes nothing."""


class StaleEpochError(AppendRefusedError):
    """Another process has taken over as this writer."""


class OtherContentError(AppendRefusedError):
    """An event of this id is recorded, and says something else or belongs to another workflow."""


@dataclass(frozen=True, slots=True)
class Fence:
    """Under which epoch a writer appends; a later epoch of the same writer ends it."""

    writer: str
    epoch: int


class Appended(NamedTuple):
    """Where in its workflow's chain an event stands."""

    event_id: UUID
    seq: int
    prev_event_hash: bytes | None
    this_event_hash: bytes | None
    """Both hashes are None for a repeated event that has been archived meanwhile."""
    is_new: bool
    """False where the event had been appended before; then this is the first append's answer."""


class Canonical(NamedTuple):
    """An event as the database takes it."""

    event_id: UUID
    workflow_id: UUID
    data: bytes


def canonicalize(event: EventEnvelopeV1, registry: Registry = REGISTRY) -> Canonical:
    """Check an event against its type and return the bytes to record.

    Raises UnknownEventTypeError, EventRefusedError, EventTooLargeError, CanonicalJsonError, and
    ValueError for an event that has a place in a chain already.
    """
    if event.seq is not None:
        raise ValueError(f"event {event.event_id} was appended already, as number {event.seq}")
    registry.check(event)
    return Canonical(event.event_id, event.workflow_id, event.canonical_bytes())


async def begin_epoch(connection: asyncpg.Connection, fence: Fence) -> None:
    """End all older epochs of the writer; raises StaleEpochError where a newer one has begun."""
    try:
        await connection.execute(_FENCE, fence.writer, fence.epoch)
    except asyncpg.PostgresError as error:
        if may_pass(error):
            raise
        raise refusal(error) from error


async def append_call(
    connection: asyncpg.Connection, events: Sequence[Canonical], fence: Fence | None
) -> dict[UUID, Appended]:
    """Append in one call, in this order; raises the driver's errors."""
    rows = await connection.fetch(
        _APPEND,
        [event.event_id for event in events],
        [event.workflow_id for event in events],
        [event.data for event in events],
        None if fence is None else fence.writer,
        None if fence is None else fence.epoch,
    )
    return {row[0]: Appended(*row) for row in rows}


async def append_in_transaction(
    connection: asyncpg.Connection,
    events: Iterable[EventEnvelopeV1],
    *,
    fence: Fence | None = None,
    registry: Registry = REGISTRY,
) -> list[Appended]:
    """Append events as part of the caller's transaction, with the state change they report.

    They are recorded if and when that transaction commits. Until then their workflows' chains are
    locked for everybody else: append last, and once per transaction (two appends in one
    transaction may deadlock with another that takes the same workflows in another order).
    Raises AppendRefusedError, StaleEpochError, OtherContentError, what `canonicalize` raises, and
    the driver's errors, after any of which the transaction can only be rolled back.
    """
    if not connection.is_in_transaction():
        raise ValueError("there is no transaction to join: begin one, or use EventProducer")
    canonical = [canonicalize(event, registry) for event in events]
    if not canonical:
        return []
    try:
        appended = await append_call(connection, canonical, fence)
    except asyncpg.PostgresError as error:
        if may_pass(error):
            raise
        raise refusal(error) from error
    return [appended[event.event_id] for event in canonical]


def refusal(error: asyncpg.PostgresError) -> AppendRefusedError:
    """Translate the database's refusal."""
    kinds = {STALE_EPOCH: StaleEpochError, OTHER_CONTENT: OtherContentError}
    kind = kinds.get(error.sqlstate or "", AppendRefusedError)
    return kind(str(error))
