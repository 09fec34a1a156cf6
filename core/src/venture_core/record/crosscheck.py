"""Comparing what the database holds twice, or holds beside the log.

No hash covers the columns by which events are found, and no bundle has a place for an event that
the log does not know: whoever changes the one or inserts the other is noticed here, and only here.
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
SCAN_SECONDS: Final = 3600.0
"""How long the search for events that the log does not know may take."""

_BATCH: Final = 500
_EVENT_ID: Final = b'"event_id":"'
_UUID_CHARACTERS: Final = 36

# An append waits in `unsequenced` until its events are in the log: a snapshot has them in either.
_UNLOGGED: Final = """
SELECT e.event_id, e.workflow_id, e.seq, count(*) OVER () AS total
FROM record.events e
WHERE NOT EXISTS (
    SELECT FROM record.log_index l
    WHERE l.workflow_id = e.workflow_id AND l.seq = e.seq AND l.appended_at = e.appended_at)
  AND NOT EXISTS (
    SELECT FROM record.unsequenced u, unnest(u.workflow_ids, u.seqs) AS queued(workflow_id, seq)
    WHERE queued.workflow_id = e.workflow_id AND queued.seq = e.seq
      AND u.appended_at = e.appended_at)
ORDER BY e.appended_at, e.workflow_id, e.seq LIMIT $1
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in the database that contradicts the log."""

    message: str
    """What is wrong, in a sentence that stands without the other fields."""
    log_index: int | None
    """The event's place in the log; None where it has none."""
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
    """Compare the whole log with the events, in one snapshot and with constant memory.

    Needs the role venture_auditor. A caller that exports in the same transaction, of isolation
    repeatable read, compares what it exports. Events that are missing are the business of a
    bundle's verifier. `progress` is told how many entries are done of how many. Raises the
    driver's errors.
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
        unlogged = await connection.fetch(_UNLOGGED, MAX_NAMED, timeout=SCAN_SECONDS)
    count += unlogged[0]["total"] if unlogged else 0
    faults += [_unlogged(row) for row in unlogged[: MAX_NAMED - len(faults)]]
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


def _unlogged(row: asyncpg.Record) -> Fault:
    return Fault(
        f"event {row['seq']} of workflow {row['workflow_id']} ({row['event_id']}) is not in the "
        "log: it was inserted without being logged",
        None,
        row["event_id"],
        row["workflow_id"],
        row["seq"],
    )


def _event_id_of(canonical: bytes) -> str | None:
    """Return the event's id from its bytes, where it stands before anything that may repeat it."""
    start = canonical.find(_EVENT_ID)
    if start < 0:
        return None
    start += len(_EVENT_ID)
    return canonical[start : start + _UUID_CHARACTERS].decode(errors="replace")
