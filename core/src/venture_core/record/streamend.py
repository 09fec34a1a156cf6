"""Where the stream ends: what it says about itself is compared with the record.

Anybody who may publish can leave messages in the stream that look like the relay's: with a place in
the log beyond its end, a copy of an older event, one ahead of its turn. A message counts only where
the record has exactly these bytes at the place that it names, and where every event before it that
can be published is in the stream too.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import nats.js.errors
import structlog
from pydantic import ValidationError

from venture_core.events.envelope import EventEnvelopeV1
from venture_core.messaging.delivery import claimed_log_index
from venture_core.messaging.streamread import Stored, read_stream
from venture_core.messaging.streams import EVENTS
from venture_core.messaging.window import PublishError
from venture_core.record import metrics
from venture_core.record.outgoing import UnreadableEventError, read_log, read_places
from venture_core.record.phantoms import MAX_PHANTOMS, Phantom, phantom_of, record_phantoms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import asyncpg
    from nats.js import JetStreamContext

    from venture_core.record.outgoing import Outgoing

FIRST_LOOK: Final = 500
"""How many messages before the stream's end are looked at where no position can be trusted."""
MAX_SCAN: Final = 100_000
"""How many messages are looked at in all before the saved position has to do."""
_BATCH: Final = 500

_POSITION = "SELECT * FROM record.relay_positions WHERE stream = $1"

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Position:
    """How far the stream has been fed, as far as it has acknowledged."""

    next_log_index: int
    stream_sequence: int
    stream_created_at: datetime


class _Reckoning:
    """Follows the stream's messages with a finger on the log."""

    def __init__(self, connection: asyncpg.Connection, next_log_index: int | None) -> None:
        self._connection = connection
        self.next_log_index = next_log_index
        """The entry that has to come next; None until a first one is found."""
        self.strangers = 0
        self.phantoms: list[Phantom] = []
        """Those of the strangers that look like events which the record has forgotten."""

    async def follow(self, messages: Sequence[Stored]) -> None:
        """Take the next messages of the stream."""
        claimed = [each.log_index for each in messages if each.log_index is not None]
        entries = await read_places(self._connection, claimed)
        for message in messages:
            if not await self._continues(message, entries):
                self._note_stranger(message, entries.get(message.log_index or 0))
                continue
            self.next_log_index = (message.log_index or 0) + 1

    def _note_stranger(self, message: Stored, entry: Outgoing | None) -> None:
        self.strangers += 1
        phantom = phantom_of(message)
        if phantom is None or (entry is not None and entry.logged == phantom.event_hash):
            return
        if len(self.phantoms) < MAX_PHANTOMS:
            self.phantoms.append(phantom)

    async def _continues(self, message: Stored, entries: Mapping[int, Outgoing]) -> bool:
        entry = entries.get(-1 if message.log_index is None else message.log_index)
        if entry is None or not is_entry(message.body, entry):
            return False
        if self.next_log_index is None or entry.log_index == self.next_log_index:
            return True
        return entry.log_index > self.next_log_index and await _nothing_between(
            self._connection, self.next_log_index, entry.log_index
        )


async def find_position(
    jetstream: JetStreamContext, connection: asyncpg.Connection, *, max_scan: int = MAX_SCAN
) -> Position:
    """Find which event the stream needs next, and count what it has lost or holds of strangers.

    Reads the stream in batches, `max_scan` messages at most. Raises PublishError, and what the
    broker's client raises while the broker is away.
    """
    info = await jetstream.stream_info(EVENTS)
    if info.created is None:
        raise PublishError("the broker does not say when the stream was created")
    row = await connection.fetchrow(_POSITION, EVENTS)
    last, first = info.state.last_seq, max(info.state.first_seq, 1)
    same = row is not None and row["stream_created_at"] == info.created
    if row is not None and same and row["stream_sequence"] <= last:
        saved, sequence = row["next_log_index"], row["stream_sequence"]
        if sequence == 0 or await _is_last_before(jetstream, connection, sequence, saved):
            reckoning = _Reckoning(connection, saved)
            await _follow(jetstream, reckoning, max(first, sequence + 1), last, max_scan)
            await record_phantoms(connection, reckoning.phantoms)
            cause = "unsaved" if last > sequence else ""
            return _found(reckoning, saved, last, info.created, cause)
    reckoning = _Reckoning(connection, None)
    for back in (FIRST_LOOK, max_scan):
        reckoning.strangers, reckoning.phantoms = 0, []
        await _follow(jetstream, reckoning, max(first, last - back + 1), last)
        if reckoning.next_log_index is not None or last - first < back:
            break
    await record_phantoms(connection, reckoning.phantoms)
    saved = row["next_log_index"] if row is not None else 0
    fallback = saved if same and first <= last else 0
    cause = "" if row is None else "lost_messages" if same else "new_stream"
    return _found(reckoning, fallback, last, info.created, cause)


async def newest_of_the_log(
    jetstream: JetStreamContext, connection: asyncpg.Connection
) -> int | None:
    """Return the log index of the last message of the stream that is an event of the record.

    None where there is none among the last MAX_SCAN messages. Raises nats.js.errors.NotFoundError
    where there is no stream.
    """
    state = (await jetstream.stream_info(EVENTS)).state
    first = max(state.first_seq, 1)
    for back in (1, FIRST_LOOK, MAX_SCAN):
        reckoning = _Reckoning(connection, None)
        await _follow(jetstream, reckoning, max(first, state.last_seq - back + 1), state.last_seq)
        if reckoning.next_log_index is not None:
            return reckoning.next_log_index - 1
        if state.last_seq - first < back:
            break
    return None


def _found(
    reckoning: _Reckoning, fallback: int, last: int, created: datetime, cause: str
) -> Position:
    """Return the position, and tell of everything that is not as it was left."""
    found = reckoning.next_log_index
    if cause:
        metrics.RELAY_RECOVERIES.labels(cause).inc()
        log.warning("found the stream's end anew", cause=cause, last=last, next_log_index=found)
    if reckoning.strangers:
        metrics.RELAY_STRANGERS.inc(reckoning.strangers)
        log.error(
            "the stream holds messages that are not the log's next events: somebody else publishes",
            messages=reckoning.strangers,
            last=last,
        )
    return Position(fallback if found is None else found, last, created)


async def _is_last_before(
    jetstream: JetStreamContext, connection: asyncpg.Connection, sequence: int, saved: int
) -> bool:
    """Tell whether the stream's message of this sequence is the record's before the saved place."""
    try:
        message = await jetstream.get_msg(EVENTS, sequence)
    except nats.js.errors.NotFoundError:
        return False
    index = claimed_log_index(message.headers)
    if index is None or index >= saved:
        return False
    entries = await read_places(connection, [index])
    if index not in entries or not is_entry(message.data or b"", entries[index]):
        return False
    return await _nothing_between(connection, index + 1, saved)


async def _nothing_between(connection: asyncpg.Connection, first: int, end: int) -> bool:
    """Tell whether none of these entries of the log could have been published."""
    while first < end:
        entries = await read_log(connection, first, min(_BATCH, end - first))
        if not entries or any(map(_is_publishable, entries)):
            return False
        first = entries[-1].log_index + 1
    return True


def _is_publishable(entry: Outgoing) -> bool:
    try:
        entry.message()
    except UnreadableEventError:
        return False
    return True


async def _follow(
    jetstream: JetStreamContext,
    reckoning: _Reckoning,
    first: int,
    last: int,
    most: int = MAX_SCAN,
) -> None:
    if first > last:
        return
    end = min(last, first + most - 1)
    async for batch in read_stream(jetstream, first, end):
        await reckoning.follow(batch)
    if end < last:
        reckoning.strangers += last - end
        log.error("the stream's end is too far to look at", unread=last - end)


def is_entry(body: bytes, entry: Outgoing) -> bool:
    """Tell whether a message's body is what the relay publishes of this entry of the log."""
    if not entry.is_archived:
        try:
            return entry.message()[1] == body
        except UnreadableEventError:
            return False
    # The bytes are not here any more, but their hash is.
    try:
        event = EventEnvelopeV1.model_validate_json(body)
    except ValidationError:
        return False
    return event.seq == entry.seq and event.this_event_hash == entry.logged.hex()
