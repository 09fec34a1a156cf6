"""The events of a namespace as they come, for as long as the caller may see them."""

import asyncio
import json
import time
from typing import TYPE_CHECKING, Final

from venture_core.http.problems import Problem
from venture_core.identity.access import Action, require_access
from venture_core.identity.callers import UnauthenticatedError, UnverifiableError
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
"""After so long a stream ends by itself, and its reader comes back with the last id."""


class Live:
    """Streams events by Server-Sent Events. The log is looked at while there are readers."""

    def __init__(self, client: KubernetesClient, feed: Feed) -> None:
        self._client = client
        self._feed = feed
        self._end = -1
        self._looked_at = -LOOK_SECONDS
        self._looking = asyncio.Lock()

    async def require(self, user: ClusterUser, namespace: str) -> None:
        """Return if the user may see what goes on in a namespace. Raises Problem."""
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

    async def stream(
        self, namespace: str, after: int | None, still: Callable[[], Awaitable[None]]
    ) -> AsyncIterator[bytes]:
        """Yield events whose places are over `after` (None: from now on), and beats between them.

        `still` raises where the caller may see no more: the stream ends.
        """
        end = await self.end()
        cursor = end if after is None else after
        if cursor > end:
            # The log has lost its end, or the id is of another: what was shown may be wrong.
            yield b"event: reset\ndata: {}\n\n"
            cursor = end
        yield _beat(cursor)
        began = checked = beaten = time.monotonic()
        while (now := time.monotonic()) - began < MAX_SECONDS:
            try:
                if now - checked >= RIGHTS_SECONDS:
                    await still()
                    checked = now
                moved = False
                while cursor < await self.end():
                    part = await self._feed.after(namespace, cursor)
                    for each in part.events:
                        yield _event(each.index, each.event)
                    moved, cursor = True, part.last
            except Problem, FeedUnavailableError, UnauthenticatedError, UnverifiableError:
                return
            if moved or now - beaten >= BEAT_SECONDS:
                yield _beat(cursor)
                beaten = now
            await asyncio.sleep(LOOK_SECONDS)


def _beat(cursor: int) -> bytes:
    """Move the reader's last id on where nothing of the namespace happened, and keep it open."""
    return f"id: {cursor}\n\n: beat\n\n".encode()


def _event(index: int, event: dict[str, object]) -> bytes:
    kind = str(event.get("event_type", "")).replace("\n", "").replace("\r", "")
    # JSON has no line break of its own, which would end the field.
    data = json.dumps(event, separators=(",", ":"))
    return f"id: {index}\nevent: {kind}\ndata: {data}\n\n".encode()
