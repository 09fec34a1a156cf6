"""Comparing what the database holds twice, and what a bundle has no place for.

No hash covers the columns by which events are found, and a bundle of a long log takes only some of
its checkpoints along: whoever changes the others is noticed here, and only here.
"""

import asyncio
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Final

from venture_core.events.checkpoint import CheckpointError, open_checkpoint
from venture_core.events.envelope import workflow_of
from venture_core.events.merkle import Frontier, leaf_hash
from venture_core.events.notes import NoteFormatError, NoteSignatureError
from venture_core.record.reading import log_keys, log_size, read_stretch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    import asyncpg

    from venture_core.events.notes import NoteVerifier
    from venture_core.record.reading import RecordedEvent

MAX_NAMED: Final = 100
"""How many faults are named; all are counted."""

_BATCH: Final = 500
_EVENT_ID: Final = b'"event_id":"'
_UUID_CHARACTERS: Final = 36
_CHECKPOINTS: Final = """
SELECT size, root, note FROM record.checkpoints WHERE size > $1 AND size <= $2
ORDER BY size LIMIT $3
"""
_LARGEST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Fault:
    """A column that contradicts the event's bytes, or a checkpoint that contradicts the log."""

    message: str
    """What is wrong, in a sentence that stands without the other fields."""
    log_index: int | None
    """The event's place in the log, or that of the last event which a checkpoint covers."""
    event_id: UUID | None = None
    workflow_id: UUID | None = None
    seq: int | None = None


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
    """Compare the ids of every event, and every checkpoint with the log it was signed for.

    All in one snapshot and with constant memory. A checkpoint has to be signed by a key that the
    database lists; whether such a key is to be trusted, the bundle's verifier decides.

    Needs the role venture_auditor. A caller that exports in the same transaction, of isolation
    repeatable read, compares what it exports. What is missing is the business of a bundle's
    verifier, what was never logged that of `reading.unlogged_events`. `progress` is told how many
    entries are done of how many. Raises the driver's errors.
    """
    faults: list[Fault] = []
    count = 0
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        size = await log_size(connection)
        tree = _Tree(await log_keys(connection))
        for low in range(0, size, _BATCH):
            high = min(low + _BATCH, size)
            events = await read_stretch(connection, low, high)
            signed = await connection.fetch(_CHECKPOINTS, low, high, _BATCH)
            found = await asyncio.to_thread(tree.contradictions, high - low, events, signed)
            found = [*chain.from_iterable(map(_contradictions, events)), *found]
            count += len(found)
            faults += found[: MAX_NAMED - len(faults)]
            progress(high, size)
        beyond = await connection.fetch(_CHECKPOINTS, size, _LARGEST, MAX_NAMED)
    found = [_beyond(row["size"], size) for row in beyond]
    return CrossCheck(size, tuple([*faults, *found][:MAX_NAMED]), count + len(found))


class _Tree:
    """The log's Merkle tree as far as it was read, with which its checkpoints are compared."""

    def __init__(self, keys: Sequence[NoteVerifier]) -> None:
        self._keys = keys
        self._frontier = Frontier()
        self._is_whole = True

    def contradictions(
        self, count: int, events: Sequence[RecordedEvent], signed: Sequence[asyncpg.Record]
    ) -> list[Fault]:
        """Read the next `count` places of the log and the checkpoints signed within them."""
        leaves = [leaf_hash(each.logged) for each in events if each.logged is not None]
        # Behind a hole no root is known; what is missing there, the bundle's verifier names.
        self._is_whole = self._is_whole and len(leaves) == count
        faults: list[Fault] = []
        done = 0
        for row in signed:
            if self._is_whole:
                end = row["size"] - (self._frontier.size - done)
                self._frontier.extend(leaves[done:end])
                done = end
            problem = self._problem(row)
            if problem is not None:
                faults.append(_bad_checkpoint(row["size"], problem))
        if self._is_whole:
            self._frontier.extend(leaves[done:])
        return faults

    def _problem(self, row: asyncpg.Record) -> str | None:
        """Say what is wrong with a checkpoint, if anything."""
        try:
            checkpoint = open_checkpoint(row["note"].encode(), self._keys)
        except (NoteFormatError, NoteSignatureError, CheckpointError) as error:
            return str(error)
        if (checkpoint.size, checkpoint.root) != (row["size"], row["root"]):
            return "its columns are not what was signed"
        if self._is_whole and checkpoint.root != self._frontier.root():
            return "the log's events up to there have another root than the one that was signed"
        return None


def _bad_checkpoint(size: int, problem: str) -> Fault:
    return Fault(f"the checkpoint of {size} entries: {problem}", size - 1)


def _beyond(size: int, log_entries: int) -> Fault:
    return _bad_checkpoint(size, f"the log has {log_entries} entries and never had more")


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
