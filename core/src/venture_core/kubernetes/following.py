"""All objects of one resource, as they are.

Of a small one for whoever must know when it cannot see them, of a large one for whoever only wants
to know what it can.
"""

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol

import aiohttp
import structlog
from tenacity import AsyncRetrying, retry_if_exception_type, wait_exponential_jitter

from venture_core.kubernetes.client import INITIAL_EVENTS_END
from venture_core.kubernetes.errors import KubernetesError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Set

    from venture_core.kubernetes.client import Body, KubernetesClient
    from venture_core.kubernetes.resources import Resource

WATCH_SECONDS: Final = 20
"""After so long a watch is begun anew: a connection that died in silence is noticed by then."""
SIGHT_SECONDS: Final = 35.0
"""For how long what was seen last counts, without a watch that works."""

CHANGES_SECONDS: Final = 240
"""After so long a watch of changes goes on where it was."""
_TOO_OLD: Final = 410

log = structlog.get_logger(__name__)

type Take = Callable[[Mapping[str, Body]], Awaitable[None]]
"""Takes over all objects by their uid, when something of them changed."""


class Following:
    """Follows a resource in the whole cluster. The client may list and watch it."""

    def __init__(self, client: KubernetesClient, resource: Resource, take: Take) -> None:
        self._client = client
        self._resource = resource
        self._take = take
        self._seen_until = 0.0
        self._seen = asyncio.Event()

    async def first_sight(self, seconds: float) -> None:
        """Wait until all was seen once, for so long at most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._seen.wait()

    @property
    def in_sight(self) -> bool:
        """Whether what was taken is how things are, up to SIGHT_SECONDS ago."""
        return time.monotonic() <= self._seen_until

    async def run(self) -> None:
        """Follow until cancelled."""
        watching = _patiently(self._resource)
        while True:
            await watching(self._watch)

    async def _watch(self) -> None:
        """Watch once: all that exist come first, then what changes."""
        found: dict[str, Body] = {}
        complete = False
        events = self._client.watch(
            self._resource, timeout_seconds=WATCH_SECONDS, bookmarks=True, initial=True
        )
        async for kind, body in events:
            if kind == "BOOKMARK":
                if complete or INITIAL_EVENTS_END not in body["metadata"].get("annotations", {}):
                    continue
                complete = True
            elif kind == "DELETED":
                found.pop(body["metadata"]["uid"], None)
            else:
                found[body["metadata"]["uid"]] = body
            if complete:
                await self._take(found)
                self._seen_until = time.monotonic() + SIGHT_SECONDS
                self._seen.set()


class Kept(Protocol):
    """What is kept of the objects of a resource."""

    def put(self, body: Body) -> None:
        """Take over an object that is new or has changed."""

    def remove(self, uid: str) -> None:
        """Forget an object that was deleted."""

    def retain(self, uids: Set[str]) -> None:
        """Forget all objects but these."""


class Changes:
    """Tells of a resource in the whole cluster: everything at first, and then what changes.

    Nothing says how old the news are. The client may list and watch the resource.
    """

    def __init__(self, client: KubernetesClient, resource: Resource, kept: Kept) -> None:
        self._client = client
        self._resource = resource
        self._kept = kept
        self._version = ""

    async def run(self) -> None:
        """Follow until cancelled."""
        watching = _patiently(self._resource)
        while True:
            await watching(self._watch)

    async def _watch(self) -> None:
        try:
            await self._take()
        except KubernetesError as error:
            if error.status == _TOO_OLD:
                self._version = ""
            raise

    async def _take(self) -> None:
        first: set[str] | None = None if self._version else set()
        events = self._client.watch(
            self._resource,
            resource_version=self._version,
            timeout_seconds=CHANGES_SECONDS,
            bookmarks=True,
            initial=first is not None,
        )
        async for kind, body in events:
            metadata = body["metadata"]
            if kind == "DELETED":
                self._kept.remove(metadata["uid"])
            elif kind != "BOOKMARK":
                self._kept.put(body)
                if first is not None:
                    first.add(metadata["uid"])
            elif first is not None and INITIAL_EVENTS_END in metadata.get("annotations", {}):
                self._kept.retain(first)
                first = None
            if first is None:
                self._version = metadata["resourceVersion"]


def _patiently(resource: Resource) -> AsyncRetrying:
    return AsyncRetrying(
        retry=retry_if_exception_type((KubernetesError, aiohttp.ClientError, TimeoutError)),
        wait=wait_exponential_jitter(multiplier=0.2, max=5),
        before_sleep=lambda state: log.warning(
            "not_in_sight",
            resource=resource.plural,
            error=repr(state.outcome.exception() if state.outcome else None),
        ),
    )
