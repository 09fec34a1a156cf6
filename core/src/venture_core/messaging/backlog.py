"""What an earlier process of a consumer had in hand when it died comes again late.

The broker hands new events out at once, and unacknowledged ones only when their time is up. A
process that starts therefore holds new events back until the old ones have come again, so that
none overtakes an earlier one of its workflow. It does not wait for ever: what has not come by then
a consumer that can ask the record takes out of it (`venture_core.messaging.gaps`).
"""

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nats.aio.msg import Msg
    from nats.js.api import ConsumerInfo


class Backlog:
    """Puts the events at the start of a process into the order of the stream."""

    def __init__(self, info: ConsumerInfo, *, in_hand: set[int], patience_seconds: float) -> None:
        """Expect what the broker counts as unacknowledged to come again, but for what is in hand.

        `in_hand` are the stream sequences of the events that this process has at work. Should the
        others not come (another process of the consumer still has them), then after
        `patience_seconds` the new ones go on without them.
        """
        self._last_delivered = info.delivered.stream_seq if info.delivered else 0
        self._until = time.monotonic() + patience_seconds
        self._waiting: dict[int, Msg] = {}
        self._met: set[int] = set()
        self._missing = 0
        self.recount(info, in_hand=in_hand)

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def is_holding(self) -> bool:
        """Whether older events are still awaited."""
        return self._missing > 0 and time.monotonic() < self._until

    @property
    def waiting(self) -> Iterable[Msg]:
        """What is held back."""
        return self._waiting.values()

    def recount(self, info: ConsumerInfo, *, in_hand: set[int]) -> None:
        """Learn from the broker how many are still to come.

        The first count may be too high: the acknowledgements of the process before may have been
        under way when it was made.
        """
        floor = info.ack_floor.stream_seq if info.ack_floor else 0
        last = info.delivered.stream_seq if info.delivered else 0
        ours = {each for each in in_hand | self._waiting.keys() if floor < each <= last}
        self._met |= in_hand
        self._missing = (info.num_ack_pending or 0) - len(ours)

    def take(self, message: Msg) -> list[Msg]:
        """Take an event that came; return those that may be handled now, in order."""
        sequence = message.metadata.sequence.stream
        self._waiting[sequence] = message
        if sequence <= self._last_delivered and sequence not in self._met:
            self._met.add(sequence)
            self._missing -= 1
        return self.ready()

    def take_all(self, messages: Iterable[Msg]) -> list[Msg]:
        """Take events that came together; return those that may be handled now, in order."""
        return [ready for message in messages for ready in self.take(message)]

    def ready(self) -> list[Msg]:
        """Return what may be handled now, if anything, in the order of the stream."""
        if self.is_holding:
            return []
        ready = [self._waiting[sequence] for sequence in sorted(self._waiting)]
        self._missing, self._waiting, self._met = 0, {}, set()
        return ready
