"""The relay: publishes the log to the EVENTS stream, in order, each event once.

The order is the log's, so that of every workflow too. Each message must follow the one before it
in the stream, or the stream refuses it; so a relay that was replaced, or a message that is sent
again, can neither double nor reorder anything. Where the stream ends, the stream itself says: the
position in Postgres only tells what it once held, and shows when a broker has lost it. Then the
relay publishes again from where the stream really ends, from the first event where it is new.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import nats.js.errors
import structlog
from tenacity import AsyncRetrying, retry_if_exception, wait_random

from venture_core.events.chain import FIRST_SEQ
from venture_core.events.envelope import recorded_json
from venture_core.messaging.connection import connect_nats, is_interruption
from venture_core.messaging.delivery import LOG_INDEX_HEADER
from venture_core.messaging.streams import EVENTS, StreamSettings, reconcile_streams
from venture_core.messaging.subjects import subject_of
from venture_core.messaging.window import PublishError, PublishWindow
from venture_core.record import metrics
from venture_core.record.database import LOG_CHANNEL
from venture_core.record.leader import RENEW_SECONDS

if TYPE_CHECKING:
    import ssl
    from datetime import datetime

    import asyncpg
    from nats.aio.client import Client
    from nats.js import JetStreamContext
    from pydantic import SecretStr
    from tenacity import RetryCallState

    from venture_core.record.leader import Leader

ROLE: Final = "relay"

BATCH_EVENTS: Final = 500
AUDIT_SECONDS: Final = 5.0
"""How often the relay compares where the stream ends with what it was told."""

_POSITION = "SELECT * FROM record.relay_positions WHERE stream = $1"
_SAVE = """
INSERT INTO record.relay_positions
  (stream, next_log_index, stream_sequence, stream_created_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (stream) DO UPDATE SET next_log_index = excluded.next_log_index,
  stream_sequence = excluded.stream_sequence, stream_created_at = excluded.stream_created_at,
  updated_at = clock_timestamp()
"""
_READ = """
SELECT l.log_index, l.seq, e.event_id, e.prev_event_hash, e.this_event_hash, e.canonical,
  extract(epoch FROM clock_timestamp() - l.appended_at)::float8 AS age,
  e.canonical IS NULL
    AND EXISTS (SELECT FROM record.archives WHERE end_log_index > l.log_index) AS is_archived
FROM (SELECT * FROM record.log_index WHERE log_index >= $1 ORDER BY log_index LIMIT $2) l
LEFT JOIN record.events e ON e.workflow_id = l.workflow_id AND e.seq = l.seq
  AND e.appended_at = l.appended_at
ORDER BY l.log_index
"""
_BEHIND = """
SELECT (SELECT coalesce(max(log_index) + 1, 0) FROM record.log_index) AS size,
  (SELECT extract(epoch FROM clock_timestamp() - appended_at)::float8 FROM record.log_index
   WHERE log_index = $1) AS age
"""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Position:
    """How far the stream has been fed, as far as it has acknowledged."""

    next_log_index: int
    stream_sequence: int
    stream_created_at: datetime


class Relay:
    """Publishes while it leads."""

    def __init__(
        self,
        leader: Leader,
        url: SecretStr,
        streams: StreamSettings,
        *,
        name: str,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._tls = tls
        self._leader = leader
        self._url = url
        self._streams = streams
        self._name = name

    async def run(self, connection: asyncpg.Connection, epoch: int, stop: asyncio.Event) -> None:
        """Publish until `stop` is set, through all failures of the broker.

        Raises LeadershipLostError, StreamMismatchError, and the database driver's errors.
        """
        grown = asyncio.Event()
        await connection.add_listener(LOG_CHANNEL, lambda *_: grown.set())
        attempts = AsyncRetrying(
            retry=retry_if_exception(_is_interruption),
            wait=wait_random(0.1, 0.5),
            stop=lambda _: stop.is_set(),
            retry_error_callback=lambda _: None,
            before_sleep=_report,
        )
        async for attempt in attempts:
            with attempt:
                await self._leader.hold(connection, epoch)
                await self._publish_until(stop, connection, epoch, grown)

    async def _publish_until(
        self, stop: asyncio.Event, connection: asyncpg.Connection, epoch: int, grown: asyncio.Event
    ) -> None:
        """Publish over one connection to the broker, until it fails."""
        windows: list[PublishWindow] = []

        async def disconnected() -> None:
            for window in windows:
                window.fail("the connection to the broker is lost")

        client = await connect_nats(
            self._url,
            name=self._name,
            tls=self._tls,
            reconnect=False,
            on_disconnect=disconnected,
        )
        try:
            jetstream = client.jetstream(timeout=3)
            await reconcile_streams(jetstream, self._streams)
            position = await find_position(jetstream, connection)
            window = PublishWindow(client, EVENTS, last_sequence=position.stream_sequence)
            windows.append(window)
            await window.open()
            feed = Feed(connection, window, position)
            await self._feed_until(stop, feed, epoch, grown, jetstream)
        finally:
            await _close(client)

    async def _feed_until(
        self,
        stop: asyncio.Event,
        feed: Feed,
        epoch: int,
        grown: asyncio.Event,
        jetstream: JetStreamContext,
    ) -> None:
        held = audited = time.monotonic()
        while not stop.is_set():
            grown.clear()
            idle = not await feed.next_batch()
            if idle:
                await feed.window.drain()
            now = time.monotonic()
            if idle or now - held > RENEW_SECONDS:
                await self._save(feed, epoch)
                held = now
            if idle:
                if now - audited > AUDIT_SECONDS:
                    await _audit(jetstream, feed.position)
                    audited = now
                await _wait(grown)
        await feed.window.drain()
        await self._save(feed, epoch)

    async def _save(self, feed: Feed, epoch: int) -> None:
        """Remember what the stream holds, unless another relay leads."""
        position, connection = feed.position, feed.connection
        async with connection.transaction():
            await self._leader.hold(connection, epoch)
            await connection.execute(
                _SAVE,
                EVENTS,
                position.next_log_index,
                position.stream_sequence,
                position.stream_created_at,
            )
        behind = await connection.fetchrow(_BEHIND, position.next_log_index)
        metrics.RELAY_LAG_EVENTS.set(behind["size"] - position.next_log_index)
        metrics.RELAY_LAG_SECONDS.set(behind["age"] or 0.0)


class Feed:
    """Reads the log and publishes it."""

    def __init__(
        self, connection: asyncpg.Connection, window: PublishWindow, position: Position
    ) -> None:
        self.connection = connection
        self.window = window
        self.position = position
        self._next = position.next_log_index

    async def next_batch(self) -> bool:
        """Publish the next events of the log; return False where there are none."""
        rows = await self.connection.fetch(_READ, self._next, BATCH_EVENTS)
        read_at = time.monotonic()
        for row in rows:
            self._next = row["log_index"] + 1
            if row["is_archived"]:
                metrics.RELAY_ARCHIVED.inc()
                continue
            if row["canonical"] is None:
                log.error("an event of the log is not in the record", log_index=row["log_index"])
                metrics.RELAY_MISSING.inc()
                continue
            await self._publish(row, read_at)
        return bool(rows)

    async def _publish(self, row: asyncpg.Record, read_at: float) -> None:
        log_index, born = row["log_index"], read_at - row["age"]

        def acknowledged() -> None:
            self.position.next_log_index = log_index + 1
            self.position.stream_sequence += 1
            metrics.RELAYED.inc()
            metrics.RELAY_SECONDS.observe(time.monotonic() - born)

        message = recorded_json(
            row["canonical"],
            seq=row["seq"],
            prev=row["prev_event_hash"] if row["seq"] > FIRST_SEQ else None,
            this=row["this_event_hash"],
        )
        await self.window.publish(
            subject_of(row["canonical"]),
            message,
            message_id=str(row["event_id"]),
            headers={LOG_INDEX_HEADER: str(log_index)},
            acknowledged=acknowledged,
        )


async def find_position(jetstream: JetStreamContext, connection: asyncpg.Connection) -> Position:
    """Find where the stream ends, by its last message of ours, and count what it has lost."""
    info = await jetstream.stream_info(EVENTS)
    if info.created is None:
        raise PublishError("the broker does not say when the stream was created")
    row = await connection.fetchrow(_POSITION, EVENTS)
    same = row is not None and row["stream_created_at"] == info.created
    last, first = info.state.last_seq, info.state.first_seq
    if same and last == row["stream_sequence"]:
        return Position(row["next_log_index"], last, info.created)
    next_log_index = await _next_after(jetstream, last, first)
    if row is not None:
        lost = row["next_log_index"] - next_log_index
        cause = "lost_messages" if same and lost > 0 else "unsaved" if same else "new_stream"
        metrics.RELAY_RECOVERIES.labels(cause).inc()
        log.warning("found the stream's end anew", cause=cause, lost=max(lost, 0), last=last)
    return Position(next_log_index, last, info.created)


async def _next_after(jetstream: JetStreamContext, last: int, first: int) -> int:
    """Return the log index after that of the last message which the relay published."""
    for sequence in range(last, max(first, 1) - 1, -1):
        try:
            message = await jetstream.get_msg(EVENTS, sequence)
        except nats.js.errors.NotFoundError:
            continue
        index = (message.headers or {}).get(LOG_INDEX_HEADER)
        if index is not None:
            return int(index) + 1
    return 0


async def _audit(jetstream: JetStreamContext, position: Position) -> None:
    """See whether the stream still holds what it acknowledged."""
    info = await jetstream.stream_info(EVENTS)
    found = (info.state.last_seq, info.created)
    if found != (position.stream_sequence, position.stream_created_at):
        raise PublishError(f"the stream ends at {found[0]}, not at {position.stream_sequence}")


async def _wait(grown: asyncio.Event) -> None:
    """Wait until the log grows, or it is time for the next sign of life."""
    try:
        async with asyncio.timeout(RENEW_SECONDS):
            await grown.wait()
    except TimeoutError:
        return


async def _close(client: Client) -> None:
    if not client.is_closed:
        await client.close()


def _is_interruption(error: BaseException) -> bool:
    return is_interruption(error) or isinstance(error, PublishError)


def _report(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    log.warning("publishing is interrupted", error=repr(error))
