"""A coalescing queue: a key that waits is not queued twice, and one worker has it at a time.

The semantics are those of client-go's workqueue: a key added while it is worked on is queued again
when that work is done, so no wake-up is lost and no two workers meet on one object. Beside them,
lanes take turns: whoever comes to an empty lane waits for one key of each other, however many wait.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable


class QueueClosedError(Exception):
    """No key will come any more."""


class WorkQueue[K: Hashable]:
    """Keys to work on: of each lane in the order of their first wake-up.

    `on_taken` is called with the seconds each key waited, `lane_of` with a key. Not thread-safe:
    one event loop.
    """

    def __init__(
        self,
        on_taken: Callable[[float], None] = lambda _seconds: None,
        lane_of: Callable[[K], Hashable] = lambda _key: None,
    ) -> None:
        self._lanes: OrderedDict[Hashable, OrderedDict[K, float]] = OrderedDict()
        self._lane_of = lane_of
        self._working: set[K] = set()
        self._again: set[K] = set()
        self._timers: dict[K, asyncio.TimerHandle] = {}
        self._wakeup = asyncio.Event()
        self._on_taken = on_taken
        self._closed = False

    def __len__(self) -> int:
        return sum(map(len, self._lanes.values()))

    def add(self, key: K) -> None:
        """Wake `key` now; a delayed wake-up of it is dropped."""
        if timer := self._timers.pop(key, None):
            timer.cancel()
        if key in self._working:
            self._again.add(key)
            return
        lane = self._lanes.setdefault(self._lane_of(key), OrderedDict())
        lane.setdefault(key, time.monotonic())
        self._wakeup.set()

    def add_after(self, key: K, delay_seconds: float) -> None:
        """Wake `key` after a delay, or at an earlier time that was set before."""
        loop = asyncio.get_running_loop()
        due = loop.time() + delay_seconds
        if (timer := self._timers.get(key)) is not None:
            if timer.when() <= due:
                return
            timer.cancel()
        self._timers[key] = loop.call_at(due, self.add, key)

    async def take(self) -> K:
        """Wait for a key and take it; the caller must call `done` with it.

        Raises QueueClosedError once the queue is closed, whatever still waits in it.
        """
        while not self._lanes and not self._closed:
            self._wakeup.clear()
            await self._wakeup.wait()
        if self._closed:
            raise QueueClosedError
        name, lane = self._lanes.popitem(last=False)
        key, since = lane.popitem(last=False)
        if lane:
            # Its next key comes when every other lane had its turn.
            self._lanes[name] = lane
        self._working.add(key)
        self._on_taken(time.monotonic() - since)
        return key

    def done(self, key: K) -> None:
        """Give `key` back; it is queued again if it was woken meanwhile."""
        self._working.discard(key)
        if key in self._again:
            self._again.discard(key)
            self.add(key)

    def close(self) -> None:
        """Hand out no more keys and drop all delayed wake-ups."""
        self._closed = True
        self._wakeup.set()
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
