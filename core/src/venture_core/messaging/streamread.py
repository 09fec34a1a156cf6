"""Reading stretches of the stream in batches: a request for many messages, not one for each."""

from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from venture_core.messaging.delivery import claimed_log_index
from venture_core.messaging.streams import EVENTS
from venture_core.messaging.window import MESSAGE_ID_HEADER, PublishError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from nats.aio.msg import Msg
    from nats.js import JetStreamContext

BATCH: Final = 500
READER: Final = "relay"
"""The consumer's name: the relay's login may make and end this one, and no other."""
_FETCH_SECONDS: Final = 5.0
_IDLE_SECONDS: Final = 30.0


class Stored(NamedTuple):
    """A message as the stream holds it."""

    sequence: int
    log_index: int | None
    """The place in the log that it claims; None where it claims none."""
    message_id: str
    body: bytes


async def read_stream(
    jetstream: JetStreamContext, first: int, last: int
) -> AsyncIterator[list[Stored]]:
    """Yield the stream's messages from one sequence to another, both included, in batches.

    A request for each batch, not for each message. One reader at a time: it takes the place of who
    died while reading. Raises PublishError where the stream changes meanwhile, and what the
    broker's client raises while the broker is away.
    """
    config = ConsumerConfig(
        name=READER,
        deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
        opt_start_seq=first,
        ack_policy=AckPolicy.NONE,
        inactive_threshold=_IDLE_SECONDS,
        mem_storage=True,
        num_replicas=1,
    )
    await _end_reader(jetstream)
    await jetstream.add_consumer(EVENTS, config)
    subscription = await jetstream.pull_subscribe_bind(READER, stream=EVENTS)
    try:
        while first <= last:
            messages = await subscription.fetch(
                min(BATCH, last - first + 1), timeout=_FETCH_SECONDS
            )
            if not messages:
                raise PublishError(f"the stream ends before message {first}")
            first = messages[-1].metadata.sequence.stream + 1
            yield [_stored(each) for each in messages if each.metadata.sequence.stream <= last]
    finally:
        await subscription.unsubscribe()
        await _end_reader(jetstream)


async def _end_reader(jetstream: JetStreamContext) -> None:
    with suppress(NotFoundError):
        await jetstream.delete_consumer(EVENTS, READER)


def _stored(message: Msg) -> Stored:
    return Stored(
        message.metadata.sequence.stream,
        claimed_log_index(message.headers),
        (message.headers or {}).get(MESSAGE_ID_HEADER, ""),
        message.data,
    )
