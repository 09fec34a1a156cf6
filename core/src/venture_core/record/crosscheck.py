"""Comparing what the database holds twice: an event's ids as columns, and as part of its bytes.

No hash covers the columns by which events are found, and no bundle has a place for them: whoever
changes them is noticed here, and only here.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from venture_core.events.envelope import workflow_of
from venture_core.record.reading import log_size, read_stretch

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    import asyncpg

    from venture_core.record.reading import RecordedEvent

MAX_NAMED: Final = 100
"""How many faults are named; all are counted."""

_BATCH: Final = 500
_EVENT_ID: Final = b'"event_id":"'
_UUID_CHARACTERS: Final = 36


@dataclass(frozen=True, slots=True)
class Fault:
    """A column that contradicts the event's bytes."""

    message: str
    """What is wrong, in a sentence that stands without the other fields."""
    log_index: int | None
    """The event's place in the log."""
    event_id: UUID | None
    workflow_id: UUID
    seq: int


@dataclass(frozen=True, slots=True)
class CrossCheck:
    """What a comparison found."""

    entries: int
    """How many entries of the log were compared."""
    faults: tuple[Fault, ...]
    """The first MAX_NAMED faults."""
    fault_count: int
    """All faults."""


async def crosscheck(
    connection: asyncpg.Connection,
    *,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> CrossCheck:
    """Compare the ids of every event in the log, in one snapshot and with constant memory.

    Needs the role venture_auditor. A caller that exports in the same transaction, of isolation
    repeatable read, compares what it exports. What is missing is the business of a bundle's
    verifier, what was never logged that of `reading.unlogged_events`. `progress` is told how many
    entries are done of how many. Raises the driver's errors.
    """
    faults: list[Fault] = []
    count = 0
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        size = await log_size(connection)
        for low in range(0, size, _BATCH):
            high = min(low + _BATCH, size)
            for event in await read_stretch(connection, low, high):
                found = _contradictions(event)
                count += len(found)
                faults += found[: MAX_NAMED - len(faults)]
            progress(high, size)
    return CrossCheck(size, tuple(faults), count)


def _contradictions(event: RecordedEvent) -> list[Fault]:
    """Compare the columns of an event with the bytes that say the same."""
    if event.canonical is None:
        return []
    pairs = (
        ("event_id", event.event_id, _event_id_of(event.canonical)),
        ("workflow_id", event.workflow_id, workflow_of(event.canonical)),
    )
    return [
        Fault(
            f"log index {event.log_index}: the column {column} is {stored}, but the event's bytes "
            f"say {said}",
            event.log_index,
            event.event_id,
            event.workflow_id,
            event.seq,
        )
        for column, stored, said in pairs
        if said != str(stored)
    ]


def _event_id_of(canonical: bytes) -> str | None:
    """Return the event's id from its bytes, where it stands before anything that may repeat it."""
    start = canonical.find(_EVENT_ID)
    if start < 0:
        return None
    start += len(_EVENT_ID)
    return canonical[start : start + _UUID_CHARACTERS].decode(errors="replace")
