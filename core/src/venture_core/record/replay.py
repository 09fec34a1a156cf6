"""Restoring the stream from the record, on demand.

The relay does it by itself when it finds that the stream is gone or ends too early. It cannot see
a hole in the middle of a stream: then the stream is made anew, from the first event on.
"""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import nats.js.errors

from venture_core.messaging.streams import EVENTS
from venture_core.record.reading import log_size
from venture_core.record.streamend import newest_of_the_log

if TYPE_CHECKING:
    from collections.abc import Callable

    import asyncpg
    from nats.js import JetStreamContext

LOOK_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class StreamState:
    """What the stream holds, beside what the log holds."""

    messages: int
    """Messages in the stream, a stranger's too."""
    last_log_index: int | None
    """The log index of the stream's last message that is the log's; None where there is none."""
    log_size: int
    """Events in the log."""

    @property
    def missing(self) -> int:
        """How many events the stream has yet to get, at its end."""
        return self.log_size - (0 if self.last_log_index is None else self.last_log_index + 1)


async def stream_state(jetstream: JetStreamContext, connection: asyncpg.Connection) -> StreamState:
    """Compare the stream with the log; a stream that is gone holds nothing."""
    size = await log_size(connection)
    try:
        messages = (await jetstream.stream_info(EVENTS)).state.messages
        index = await newest_of_the_log(jetstream, connection)
    except nats.js.errors.NotFoundError:
        return StreamState(0, None, size)
    return StreamState(messages, index, size)


async def rebuild_stream(
    jetstream: JetStreamContext,
    connection: asyncpg.Connection,
    progress: Callable[[StreamState], None] = lambda _state: None,
) -> StreamState:
    """Delete the stream; return when the relay has made it anew with every event of now.

    Consumers get every event again, and recognise what they have handled. Waits as long as no
    relay runs: bound it with a timeout. `progress` is told the state now and then.
    """
    target = await log_size(connection)
    try:
        await jetstream.delete_stream(EVENTS)
    except nats.js.errors.NotFoundError:
        progress(StreamState(0, None, target))
    while True:
        state = await stream_state(jetstream, connection)
        progress(state)
        if state.last_log_index is not None and state.last_log_index + 1 >= target:
            return state
        await asyncio.sleep(LOOK_SECONDS)
