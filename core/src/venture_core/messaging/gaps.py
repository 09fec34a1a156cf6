"""What a consumer missed: events that were not delivered to it, or not yet.

The stream keeps only so much, and says nothing of what it discards. What was on its way when the
broker died, or went to another process of the consumer, comes again late. A consumer that can ask
the record notices where an event does not follow the one before, and takes what is between out of
the record, in order; what the stream brings of it afterwards is a repetition. So the order is the
log's, however late anything comes. One that cannot ask at least says how much it missed.
"""

from collections import deque
from typing import TYPE_CHECKING, Final

import structlog

from venture_core.messaging import metrics
from venture_core.messaging.streams import EVENTS
from venture_core.messaging.subjects import is_captured

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from nats.js import JetStreamContext
    from nats.js.api import ConsumerInfo

    from venture_core.messaging.delivery import Delivery
    from venture_core.messaging.recorded import Look, Recorded
    from venture_core.messaging.settings import ConsumerSettings

STRETCH: Final = 200
"""How many events are read of the record at once."""
SEEN: Final = 100_000
"""How many messages' places are remembered: more than a consumer may have outstanding."""

log = structlog.get_logger(__name__)


class Progress:
    """How far a consumer has come in the log, as this process knows it."""

    def __init__(self, settings: ConsumerSettings, recorded: Recorded) -> None:
        self._settings = settings
        self._recorded = recorded
        self._session: int | None = None
        self._next: int | None = None
        self._last_sequence = self._last_delivery = 0
        self._in_doubt = True
        self._seen: deque[tuple[int, int]] = deque(maxlen=SEEN)
        self._acknowledged = self._settled = 0

    def begin(self, look: Look) -> bool:
        """Start over where the record is asked on another connection; tell whether it is."""
        if look.session == self._session:
            return False
        self._session = look.session
        self._next, self._in_doubt = look.next_log_index, True
        self._acknowledged = self._settled = look.next_log_index
        self._seen.clear()
        return True

    def delivered(self, number: int) -> None:
        """Note the broker's number of a delivery.

        It counts every one, those to other processes of the consumer too. Where it does not count
        up by one, something is under way that this process has not seen, and that may come late.
        """
        if number != self._last_delivery + 1:
            self._in_doubt = True
        self._last_delivery = number

    async def missed(
        self, jetstream: JetStreamContext, log_index: int, sequence: int
    ) -> AsyncGenerator[Delivery]:
        """Yield the events before this one that were not delivered, or not yet.

        `sequence` is its place in the stream.
        """
        first = self._next
        if first is not None and log_index > first and await self._is_gap(jetstream, sequence):
            async for delivery in self._read(first, log_index):
                yield delivery

    def came(self, log_index: int, sequence: int, *, is_first: bool) -> None:
        """Note that the stream delivered this one, and that nothing is missing before it.

        First deliveries come in the stream's order: after one (`is_first`) nothing was delivered
        yet. After one that comes again, others may have been.
        """
        if self._next is None or log_index >= self._next:
            self._next, self._last_sequence = log_index + 1, sequence
            self._in_doubt &= not is_first
        self._seen.append((sequence, log_index))

    async def settle(self, info: ConsumerInfo, first_in_hand: int | None) -> None:
        """Remember in the record what is settled: by us, and by what the broker says by all.

        `first_in_hand` is not older than `info`: what came out of the record meanwhile, before an
        event that is acknowledged already, must be seen in hand.
        """
        if self._session is None:
            return
        floor = info.ack_floor.stream_seq if info.ack_floor else 0
        while self._seen and self._seen[0][0] <= floor:
            self._acknowledged = max(self._acknowledged, self._seen.popleft()[1] + 1)
        bound = self._acknowledged
        if first_in_hand is not None:
            bound = min(bound, first_in_hand)
        if bound > self._settled:
            self._settled = bound
            await self._recorded.settle(bound, session=self._session)

    async def _is_gap(self, jetstream: JetStreamContext, sequence: int) -> bool:
        """Tell whether events before this one may be missing: under way, or discarded."""
        if self._in_doubt:
            return True
        if sequence <= self._last_sequence + 1:
            return False
        state = (await jetstream.stream_info(EVENTS)).state
        return state.first_seq > self._last_sequence + 1

    async def _read(self, first: int, end: int) -> AsyncIterator[Delivery]:
        name, filled, lost, begin = self._settings.name, 0, 0, first
        while first < end:
            stretch = await self._recorded.read(first, min(end, first + STRETCH))
            lost += stretch.unreadable
            for delivery in stretch.deliveries:
                if is_captured(delivery.event.event_type, self._settings.subjects):
                    filled += 1
                    yield delivery
            first = stretch.next_log_index
            self._next = first
        metrics.GAP_EVENTS.labels(name, "filled").inc(filled)
        metrics.GAP_EVENTS.labels(name, "lost").inc(lost)
        if filled:
            log.warning(
                "filled a gap from the record", consumer=name, first=begin, end=end, events=filled
            )
        if lost:
            log.error("the record no longer holds events of a gap", consumer=name, events=lost)


class GapWatch:
    """Says what a consumer without the record has missed: it can do no more."""

    def __init__(self, settings: ConsumerSettings) -> None:
        self._settings = settings
        self._told = 0

    def look(self, info: ConsumerInfo, first_sequence: int) -> None:
        """Compare how far the consumer came with where the stream begins now."""
        delivered = info.delivered.stream_seq if info.delivered else 0
        missing = first_sequence - 1 - max(delivered, self._told)
        if missing <= 0:
            return
        self._told = first_sequence - 1
        metrics.GAP_EVENTS.labels(self._settings.name, "lost").inc(missing)
        log.error(
            "the stream discarded messages before this consumer got them; those of its subjects "
            "are lost to it",
            consumer=self._settings.name,
            messages=missing,
        )
