"""Whether the log is still the one that was signed before: it is compared with its anchor.

The anchor's root must be the log's root when it had the anchor's size: Merkle trees of one root
hold the same leaves, so the log continues what was signed. A log that is shorter, or has another
root there, was restored, failed over with loss, or rewritten. It contradicts its anchor until
somebody has begun a new epoch of the log, which says what was lost (`record.recovery`).
"""

import asyncio
import base64
import time
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from venture_core.events.checkpoint import Checkpoint, CheckpointError, open_checkpoint
from venture_core.events.notes import NoteFormatError, NoteSignatureError, sign_note
from venture_core.objectstore import ObjectStoreError, ObjectTooLargeError
from venture_core.record.anchor import MAX_AGE_SECONDS, Anchor, AnchorUnavailableError
from venture_core.record.leader import StandStillError
from venture_core.record.lognodes import MissingNodeError, load_frontier
from venture_core.record.reading import log_keys, log_size

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    import asyncpg

    from venture_core.events.notes import NoteSigner, NoteVerifier
    from venture_core.objectstore import ObjectStore

HOURS: Final = 48
"""How many of the hourly checkpoints are asked up to where the log is the one that was signed."""

LOOK_SECONDS: Final = 5.0
"""How often a leader that does not keep the anchor compares the log with it."""

_RECOVERED = """
SELECT epoch FROM record.recoveries WHERE lost_size = $1 AND lost_root = $2
ORDER BY epoch DESC LIMIT 1
"""
_LOST: Final = """
SELECT EXISTS (SELECT FROM record.recoveries WHERE kept_size < $1 AND lost_size >= $1)
"""
RECOVERIES: Final = "SELECT coalesce(max(epoch), 0) FROM record.recoveries"
"""Asks for the log's epoch."""
_ALL_RECOVERIES = "SELECT epoch, kept_size, lost_size, lost_root FROM record.recoveries"
_CONTRADICTS = """
INSERT INTO record.contradictions (anchor_size, log_size, kept_size, anchor_root, anchor_note)
VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING
"""

log = structlog.get_logger(__name__)


class LogContradictionError(StandStillError):
    """The log is not the one that was signed before."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint that this process signed and saw committed."""

    checkpoint: Checkpoint
    note: bytes
    epoch: int
    """The log's epoch then."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What the comparison was made with."""

    anchor: Anchor
    found: bytes | None
    """The anchor as the store holds it."""
    epoch: int
    """The log's epoch: how many recoveries it has been through."""


class Continuity:
    """Compares the log with its anchor in the object store."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def check(
        self,
        connection: asyncpg.Connection,
        signed: Signed | None = None,
        *,
        with_hour: bool = True,
    ) -> Compared | None:
        """Compare, and with what this process itself signed last; None where no log has a key yet.

        `with_hour` also with the last hour's checkpoint: the newest may have been put back.

        Raises LogContradictionError, which is in `record.contradictions` then, and
        AnchorUnavailableError where the store does not answer.
        """
        keys = await log_keys(connection)
        if not keys:
            return None
        origin = keys[-1].name
        anchor = Anchor(self._store, origin)
        epoch: int = await connection.fetchval(RECOVERIES)
        try:
            found = await anchor.newest()
            if signed is not None and signed.epoch >= epoch:
                found = await _newer(anchor, found, signed, keys)
            if found is not None:
                newest = _open(found, keys, origin)
                await _compare(connection, anchor, newest, found, keys)
                if with_hour:
                    await _compare_hour(connection, anchor, newest, keys)
        except (ObjectStoreError, ObjectTooLargeError) as error:
            raise AnchorUnavailableError(f"the log cannot be compared: {error}") from error
        return Compared(anchor, found, epoch)


class AnchorWatch:
    """Compares the log with its anchor now and then, without waiting for the object store."""

    def __init__(self, continuity: Continuity) -> None:
        self._continuity = continuity
        self._compared: Compared | None = None
        self._reading: asyncio.Task[bytes | None] | None = None
        self._looked_at = self._read_at = float("-inf")

    async def begin(self, connection: asyncpg.Connection) -> None:
        """Compare, and wait for that; raises as `Continuity.check` does."""
        await self._compare(connection, with_hour=True)

    async def look(self, connection: asyncpg.Connection) -> None:
        """Compare with what the store held lately; raises as `Continuity.check` does.

        A store that is away is an error only after MAX_AGE_SECONDS.
        """
        now = time.monotonic()
        if self._reading is None:
            if now - self._looked_at > LOOK_SECONDS:
                await self._read(connection, now)
            return
        if not self._reading.done():
            return
        reading, self._reading = self._reading, None
        try:
            found = reading.result()
        except (ObjectStoreError, ObjectTooLargeError) as error:
            log.warning("the anchor cannot be read", error=str(error))
            if now - self._read_at > MAX_AGE_SECONDS:
                raise AnchorUnavailableError(f"the log cannot be compared: {error}") from error
            return
        self._read_at = now
        if self._compared is not None and found != self._compared.found:
            await self._compare(connection, with_hour=False)

    async def _read(self, connection: asyncpg.Connection, now: float) -> None:
        self._looked_at = now
        if self._compared is None:
            await self.begin(connection)
        else:
            self._reading = asyncio.create_task(self._compared.anchor.newest())

    async def _compare(self, connection: asyncpg.Connection, *, with_hour: bool) -> None:
        self._compared = await self._continuity.check(connection, with_hour=with_hour)
        self._looked_at = self._read_at = time.monotonic()


def _open(note: bytes, keys: list[NoteVerifier], origin: str) -> Checkpoint:
    try:
        return open_checkpoint(note, keys, origin=origin)
    except (NoteFormatError, NoteSignatureError, CheckpointError) as error:
        raise LogContradictionError(
            f"the anchor is no checkpoint that a key of this log signed: {error}"
        ) from error


async def _newer(
    anchor: Anchor, found: bytes | None, signed: Signed, keys: list[NoteVerifier]
) -> bytes:
    """Return the newer of the anchor and what this process signed, which is the anchor then."""
    if found is not None:
        kept = _open(found, keys, signed.checkpoint.origin)
        if kept.size >= signed.checkpoint.size:
            return found
    await anchor.put(signed.note)
    return signed.note


async def _compare(
    connection: asyncpg.Connection,
    anchor: Anchor,
    checkpoint: Checkpoint,
    note: bytes,
    keys: list[NoteVerifier],
) -> None:
    """Raise LogContradictionError unless the log continues the checkpoint, or has recovered."""
    if await continues(connection, checkpoint):
        return
    if await connection.fetchval(_RECOVERED, checkpoint.size, checkpoint.root) is not None:
        return
    size = await log_size(connection)
    hourly = [hour async for hour, _ in _hours(anchor, keys, checkpoint.origin)]
    kept = await _kept_size(connection, size, checkpoint, hourly)
    await connection.execute(
        _CONTRADICTS, checkpoint.size, size, kept, checkpoint.root, note.decode()
    )
    raise LogContradictionError(
        f"the log has {size} events and contradicts what it signed when it had {checkpoint.size}: "
        "the database was restored, failed over with loss, or changed. Bring the lost state back, "
        "or begin a new epoch of the log with `venture record recover`"
    )


async def _compare_hour(
    connection: asyncpg.Connection, anchor: Anchor, newest: Checkpoint, keys: list[NoteVerifier]
) -> None:
    """Raise LogContradictionError where the last hour's checkpoint says that the log was longer.

    Whoever may write to the bucket may put an older checkpoint in the newest one's place; the
    hours' the store locks.
    """
    async with aclosing(_hours(anchor, keys, newest.origin)) as hours:
        hour, note = await anext(hours, (newest, b""))
    if hour.size > newest.size and not await connection.fetchval(_LOST, hour.size):
        await _compare(connection, anchor, hour, note, keys)


async def _hours(
    anchor: Anchor, keys: list[NoteVerifier], origin: str
) -> AsyncGenerator[tuple[Checkpoint, bytes]]:
    """Yield the last hours' checkpoints, newest first, but for what a stranger put there.

    What the store locks nobody can take away: it must not stop the log for as long.
    """
    async for note in anchor.hourly(most=HOURS):
        try:
            yield open_checkpoint(note, keys, origin=origin), note
        except NoteFormatError, NoteSignatureError, CheckpointError:
            log.exception("an hour's checkpoint is none of this log's")


async def continues(connection: asyncpg.Connection, checkpoint: Checkpoint) -> bool:
    """Tell whether the log is, or once was, what the checkpoint says."""
    if checkpoint.size > await log_size(connection):
        return False
    try:
        frontier = await load_frontier(connection, checkpoint.size)
    except MissingNodeError:
        log.exception("the log lacks nodes of its tree")
        return False
    return frontier.root() == checkpoint.root


async def attest_recoveries(
    connection: asyncpg.Connection, anchor: Anchor, origin: str, signers: Sequence[NoteSigner]
) -> None:
    """Sign for every epoch of the log, and keep that outside the database too.

    The note is a checkpoint of what was kept, with a line of the epoch and what was lost. Raises
    AnchorUnavailableError.
    """
    for row in await connection.fetch(_ALL_RECOVERIES):
        frontier = await load_frontier(connection, row["kept_size"])
        lost = base64.b64encode(row["lost_root"]).decode()
        text = Checkpoint(origin, frontier.size, frontier.root()).text()
        text += f"epoch {row['epoch']} instead of {row['lost_size']} {lost}\n"
        try:
            await anchor.put_recovery(row["epoch"], row["lost_size"], sign_note(text, signers))
        except ObjectStoreError as error:
            raise AnchorUnavailableError(f"an epoch cannot be attested: {error}") from error


async def _kept_size(
    connection: asyncpg.Connection, size: int, contradicted: Checkpoint, hourly: list[Checkpoint]
) -> int:
    """Return up to where the log surely is the one that was signed before."""
    agreed = 0
    for checkpoint in sorted(hourly, key=lambda each: each.size):
        if checkpoint.size > size:
            break
        if not await continues(connection, checkpoint):
            return agreed
        agreed = checkpoint.size
    return size if contradicted.size > size else agreed
