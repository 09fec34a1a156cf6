"""The session kopf asks the API server through: what it is told is bounded, and never a refusal.

kopf takes what it gets: it parses whatever stands in an object, holds all of it while it handles
it, and ends its whole run for a 404 in one namespace or for one object that is nested too deeply.
A session of one's own is its documented way to talk differently. Ours speaks the part of aiohttp's
that kopf uses (`request`, and of the answer `status`, `json` and `content`), and

- reads objects by `venture_core.kubernetes.bounded` and hands on their stubs,
- waits where the API server refuses or does not answer, and tells the stream so,
- answers discovery from the list of what is watched: a CRD that is not there yet is asked for
  until it is, instead of being left out for good.
"""

import asyncio
import json
from collections import defaultdict
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import structlog
from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential
from venture_core.kubernetes.access import AccessError
from venture_core.kubernetes.bounded import UnreadableError, read_event, read_page
from venture_core.kubernetes.client import JSON
from venture_core.kubernetes.errors import KubernetesError
from venture_core.kubernetes.paging import BoundedPages
from venture_core.kubernetes.resources import Resource

from venture_operator.services.watches import refusal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

    from venture_core.kubernetes.client import KubernetesClient

    from venture_operator.services.watches import Stream

NAMESPACES: Final = Resource("", "v1", "namespaces", "Namespace", namespaced=False)
CRDS: Final = Resource(
    "apiextensions.k8s.io",
    "v1",
    "customresourcedefinitions",
    "CustomResourceDefinition",
    namespaced=False,
)
"""kopf waits until these two are served; it does not read them (`scanning.disabled`)."""

type Query = dict[str, str]

SERVER: Final = "https://kubernetes"
"""What kopf puts before every path; the client behind the session knows the real one."""
EVENT_MAX_BYTES: Final = 8 * 1024 * 1024
"""A line over it is skipped; the API server stores no object that would give one."""
WATCH_SILENT_SECONDS: Final = 90.0
"""How long a watch may be silent: a bookmark comes every minute."""
BACKOFF_MAX_SECONDS: Final = 5.0

log = structlog.get_logger(__name__)


class WatchSession:
    """What kopf takes for its aiohttp session. It belongs to one event loop."""

    def __init__(
        self, client: KubernetesClient, streams: Sequence[Stream], connection: AsyncExitStack
    ) -> None:
        self._client = client
        self._connection = connection
        self._discovery = _discovery(streams)
        self._streams = {each.watch.resource.path(each.namespace): each for each in streams}
        self._pages = {path: BoundedPages(client, path, accept=JSON) for path in self._streams}
        self.closed = False
        self.headers = {"User-Agent": "venture"}

    async def request(self, method: str, url: str, **_: object) -> Answer:
        """Answer a request of kopf's; it makes no others than these."""
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query))
        if (found := self._discovery.get(parts.path)) is not None:
            return Answer(body=found)
        stream = self._streams.get(parts.path)
        if method.upper() != "GET" or stream is None:
            raise RuntimeError(f"kopf asked for {method} {url}, which nobody told it to")
        ask = self._watch if query.get("watch") else self._list
        return await self._patiently(stream, partial(ask, stream, parts.path, query))

    async def close(self) -> None:
        """Drop the connections."""
        self.closed = True
        await self._connection.aclose()

    async def _patiently(self, stream: Stream, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """Ask until there is an answer, however long that takes; say what stands against it."""
        stream.asked()
        retrying = AsyncRetrying(
            retry=retry_if_exception_type((KubernetesError, AccessError)),
            wait=wait_random_exponential(multiplier=0.25, max=BACKOFF_MAX_SECONDS),
        )
        try:
            async for attempt in retrying:
                with attempt:
                    try:
                        return await ask()
                    except KubernetesError as error:
                        stream.refused(refusal(error))
                        raise
                    except AccessError as error:
                        stream.refused(f"nobody can log in: {error}")
                        raise
        except BaseException:
            stream.left()
            raise
        raise AssertionError("tenacity gives up only where it is told to")

    async def _list(self, stream: Stream, path: str, query: Query) -> Answer:
        resource = stream.watch.resource
        try:
            data = await self._pages[path].read(query)
        except KubernetesError as error:
            if error.status == HTTPStatus.GONE:
                # The pages that are left belong to a past that is forgotten: from the start.
                raise aiohttp.ClientPayloadError(error.message) from error
            raise
        stream.heard()
        try:
            page = read_page(data, api_version=resource.api_version, kind=resource.kind)
        except UnreadableError as error:
            raise KubernetesError(0, "Unreadable", str(error)) from error
        for why in page.unreadable:
            _skip(stream, why)
        if not page.continue_token:
            stream.works(listed=True)
        stream.left()
        metadata = {"resourceVersion": page.resource_version, "continue": page.continue_token}
        items = [stream.watch.keep(item) for item in page.items]
        return Answer(body={"metadata": metadata, "items": items})

    async def _watch(self, stream: Stream, path: str, query: Query) -> Answer:
        opened = AsyncExitStack()
        try:
            found = await opened.enter_async_context(
                self._client.stream(path, query, silent_seconds=WATCH_SILENT_SECONDS)
            )
        except KubernetesError as error:
            if error.status != HTTPStatus.GONE:
                raise
            # kopf lists again when a watch says so, but not when the request is refused so.
            return Answer(content=Lines(_said({"type": "ERROR", "object": {"code": 410}})))
        opened.callback(stream.left)
        stream.works(listed=False)
        return Answer(content=Lines(_events(stream, found.content)), closing=opened)


class Lines:
    """The lines of a watch, as kopf reads them."""

    def __init__(self, lines: AsyncIterator[bytes]) -> None:
        self._lines = lines

    def iter_chunked(self, _size: int) -> AsyncIterator[bytes]:
        """Yield line by line, whatever size is asked for."""
        return self._lines


@dataclass(slots=True)
class Answer:
    """What kopf takes for an HTTP response; it is always a success."""

    body: dict[str, Any] | None = None
    content: Lines | None = None
    closing: AsyncExitStack = field(default_factory=AsyncExitStack)
    status: int = HTTPStatus.OK
    _closing: set[asyncio.Task[None]] = field(default_factory=set)

    async def json(self) -> dict[str, Any] | None:
        """Return the body."""
        return self.body

    def close(self) -> None:
        """Drop the connection, from a callback."""
        self._closing.add(asyncio.ensure_future(self.closing.aclose()))

    async def __aenter__(self) -> Answer:
        """Read it within a context, as kopf does."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Drop the connection."""
        await self.closing.aclose()


async def _said(event: Mapping[str, object]) -> AsyncIterator[bytes]:
    yield _line(event)


async def _events(stream: Stream, content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """Yield what a watch tells, each object reduced to its stub."""
    rest = bytearray()
    skipping = False
    async for chunk in content.iter_any():
        stream.heard()
        *lines, last = chunk.split(b"\n")
        for line in lines:
            whole, rest = rest + line, bytearray()
            if whole and not skipping:
                yield _told(stream, bytes(whole))
            skipping = False
        rest += last
        if len(rest) > EVENT_MAX_BYTES:
            _skip(stream, f"an event of more than {len(rest)} bytes")
            rest, skipping = bytearray(), True


def _told(stream: Stream, line: bytes) -> bytes:
    try:
        event = read_event(line)
    except UnreadableError as error:
        _skip(stream, str(error))
        return b""
    if event.type in {"ERROR", "BOOKMARK"}:
        return _line({"type": event.type, "object": event.object})
    return _line({"type": event.type, "object": stream.watch.keep(event.object)})


def _skip(stream: Stream, why: str) -> None:
    log.error("watch_object_skipped", resource=stream.watch.resource.plural, reason=why)


def _line(event: Mapping[str, object]) -> bytes:
    return json.dumps(event, separators=(",", ":")).encode() + b"\n"


def _discovery(streams: Sequence[Stream]) -> dict[str, dict[str, Any]]:
    """Return by path what kopf asks to learn what the cluster serves: what is watched, no more."""
    versions: dict[tuple[str, str], set[Resource]] = defaultdict(set)
    for resource in {NAMESPACES, CRDS, *(each.watch.resource for each in streams)}:
        versions[resource.group, resource.version].add(resource)
    groups = [
        {
            "name": group,
            "preferredVersion": {"version": version},
            "versions": [{"version": version}],
        }
        for group, version in versions
        if group
    ]
    answers: dict[str, dict[str, Any]] = {
        "/api": {"versions": [version for group, version in versions if not group]},
        "/apis": {"groups": groups},
    }
    for (group, version), found in versions.items():
        path = f"/apis/{group}/{version}" if group else f"/api/{version}"
        answers[path] = {"resources": [_served(each) for each in found]}
    return answers


def _served(resource: Resource) -> dict[str, Any]:
    return {
        "name": resource.plural,
        "singularName": resource.kind.lower(),
        "kind": resource.kind,
        "namespaced": resource.namespaced,
        "verbs": ["list", "watch"],
    }
