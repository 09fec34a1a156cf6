"""Reading the record as an auditor: events by their place in the log, or by their id."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from venture_core.events.chain import FIRST_SEQ, ChainError, event_hash
from venture_core.events.envelope import recorded_json
from venture_core.events.notes import NoteFormatError, NoteVerifier
from venture_core.messaging.subjects import subject_of

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    import asyncpg

# A filter narrows what is fetched of a stretch, never how far a stretch goes: the caller knows
# where the next one begins, whatever was in this one.
_STRETCH = """
SELECT l.log_index, l.seq, l.appended_at, l.workflow_id, l.event_hash AS logged,
  e.event_id, e.prev_event_hash, e.this_event_hash, e.canonical
FROM (SELECT * FROM record.log_index WHERE log_index >= $1 AND log_index < $2
        AND ($3::uuid IS NULL OR workflow_id = $3)) l
LEFT JOIN record.events e ON e.workflow_id = l.workflow_id AND e.seq = l.seq
  AND e.appended_at = l.appended_at
ORDER BY l.log_index
"""
_BY_ID = """
SELECT l.log_index, i.seq, i.appended_at, i.workflow_id, l.event_hash AS logged,
  i.event_id, e.prev_event_hash, e.this_event_hash, e.canonical
FROM record.event_ids i
LEFT JOIN record.events e ON e.workflow_id = i.workflow_id AND e.seq = i.seq
  AND e.appended_at = i.appended_at
LEFT JOIN record.log_index l ON l.appended_at = i.appended_at
  AND l.workflow_id = i.workflow_id AND l.seq = i.seq
WHERE i.event_id = $1
"""
_KEYS = "SELECT verifier FROM record.log_keys ORDER BY since"
_SIZE = "SELECT coalesce(max(log_index) + 1, 0) FROM record.log_index"
# OFFSET 0 keeps the planner from walking the primary key: the index by time finds the few rows.
_SINCE = """
SELECT min(log_index) FROM (
  SELECT log_index FROM record.log_index WHERE appended_at >= $1 OFFSET 0
) later
"""
_BEGAN = "SELECT min(appended_at) FROM record.events WHERE workflow_id = $1"
_LAST_OF_WORKFLOW = """
SELECT max(log_index) FROM (
  SELECT log_index FROM record.log_index WHERE log_index >= $1 AND workflow_id = $2 OFFSET 0
) its
"""
_UNLOGGED = """
SELECT e.event_id FROM record.events e
WHERE NOT EXISTS (SELECT FROM record.log_index l WHERE l.workflow_id = e.workflow_id
    AND l.seq = e.seq AND l.appended_at = e.appended_at)
  AND NOT EXISTS (SELECT FROM record.unsequenced u, unnest(u.workflow_ids, u.seqs) q(workflow, seq)
    WHERE q.workflow = e.workflow_id AND q.seq = e.seq AND u.appended_at = e.appended_at)
ORDER BY e.appended_at LIMIT $1
"""
_NEWEST = "SELECT note FROM record.checkpoints ORDER BY size DESC LIMIT 1"
_COVERING = "SELECT note FROM record.checkpoints WHERE size > $1 ORDER BY size LIMIT 1"

STRETCH: Final = 2000
"""How many places of the log are read at once."""
MAX_UNLOGGED: Final = 100
SCAN_SECONDS: Final = 3600.0
"""How long a look at the whole log may take."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event as the database holds it, right or wrong."""

    log_index: int | None
    """Its place in the log; None while it has none yet."""
    seq: int
    """Its number within its workflow."""
    workflow_id: UUID
    appended_at: datetime
    logged: bytes | None
    """The hash that the log holds at its place."""
    event_id: UUID | None
    prev: bytes | None
    hash: bytes | None
    canonical: bytes | None
    """Its bytes; None where the database has them no longer: archived, or taken away."""

    @property
    def is_sound(self) -> bool:
        """Whether its bytes have the hash that stands beside them and in the log."""
        if self.canonical is None or self.hash is None:
            return False
        try:
            right = event_hash(self.prev, self.seq, self.canonical) == self.hash
        except ChainError:
            return False
        return right and self.logged in {None, self.hash}

    @property
    def event_type(self) -> str:
        """Its type, the empty text where it has no readable bytes."""
        try:
            return subject_of(self.canonical or b"")
        except ValueError:
            return ""

    def envelope(self) -> bytes:
        """Return the whole envelope as JSON, as consumers receive it; ValueError without bytes."""
        if self.canonical is None or self.hash is None:
            raise ValueError(f"the record does not hold the event at log index {self.log_index}")
        prev = self.prev if self.seq > FIRST_SEQ else None
        return recorded_json(self.canonical, seq=self.seq, prev=prev, this=self.hash)


async def log_size(connection: asyncpg.Connection) -> int:
    """Return how many events are in the log: one more than the last log index."""
    size: int = await connection.fetchval(_SIZE)
    return size


async def log_keys(connection: asyncpg.Connection) -> list[NoteVerifier]:
    """Return the keys with which the log claims to sign, oldest first.

    They prove nothing: a verifier brings keys of its own. A row that is no key is left out.
    """
    keys = []
    for row in await connection.fetch(_KEYS):
        try:
            keys.append(NoteVerifier.parse(row["verifier"]))
        except NoteFormatError as error:
            log.warning(
                "a key of the log cannot be read", verifier=row["verifier"], error=str(error)
            )
    return keys


async def index_since(connection: asyncpg.Connection, moment: datetime) -> int | None:
    """Return the first log index of all events appended at or after a moment; None without one."""
    index: int | None = await connection.fetchval(_SINCE, moment)
    return index


async def index_of_workflow(connection: asyncpg.Connection, workflow_id: UUID) -> int | None:
    """Return a log index before which there is no event of the workflow; None without events."""
    began = await connection.fetchval(_BEGAN, workflow_id)
    return None if began is None else await index_since(connection, began)


async def stretch_of_workflow(
    connection: asyncpg.Connection, workflow_id: UUID
) -> tuple[int, int] | None:
    """Return log indexes between which, both included, all logged events of a workflow are.

    None where there are none.
    """
    first = await index_of_workflow(connection, workflow_id)
    if first is None:
        return None
    last = await connection.fetchval(_LAST_OF_WORKFLOW, first, workflow_id, timeout=SCAN_SECONDS)
    return None if last is None else (first, last)


async def unlogged_events(connection: asyncpg.Connection) -> list[UUID]:
    """Return events in the database that never came into the log: somebody put them there.

    At most MAX_UNLOGGED of them. An event that waits for the sequencer is none: the one statement
    sees it either waiting or in the log.
    """
    rows = await connection.fetch(_UNLOGGED, MAX_UNLOGGED, timeout=SCAN_SECONDS)
    return [row["event_id"] for row in rows]


async def read_stretch(
    connection: asyncpg.Connection, first: int, end: int, *, workflow_id: UUID | None = None
) -> list[RecordedEvent]:
    """Return the events at log indexes `first` to `end` (exclusive), of one workflow or of all."""
    rows = await connection.fetch(_STRETCH, first, end, workflow_id)
    return [recorded(row) for row in rows]


async def find_event(connection: asyncpg.Connection, event_id: UUID) -> RecordedEvent | None:
    """Return an event by its id, None where there is none."""
    row = await connection.fetchrow(_BY_ID, event_id)
    return None if row is None else recorded(row)


async def covering_checkpoint(connection: asyncpg.Connection, log_index: int) -> str | None:
    """Return the first signed checkpoint of a log that held this place; None while there is none.

    The signature is not verified.
    """
    note: str | None = await connection.fetchval(_COVERING, log_index)
    return note


async def newest_checkpoint(connection: asyncpg.Connection) -> str | None:
    """Return the newest signed checkpoint; None while there is none. It is not verified."""
    note: str | None = await connection.fetchval(_NEWEST)
    return note


def recorded(row: asyncpg.Record) -> RecordedEvent:
    """Return the event of a row that has all of these columns."""
    return RecordedEvent(
        log_index=row["log_index"],
        seq=row["seq"],
        workflow_id=row["workflow_id"],
        appended_at=row["appended_at"],
        logged=row["logged"],
        event_id=row["event_id"],
        prev=row["prev_event_hash"],
        hash=row["this_event_hash"],
        canonical=row["canonical"],
    )
