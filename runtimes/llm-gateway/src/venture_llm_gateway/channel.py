"""From a call to its caller: bounded while somebody listens, without end when nobody does.

The call goes on when the caller has left: what it used has still to be known.
"""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAX_WAITING: Final = 64


@dataclass(frozen=True, slots=True)
class Head:
    """How an answer begins."""

    status: int
    headers: Mapping[str, str]


type Part = Head | bytes | None
"""None ends the answer."""


class ClosedError(Exception):
    """An answer has no end: whoever made it failed."""


class Channel:
    """Carries one answer."""

    def __init__(self) -> None:
        self._parts: asyncio.Queue[Part] = asyncio.Queue(MAX_WAITING)
        self._abandoned = False
        self._on_abandon: Callable[[], None] | None = None

    @property
    def abandoned(self) -> bool:
        """Whether nobody listens any more."""
        return self._abandoned

    async def put(self, part: Part) -> None:
        """Hand on a part; wait while the caller is slow, never for one that has left."""
        if not self._abandoned:
            await self._parts.put(part)

    async def get(self) -> Part:
        """Return the next part. Raises ClosedError where none will come."""
        try:
            return await self._parts.get()
        except asyncio.QueueShutDown:
            raise ClosedError from None

    def close(self) -> None:
        """Have nothing come any more; what was handed on is still there."""
        self._parts.shutdown()

    def when_abandoned(self, call: Callable[[], None]) -> None:
        """Have `call` called once nobody listens, at once where that is so."""
        self._on_abandon = call
        if self._abandoned:
            call()

    def abandon(self) -> None:
        """Stop listening. Whoever waits to hand on a part goes on."""
        if self._abandoned:
            return
        self._abandoned = True
        while not self._parts.empty():
            self._parts.get_nowait()
        if self._on_abandon is not None:
            self._on_abandon()
