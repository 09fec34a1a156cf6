"""One call at a time: whatever comes while a call is in flight goes into the next call."""

import asyncio
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncpg


class Coalescing[W]:
    """A queue of what waits, and one connection over which batches of it are settled in order.

    A lane says what goes into a batch, and settles it: it answers everybody in it, whatever
    happens. No timer delays a lone item, and under load hundreds share one flush to disk.
    """

    def __init__(self) -> None:
        self._queue: deque[W] = deque()
        self._filled = asyncio.Event()
        self._closing = False
        self._connection: asyncpg.Connection | None = None

    def put(self, waiting: W) -> None:
        """Queue an item for the next call."""
        self._queue.append(waiting)
        self._filled.set()

    def close(self) -> None:
        """End `run` once the queue is empty."""
        self._closing = True
        self._filled.set()

    async def run(self) -> None:
        """Settle what is put, until closed. No error ends it: each goes to those who wait."""
        try:
            while True:
                if not self._queue:
                    if self._closing:
                        return
                    self._filled.clear()
                    await self._filled.wait()
                    continue
                await self._settle(self._next_batch())
        finally:
            self._drop_connection()

    def _next_batch(self) -> list[W]:
        """Take what goes into the next call, at least one item."""
        raise NotImplementedError

    async def _settle(self, batch: list[W]) -> None:
        """Do it, and answer everybody in it."""
        raise NotImplementedError

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None
