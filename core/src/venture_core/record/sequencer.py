"""The sequencer: gives every committed event its place in the log, and signs the log.

Appends commit in any order, so no number drawn before the commit can say what is new. Instead each
append leaves one row that becomes visible exactly when its events do; the sequencer deletes the
rows it sees and numbers their events in one transaction. What it does not see yet, it sees later:
nothing is skipped, whoever commits late. Within a workflow the order is the chain's: an append that
continues a chain waited for the one before it to commit, so it is never seen without that one, and
its row has the greater id.
"""

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import asyncpg
import structlog

from venture_core.events.checkpoint import (
    Checkpoint,
    CheckpointError,
    open_checkpoint,
    sign_checkpoint,
    to_milliseconds,
)
from venture_core.events.merkle import leaf_hash
from venture_core.events.notes import NoteFormatError, NoteSignatureError
from venture_core.record import metrics
from venture_core.record.anchor import AnchorKeeper
from venture_core.record.continuity import RECOVERIES, Signed, attest_recoveries, continues
from venture_core.record.database import LOG_CHANNEL
from venture_core.record.failures import ends_connection
from venture_core.record.leader import RENEW_SECONDS, LeadershipLostError
from venture_core.record.lognodes import kept_nodes, load_frontier

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from uuid import UUID

    from venture_core.events.merkle import Frontier
    from venture_core.events.notes import NoteSigner, NoteVerifier
    from venture_core.record.continuity import Continuity
    from venture_core.record.leader import Leader

ROLE: Final = "sequencer"
POLL_SECONDS: Final = 0.02
CHECKPOINT_SECONDS: Final = 0.25
"""How often a growing log is signed."""
BATCH_EVENTS: Final = 4000
"""About how many events are numbered in one transaction."""
CLOCK_DOUBT: Final = timedelta(seconds=2)
"""How far this clock may be behind the one that signed before without anybody being told."""
COMPARE_SECONDS: Final = 2.0
"""How often the log is compared with what was signed last."""
MONTHS_AHEAD: Final = 3
PARTITIONS_EVERY_SECONDS: Final = 3600.0

_ANY = "SELECT EXISTS (SELECT FROM record.unsequenced)"
_TAKE = """
DELETE FROM record.unsequenced WHERE append_id IN (
  SELECT append_id FROM (
    SELECT append_id, cardinality(seqs) AS events,
      sum(cardinality(seqs)) OVER (ORDER BY append_id) AS total
    FROM (SELECT append_id, seqs FROM record.unsequenced ORDER BY append_id LIMIT 1000) oldest
  ) summed WHERE total - events < $1
)
RETURNING append_id, appended_at, workflow_ids, seqs, event_hashes,
  extract(epoch FROM clock_timestamp() - appended_at)::float8 AS age
"""
_SIZE = "SELECT coalesce(max(log_index) + 1, 0) FROM record.log_index"
_SIGNED = "SELECT size, note FROM record.checkpoints ORDER BY size DESC LIMIT 1"
_SIGN = "INSERT INTO record.checkpoints (size, root, note) VALUES ($1, $2, $3)"
_MAKE_ROOM = "SELECT record.venture_ensure_partitions($1)"
_ENTER_KEY = "INSERT INTO record.log_keys (verifier) VALUES ($1) ON CONFLICT DO NOTHING"
_UNSIGNED_AGE = """
SELECT extract(epoch FROM clock_timestamp() - min(appended_at))::float8
FROM record.log_index WHERE log_index >= $1
"""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Log:
    """What the leader knows of the log, as committed."""

    frontier: Frontier
    signed_size: int
    oldest_unsigned: float | None
    """When the oldest event beyond the newest checkpoint was appended, on the monotonic clock."""
    signed_at: float = 0.0
    """When the newest checkpoint was signed, on the monotonic clock."""
    signed_time: datetime | None = None
    """When the newest checkpoint says it was signed: no later one says an earlier time."""


@dataclass(frozen=True, slots=True)
class _Batch:
    """Appends taken from the queue, in order."""

    rows: Sequence[asyncpg.Record]
    taken_at: float

    @property
    def size(self) -> int:
        return sum(len(row["seqs"]) for row in self.rows)

    @property
    def oldest(self) -> float:
        age: float = max(row["age"] for row in self.rows)
        return self.taken_at - age

    def hashes(self) -> list[bytes]:
        return [each for row in self.rows for each in row["event_hashes"]]

    def entries(self, first: int) -> list[tuple[int, int, object, UUID, bytes]]:
        """Return the rows of `log_index`, from log index `first` on."""
        entries = []
        for row in self.rows:
            named = zip(row["seqs"], row["workflow_ids"], row["event_hashes"], strict=True)
            for offset, (seq, workflow_id, event_hash) in enumerate(named):
                entries.append((first + offset, seq, row["appended_at"], workflow_id, event_hash))
            first += len(row["seqs"])
        return entries


class Sequencer:
    """Numbers and signs while it leads."""

    def __init__(
        self,
        leader: Leader,
        *,
        origin: str,
        signers: Sequence[NoteSigner],
        continuity: Continuity | None = None,
    ) -> None:
        """Sign as the log `origin`; more than one signer means that a key is being replaced.

        Without `continuity` nothing outside the database notices when it forgets: for tests only.
        """
        if not signers:
            raise ValueError("a log without a signature proves nothing: give at least one signer")
        self._leader = leader
        self._origin = origin
        self._signers = signers
        self._continuity = continuity
        self._signed: Signed | None = None

    async def run(self, connection: asyncpg.Connection, epoch: int, stop: asyncio.Event) -> None:
        """Work until `stop` is set.

        Raises LeadershipLostError, LogContradictionError where the log is not the one that was
        signed before, AnchorUnavailableError, and the driver's errors.
        """
        for signer in self._signers:
            await connection.execute(_ENTER_KEY, signer.verifier.text)
        async with self._anchoring(connection) as keeper:
            await self._number_until(stop, connection, epoch, keeper)

    @asynccontextmanager
    async def _anchoring(
        self, connection: asyncpg.Connection
    ) -> AsyncIterator[AnchorKeeper | None]:
        """Compare the log with its anchor, then keep the anchor new beside the numbering."""
        compared = None
        if self._continuity is not None:
            compared = await self._continuity.check(connection, self._signed)
        if compared is not None and self._signed is not None:
            await self._let_go(connection, self._signed, compared.epoch)
        self._leader.stand_still(None)
        if compared is None:
            yield None
            return
        await attest_recoveries(connection, compared.anchor, self._origin, self._signers)
        keeper = AnchorKeeper(compared.anchor, found=compared.found)
        keeping = asyncio.create_task(keeper.run())
        try:
            yield keeper
        finally:
            keeping.cancel()
            await asyncio.wait({keeping})
            # The database may be gone for good: whoever leads next has to know what was signed.
            await keeper.keep_last()
            if not keeping.cancelled():
                keeping.result()

    async def _let_go(self, connection: asyncpg.Connection, signed: Signed, epoch: int) -> None:
        """Forget what this process signed where somebody has decided to go on without it.

        The log's epoch alone does not tell: a database forgets epochs too, and their numbers come
        again. But the log was just compared with an anchor that is no older than this.
        """
        if signed.epoch < epoch or not await continues(connection, signed.checkpoint):
            log.warning("goes on without what it signed", size=signed.checkpoint.size)
            self._signed = None

    async def _number_until(
        self,
        stop: asyncio.Event,
        connection: asyncpg.Connection,
        epoch: int,
        keeper: AnchorKeeper | None,
    ) -> None:
        state = await _load(connection, [each.verifier for each in self._signers])
        recoveries = await connection.fetchval(RECOVERIES)
        held = make_room_at = compared = float("-inf")
        while not stop.is_set():
            now = time.monotonic()
            if now >= make_room_at:
                made = await _make_room(connection)
                make_room_at = now + (PARTITIONS_EVERY_SECONDS if made else RENEW_SECONDS * 60)
            if keeper is not None and now - compared > COMPARE_SECONDS:
                await self._compare(connection, keeper)
                compared = now
            if await connection.fetchval(_ANY) or self._is_due(state):
                state, note = await self._step(connection, epoch, state)
                if note is not None:
                    self._remember(note, recoveries, keeper)
                held = now
                continue
            if now - held > RENEW_SECONDS:
                await self._leader.hold(connection, epoch)
                held = now
            await asyncio.sleep(POLL_SECONDS)

    async def _compare(self, connection: asyncpg.Connection, keeper: AnchorKeeper) -> None:
        """See whether the log continues what was signed last, and nobody else anchors."""
        if not keeper.check():
            raise LeadershipLostError("another process anchors this log")
        if self._signed is not None and not await continues(connection, self._signed.checkpoint):
            raise LeadershipLostError("the database is not as this process left it")

    def _remember(
        self, signed: tuple[Checkpoint, bytes], recoveries: int, keeper: AnchorKeeper | None
    ) -> None:
        """Note what is signed and committed."""
        self._signed = Signed(*signed, recoveries)
        if keeper is not None:
            keeper.signed = self._signed.note

    def _is_due(self, state: _Log) -> bool:
        """Tell whether the log has grown and its last signature is old enough."""
        return (
            state.frontier.size > state.signed_size
            and time.monotonic() - state.signed_at >= CHECKPOINT_SECONDS
        )

    async def _step(
        self, connection: asyncpg.Connection, epoch: int, state: _Log
    ) -> tuple[_Log, tuple[Checkpoint, bytes] | None]:
        """Take a batch into the log, sign if it is time; return what is committed and signed."""
        signed = None
        async with connection.transaction():
            await self._leader.hold(connection, epoch)
            rows = await connection.fetch(_TAKE, BATCH_EVENTS)
            batch = _Batch(sorted(rows, key=lambda row: row["append_id"]), time.monotonic())
            grown = after = await _number(connection, state, batch) if rows else state
            if self._is_due(grown):
                signed = await self._sign(connection, grown)
                after = _Log(
                    grown.frontier, grown.frontier.size, None, time.monotonic(), signed[0].signed_at
                )
        _measure(batch, grown, signed=signed is not None)
        return after, signed

    async def _sign(self, connection: asyncpg.Connection, state: _Log) -> tuple[Checkpoint, bytes]:
        now = _not_before(state.signed_time)
        checkpoint = Checkpoint(self._origin, state.frontier.size, state.frontier.root(), now)
        note = sign_checkpoint(checkpoint, self._signers)
        await connection.execute(_SIGN, checkpoint.size, checkpoint.root, note.decode())
        return checkpoint, note


async def _make_room(connection: asyncpg.Connection) -> bool:
    """See to it that the months to come have partitions; return False where that has to wait.

    It waits for half a second at most, and months are left until it matters: appends, numbering and
    the lease go on. A connection that is of no more use raises the driver's error.
    """
    try:
        await connection.execute(_MAKE_ROOM, MONTHS_AHEAD)
    except asyncpg.PostgresError as error:
        if ends_connection(error):
            raise
        log.warning("the months to come wait for their partitions", error=str(error))
        metrics.PARTITION_FAILURES.inc()
        return False
    return True


def _not_before(earliest: datetime | None) -> datetime:
    """Return the time to sign: now, but where this clock is behind another's, the time before."""
    now = to_milliseconds(datetime.now(UTC))
    if earliest is None or now >= earliest:
        return now
    if earliest - now > CLOCK_DOUBT:
        log.error("the clock is behind the log's: signing with the log's time", behind=earliest)
    return earliest


async def _load(connection: asyncpg.Connection, keys: Sequence[NoteVerifier]) -> _Log:
    size: int = await connection.fetchval(_SIZE)
    newest = await connection.fetchrow(_SIGNED)
    signed_size = 0 if newest is None else newest["size"]
    oldest = None
    if size > signed_size:
        oldest = time.monotonic() - await connection.fetchval(_UNSIGNED_AGE, signed_size)
    log.info("the log is loaded", size=size, signed_size=signed_size)
    signed_time = None if newest is None else _signed_time(newest["note"], keys)
    frontier = await load_frontier(connection, size)
    return _Log(frontier, signed_size, oldest, signed_time=signed_time)


def _signed_time(note: str, keys: Sequence[NoteVerifier]) -> datetime | None:
    """Return when a checkpoint of ours was signed; what others wrote there binds nobody."""
    try:
        return open_checkpoint(note.encode(), keys).signed_at
    except NoteFormatError, NoteSignatureError, CheckpointError:
        return None


async def _number(connection: asyncpg.Connection, state: _Log, batch: _Batch) -> _Log:
    """Give the batch its places in the log; the state before stays as it was."""
    frontier = type(state.frontier)(state.frontier.size, state.frontier.nodes)
    entries = batch.entries(frontier.size)
    runs = frontier.extend([leaf_hash(each) for each in batch.hashes()])
    await connection.copy_records_to_table(
        "log_index",
        schema_name="record",
        columns=("log_index", "seq", "appended_at", "workflow_id", "event_hash"),
        records=entries,
    )
    await connection.copy_records_to_table(
        "log_nodes",
        schema_name="record",
        columns=("level", "position", "hash"),
        records=list(kept_nodes(runs)),
    )
    await connection.execute("SELECT pg_notify($1, $2)", LOG_CHANNEL, str(frontier.size))
    oldest = batch.oldest
    if state.oldest_unsigned is not None:
        oldest = min(oldest, state.oldest_unsigned)
    return _Log(frontier, state.signed_size, oldest, state.signed_at, state.signed_time)


def _measure(batch: _Batch, grown: _Log, *, signed: bool) -> None:
    """Tell what a committed step did."""
    now = time.monotonic()
    for row in batch.rows:
        metrics.SEQUENCE_SECONDS.observe(now - batch.taken_at + row["age"])
    metrics.LOG_SIZE.set(grown.frontier.size)
    lag = 0.0 if grown.oldest_unsigned is None else now - grown.oldest_unsigned
    if signed:
        metrics.CHECKPOINT_SECONDS.observe(lag)
        metrics.CHECKPOINT_SIZE.set(grown.frontier.size)
        lag = 0.0
    metrics.CHECKPOINT_LAG_SECONDS.set(lag)
