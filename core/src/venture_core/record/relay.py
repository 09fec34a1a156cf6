"""The relay: publishes the log to the EVENTS stream, in order, each event once.

The order is the log's, so that of every workflow too. Each message must follow the one before it
in the stream, or the stream refuses it; so a relay that was replaced, or a message that is sent
again, can neither double nor reorder anything. Where the stream ends, the stream itself says: the
position in Postgres only tells what it once held, and shows when a broker has lost it. Then the
relay publishes again from where the stream really ends, from the first event where it is new.
"""

import asyncio
import time
from typing import TYPE_CHECKING, Final

import structlog
from tenacity import AsyncRetrying, retry_if_exception, wait_random

from venture_core.events.envelope import MAX_EVENT_BYTES
from venture_core.messaging.connection import NatsLogin, connect_nats, is_interruption
from venture_core.messaging.delivery import LOG_INDEX_HEADER
from venture_core.messaging.streams import EVENTS, StreamSettings, reconcile_streams
from venture_core.messaging.window import DuplicateError, PublishError, PublishWindow
from venture_core.record import metrics
from venture_core.record.continuity import AnchorWatch, LogContradictionError
from venture_core.record.database import LOG_CHANNEL
from venture_core.record.leader import RENEW_SECONDS
from venture_core.record.outgoing import UnreadableEventError, read_log
from venture_core.record.streamend import find_position

if TYPE_CHECKING:
    import ssl

    import asyncpg
    from nats.aio.client import Client
    from nats.js import JetStreamContext
    from pydantic import SecretStr
    from tenacity import RetryCallState

    from venture_core.record.continuity import Continuity
    from venture_core.record.leader import Leader
    from venture_core.record.outgoing import Outgoing
    from venture_core.record.streamend import Position

ROLE: Final = "relay"

BATCH_EVENTS: Final = 500
MESSAGE_BYTES: Final = MAX_EVENT_BYTES + 1024
"""How large a message can be: an event, the chain's fields, and headers."""
AUDIT_SECONDS: Final = 5.0
"""How often the relay compares where the stream ends with what it was told."""

_SAVE = """
INSERT INTO record.relay_positions
  (stream, next_log_index, stream_sequence, stream_created_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (stream) DO UPDATE SET next_log_index = excluded.next_log_index,
  stream_sequence = excluded.stream_sequence, stream_created_at = excluded.stream_created_at,
  updated_at = clock_timestamp()
"""
_SAVED = "SELECT next_log_index FROM record.relay_positions WHERE stream = $1"
_BEHIND = """
SELECT (SELECT coalesce(max(log_index) + 1, 0) FROM record.log_index) AS size,
  (SELECT extract(epoch FROM clock_timestamp() - appended_at)::float8 FROM record.log_index
   WHERE log_index = $1) AS age
"""

log = structlog.get_logger(__name__)


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
        continuity: Continuity | None = None,
    ) -> None:
        """Without `continuity` nothing notices when the database forgets: for tests only."""
        self._tls = tls
        self._leader = leader
        self._url = url
        self._streams = streams
        self._name = name
        self.login = NatsLogin(name)
        self._watch = None if continuity is None else AnchorWatch(continuity)
        self._copies = 0

    async def run(self, connection: asyncpg.Connection, epoch: int, stop: asyncio.Event) -> None:
        """Publish until `stop` is set, through all failures of the broker.

        Raises LeadershipLostError, StreamMismatchError, LogContradictionError where the log is not
        the one that was signed before, AnchorUnavailableError, and the database driver's errors.
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
                # As long as the broker does not let it in, nobody else tells how far it is behind.
                await _measure(connection, await connection.fetchval(_SAVED, EVENTS) or 0)
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
            login=self.login,
        )
        try:
            if client.max_payload < MESSAGE_BYTES:
                raise PublishError(f"the broker takes no messages of {MESSAGE_BYTES} bytes")
            jetstream = client.jetstream(timeout=3)
            await reconcile_streams(jetstream, self._streams)
            await self._begin(jetstream, connection)
            position = await find_position(jetstream, connection)
            window = PublishWindow(client, EVENTS, last_sequence=position.stream_sequence)
            windows.append(window)
            await window.open()
            feed = Feed(connection, window, position, copies=self._copies)
            await self._feed_until(stop, feed, epoch, grown, jetstream)
        except DuplicateError:
            # What the record says now is not in the stream where it belongs, whatever else is there
            # under its id: a copy, or an event that the record had forgotten and got again.
            self._copies += 1
            raise
        finally:
            await _close(client)

    async def _begin(self, jetstream: JetStreamContext, connection: asyncpg.Connection) -> None:
        """Compare the log with its anchor before anything is published of it."""
        if self._watch is not None:
            try:
                await self._watch.begin(connection)
            except LogContradictionError:
                # What consumers may have seen is to be known before somebody begins a new epoch.
                await find_position(jetstream, connection)
                raise
        self._leader.stand_still(None)

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
                await feed.settle()
            if self._watch is not None:
                await self._watch.look(feed.connection)
            now = time.monotonic()
            if idle or now - held > RENEW_SECONDS:
                await self._save(feed, epoch)
                held = now
            if idle:
                if now - audited > AUDIT_SECONDS:
                    await _audit(jetstream, feed.position)
                    audited = now
                await _wait(grown)
        await feed.settle()
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
        await _measure(connection, position.next_log_index)


class Feed:
    """Reads the log and publishes it."""

    def __init__(
        self,
        connection: asyncpg.Connection,
        window: PublishWindow,
        position: Position,
        *,
        copies: int,
    ) -> None:
        """Go on from `position`; ids of messages are made anew with `copies`, where not 0."""
        self._copies = copies
        self.connection = connection
        self.window = window
        self.position = position
        self._next = position.next_log_index

    async def next_batch(self) -> bool:
        """Publish the next events of the log; return False where there are none.

        What cannot be published is stepped over, loudly: it would hold back all that follows.
        """
        entries = await read_log(self.connection, self._next, BATCH_EVENTS)
        read_at = time.monotonic()
        for entry in entries:
            self._next = entry.log_index + 1
            if entry.is_archived:
                metrics.RELAY_ARCHIVED.inc()
                continue
            try:
                subject, body = entry.message()
            except UnreadableEventError as error:
                _report_unreadable(entry, error)
                continue
            await self._publish(entry, subject, body, read_at)
        return bool(entries)

    async def settle(self) -> None:
        """Wait until the stream holds everything that was read of the log; raises PublishError."""
        await self.window.drain()
        # What was stepped over at the end of the log is behind us, too.
        self.position.next_log_index = self._next

    async def _publish(self, entry: Outgoing, subject: str, body: bytes, read_at: float) -> None:
        born = read_at - entry.age_seconds

        def acknowledged() -> None:
            self.position.next_log_index = entry.log_index + 1
            self.position.stream_sequence += 1
            metrics.RELAYED.inc()
            metrics.RELAY_SECONDS.observe(time.monotonic() - born)

        await self.window.publish(
            subject,
            body,
            message_id=f"{entry.event_id}.{self._copies}" if self._copies else str(entry.event_id),
            headers={LOG_INDEX_HEADER: str(entry.log_index)},
            acknowledged=acknowledged,
        )


def _report_unreadable(entry: Outgoing, error: UnreadableEventError) -> None:
    """Say which event consumers will never get, and why."""
    log.error(
        "an event of the log cannot be published and is stepped over",
        log_index=entry.log_index,
        event_id=str(entry.event_id),
        problem=str(error),
    )
    (metrics.RELAY_MISSING if entry.canonical is None else metrics.RELAY_UNREADABLE).inc()


async def _measure(connection: asyncpg.Connection, next_log_index: int) -> None:
    """Show how far the stream is behind the log."""
    behind = await connection.fetchrow(_BEHIND, next_log_index)
    metrics.RELAY_LAG_EVENTS.set(behind["size"] - next_log_index)
    metrics.RELAY_LAG_SECONDS.set(behind["age"] or 0.0)


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
