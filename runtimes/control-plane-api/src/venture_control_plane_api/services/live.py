"""The events of namespaces as they come, for as long as the caller may see them."""

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from venture_core.identity.access import Action, require_access
from venture_core.kubernetes.resources import MONEY_INTENTS, WORKFLOWS
from venture_core.record.feed import FeedUnavailableError

from venture_control_plane_api.services.access import unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from venture_core.identity.callers import ClusterUser
    from venture_core.kubernetes.client import KubernetesClient
    from venture_core.record.feed import Feed

LOOK_SECONDS: Final = 0.5
RIGHTS_SECONDS: Final = 10.0
"""How long a stream goes on after the caller has lost the session or the rights."""
BEAT_SECONDS: Final = 15.0
MAX_SECONDS: Final = 600.0
"""After so long a stream ends by itself, and its reader comes back with the last place."""

type Told = Happened | Beat | Reset


@dataclass(frozen=True, slots=True)
class Happened:
    """An event, and its place in the log."""

    index: int
    namespace: str
    event: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Beat:
    """Where the reader is by now, also where nothing happened in what it reads."""

    index: int


@dataclass(frozen=True, slots=True)
class Reset:
    """The log has no such place: it lost its end, or the place is another log's.

    What the reader has shown may be wrong; it goes on at the end.
    """


class Live:
    """Tells what happens. The log is looked at while there are readers."""

    def __init__(self, client: KubernetesClient, feed: Feed) -> None:
        self._client = client
        self._feed = feed
        self._end = -1
        self._looked_at = -LOOK_SECONDS
        self._looking = asyncio.Lock()

    async def require(self, user: ClusterUser, *namespaces: str) -> None:
        """Return if the user may see what goes on in these namespaces. Raises Problem."""
        for namespace in namespaces:
            for resource in (WORKFLOWS, MONEY_INTENTS):
                action = Action("watch", resource.group, resource.plural, namespace)
                await require_access(self._client, user, action)

    async def end(self) -> int:
        """Return the last place of the log, at most half a second old. Raises Problem.

        All streams share the answer, so that the database is not asked by each of them.
        """
        async with self._looking:
            if time.monotonic() - self._looked_at >= LOOK_SECONDS:
                try:
                    self._end = await self._feed.end()
                except FeedUnavailableError as error:
                    raise unavailable(str(error)) from error
                self._looked_at = time.monotonic()
            return self._end

    async def follow(
        self, namespaces: tuple[str, ...], after: int | None, still: Callable[[], Awaitable[None]]
    ) -> AsyncIterator[Told]:
        """Tell of events whose places are over `after` (None: from now on), in the log's order.

        Raises Problem where the log cannot be read, and what `still` raises where the caller may
        see no more.
        """
        end = await self.end()
        cursor = end if after is None else after
        if cursor > end:
            yield Reset()
            cursor = end
        yield Beat(cursor)
        began = checked = beaten = time.monotonic()
        while (now := time.monotonic()) - began < MAX_SECONDS:
            if now - checked >= RIGHTS_SECONDS:
                await still()
                checked = now
            moved = False
            while cursor < await self.end():
                found, cursor = await self._after(namespaces, cursor)
                moved = True
                for each in found:
                    yield each
            if moved or now - beaten >= BEAT_SECONDS:
                yield Beat(cursor)
                beaten = now
            await asyncio.sleep(LOOK_SECONDS)

    async def _after(self, namespaces: tuple[str, ...], cursor: int) -> tuple[list[Happened], int]:
        """Return what a part of the log has of the namespaces, and where that part ends."""
        try:
            parts = [(each, await self._feed.after(each, cursor)) for each in namespaces]
        except FeedUnavailableError as error:
            raise unavailable(str(error)) from error
        # The log may have grown between two questions: further than all of them nobody looked.
        last = min(part.last for _, part in parts)
        found = [
            Happened(each.index, namespace, each.event)
            for namespace, part in parts
            for each in part.events
            if each.index <= last
        ]
        return sorted(found, key=lambda each: each.index), last
