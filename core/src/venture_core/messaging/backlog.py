"""What an earlier process of a consumer had in hand when it died comes again late.

The broker hands new events out at once, and unacknowledged ones only when their time is up. A
process that starts therefore holds new events back until the old ones have come again, so that
none overtakes an earlier one of its workflow.
"""

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nats.aio.msg import Msg


class Backlog:
    """Puts the events at the start of a process into the order of the stream."""

    def __init__(
        self, *, last_delivered: int, unacknowledged: int, patience_seconds: float
    ) -> None:
        """Expect so many events up to the stream sequence `last_delivered` to come again.

        Should they not (another process of the consumer still has them), then after
        `patience_seconds` the others go on without them.
        """
        self._last_delivered = last_delivered
        self._missing = unacknowledged
        self._until = time.monotonic() + patience_seconds
        self._waiting: list[Msg] = []

    def take(self, message: Msg) -> list[Msg]:
        """Take an event that came; return those that may be handled now, in order."""
        self._waiting.append(message)
        if message.metadata.sequence.stream <= self._last_delivered:
            self._missing -= 1
        return self.ready()

    def ready(self) -> list[Msg]:
        """Return what may be handled now, if anything."""
        if self._missing > 0 and time.monotonic() < self._until:
            return []
        return self.abandon()

    def abandon(self) -> list[Msg]:
        """Return everything that is held back, in order."""
        ready = sorted(self._waiting, key=lambda each: each.metadata.sequence.stream)
        self._missing, self._waiting = 0, []
        return ready
