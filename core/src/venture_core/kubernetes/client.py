"""Requests to the API server of one cluster. Bodies are plain dicts.

Typed models of all of Kubernetes would cost more CPU than all else on the reconcile path, and
their import alone ten times what a command of the CLI takes.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Self

from tenacity import (
    AsyncRetrying,
    retry_if_exception,
    stop_after_attempt,
    wait_random_exponential,
)

from venture_core.kubernetes.access import in_cluster
from venture_core.kubernetes.connection import Connection, whole
from venture_core.kubernetes.errors import (
    KubernetesError,
    NotFoundError,
    error_from_body,
    raise_for_status,
    unreachable,
)
from venture_core.kubernetes.exchange import NoAnswerError
from venture_core.kubernetes.kubeconfig import load_kubeconfig

if TYPE_CHECKING:
    import aiohttp

    from venture_core.kubernetes.access import Access
    from venture_core.kubernetes.resources import Resource

type Body = dict[str, Any]
type Bodies = list[Body]
type Reader = Callable[[bytes], Body]
"""How an answer becomes an object: `json.loads` for ours, others for what tenants wrote."""
type RequestObserver = Callable[[str, str, int, float], None]
"""Called after every request with verb, plural, HTTP status (0: none) and seconds."""

JSON: Final = "application/json"
MERGE_PATCH: Final = "application/merge-patch+json"
APPLY_PATCH: Final = "application/apply-patch+yaml"
METADATA_LIST: Final = f"{JSON};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
"""Objects without spec and status, in a list."""
TABLE: Final = f"{JSON};as=Table;g=meta.k8s.io;v=v1"
INITIAL_EVENTS_END: Final = "k8s.io/initial-events-end"
ANY_STATE: Final = {"If-Match": "*"}
REQUEST_TIMEOUT_SECONDS: Final = 30.0
LIST_PAGE_SIZE: Final = 500


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    name: str
    wide: bool
    """Whether kubectl shows it with `-o wide` only."""


@dataclass(frozen=True, slots=True)
class Table:
    """Objects as the API server tabulates them, by the columns that their CRD declares."""

    columns: tuple[Column, ...]
    rows: list[list[Any]]
    metadata: list[Body]
    """The `metadata` of each row's object."""


class KubernetesClient:
    """Reads and writes objects of any resource.

    Every request is tried three times when the server throttles, fails or drops the connection;
    callers must therefore name what they create, so that a repeated create says AlreadyExists.
    """

    def __init__(
        self, connection: Connection, *, namespace: str, observer: RequestObserver | None = None
    ) -> None:
        self.connection = connection
        self._observer = observer
        self.namespace = namespace
        """The namespace of the kubeconfig's context or of the pod, else `default`."""

    @classmethod
    @asynccontextmanager
    async def connect(
        cls, access: Access, observer: RequestObserver | None = None, *, brief: bool = False
    ) -> AsyncIterator[Self]:
        """Connect to a cluster; nothing is sent before the first request.

        `brief` is for programs that soon end: most of their time would go into imports.
        """
        async with Connection(access, brief=brief) as connection:
            yield cls(connection, namespace=access.namespace, observer=observer)

    @classmethod
    @asynccontextmanager
    async def in_cluster(cls, observer: RequestObserver | None = None) -> AsyncIterator[Self]:
        """Connect with the pod's service account. KubeconfigError outside of a pod."""
        async with cls.connect(in_cluster(), observer) as client:
            yield client

    @classmethod
    @asynccontextmanager
    async def from_kubeconfig(
        cls,
        path: str | None = None,
        context: str | None = None,
        observer: RequestObserver | None = None,
        *,
        brief: bool = False,
    ) -> AsyncIterator[Self]:
        """Connect as kubectl would: `path` (default: $KUBECONFIG) and `context` (default: current).

        Raises KubeconfigError where there is no such file or context, or it cannot be understood.
        """
        access = await asyncio.to_thread(load_kubeconfig, path, context)
        async with cls.connect(access, observer, brief=brief) as client:
            yield client

    async def get(
        self,
        resource: Resource,
        name: str,
        namespace: str | None = None,
        *,
        read: Reader = json.loads,
    ) -> Body | None:
        """Return the object, or None where there is none of that name."""
        path = resource.path(namespace, name)
        try:
            return await self.request("GET", resource.plural, path, read=read)
        except NotFoundError:
            return None

    async def list(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        label_selector: str = "",
        field_selector: str = "",
    ) -> Bodies:
        """Return all objects of a namespace (None: of all), read page by page."""
        pages = self.pages(
            resource, namespace, label_selector=label_selector, field_selector=field_selector
        )
        return [item async for page in pages for item in page]

    async def pages(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        label_selector: str = "",
        field_selector: str = "",
        size: int = LIST_PAGE_SIZE,
        read: Reader = json.loads,
    ) -> AsyncIterator[Bodies]:
        """Yield the objects of a namespace (None: of all) in pages of at most `size`.

        All are of the same moment, unless reading took so long (minutes) that the server forgot
        it: the rest is then of a later one.
        """
        query = _selection(label_selector, field_selector) | {"limit": str(size)}
        async for body in self._chunks(resource, namespace, query, read=read):
            items: Bodies = body["items"]
            for item in items:
                # A list leaves out what its own kind already says.
                item["apiVersion"], item["kind"] = resource.api_version, resource.kind
            yield items

    async def metadata(
        self, resource: Resource, namespace: str | None = None, *, label_selector: str = ""
    ) -> AsyncIterator[Bodies]:
        """Yield page by page the metadata of all objects of a namespace (None: of all).

        Pages are bounded in bytes: metadata of tenants' objects may be large.
        """
        from venture_core.kubernetes.bounded import read_page
        from venture_core.kubernetes.paging import BoundedPages

        pages = BoundedPages(self, resource.path(namespace), accept=METADATA_LIST)
        query = _selection(label_selector, "")
        while True:
            data = await pages.read(query)
            page = read_page(data, api_version=resource.api_version, kind=resource.kind)
            yield page.items
            if not page.continue_token:
                return
            query["continue"] = page.continue_token

    async def table(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        label_selector: str = "",
        field_selector: str = "",
    ) -> Table:
        """Return the objects of a namespace (None: of all) as `kubectl get` would print them."""
        query = _selection(label_selector, field_selector)
        query |= {"limit": str(LIST_PAGE_SIZE), "includeObject": "Metadata"}
        columns: tuple[Column, ...] = ()
        rows: list[list[Any]] = []
        metadata: list[Body] = []
        async for body in self._chunks(resource, namespace, query, TABLE):
            # Only the first page says what the columns are.
            named = body.get("columnDefinitions") or []
            columns = columns or tuple(
                Column(each["name"], bool(each.get("priority"))) for each in named
            )
            for row in body.get("rows") or []:
                rows.append(row["cells"])
                metadata.append(row["object"]["metadata"])
        return Table(columns, rows, metadata)

    async def _chunks(
        self,
        resource: Resource,
        namespace: str | None,
        query: dict[str, str],
        accept: str = JSON,
        read: Reader = json.loads,
    ) -> AsyncIterator[Body]:
        path = resource.path(namespace)
        while True:
            try:
                body = await self.request(
                    "GET", resource.plural, path, query=query, accept=accept, read=read
                )
            except KubernetesError as error:
                if error.status != HTTPStatus.GONE or not error.continue_token:
                    raise
                query["continue"] = error.continue_token
                continue
            yield body
            if not (token := body.get("metadata", {}).get("continue")):
                return
            query["continue"] = token

    async def create(
        self,
        resource: Resource,
        body: Body,
        namespace: str | None = None,
        *,
        strict: bool = False,
        dry_run: bool = False,
    ) -> Body:
        """Create the object; `strict` refuses unknown fields instead of dropping them.

        Raises AlreadyExistsError where the name is taken.
        """
        query = {"fieldValidation": "Strict"} if strict else {}
        if dry_run:
            query["dryRun"] = "All"
        path = resource.path(namespace)
        return await self.request("POST", resource.plural, path, query=query, body=body)

    async def replace(self, resource: Resource, body: Body, namespace: str | None = None) -> Body:
        """Replace the object; ConflictError where its resourceVersion is not current."""
        path = resource.path(namespace, body["metadata"]["name"])
        return await self.request("PUT", resource.plural, path, body=body)

    async def patch(
        self,
        resource: Resource,
        name: str,
        patch: Body,
        namespace: str | None = None,
        *,
        subresource: str | None = None,
        read: Reader = json.loads,
    ) -> Body:
        """Apply an RFC 7396 merge patch to the object or its subresource."""
        path = resource.path(namespace, name, subresource)
        return await self.request(
            "PATCH", resource.plural, path, body=patch, content_type=MERGE_PATCH, read=read
        )

    async def apply(
        self, resource: Resource, body: Body, namespace: str | None = None, *, field_manager: str
    ) -> Body:
        """Server-side apply the object, taking over the fields it names."""
        path = resource.path(namespace, body["metadata"]["name"])
        query = {"fieldManager": field_manager, "force": "true"}
        return await self.request(
            "PATCH", resource.plural, path, query=query, body=body, content_type=APPLY_PATCH
        )

    async def delete(self, resource: Resource, name: str, namespace: str | None = None) -> bool:
        """Delete the object and, in the background, its dependants. False where it was gone."""
        path = resource.path(namespace, name)
        body = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"}
        try:
            # Our own API asks which state is meant; the API server does not.
            await self.request("DELETE", resource.plural, path, body=body, headers=ANY_STATE)
        except NotFoundError:
            return False
        return True

    async def watch(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        label_selector: str = "",
        field_selector: str = "",
        resource_version: str = "",
        timeout_seconds: int = 60,
        bookmarks: bool = False,
        initial: bool = False,
        read: Reader = json.loads,
    ) -> AsyncIterator[tuple[str, Body]]:
        """Yield (event type, object) until the server ends the stream after `timeout_seconds`.

        With `bookmarks` the server says about once a minute, by a BOOKMARK with nothing but its
        `metadata.resourceVersion`, from where on to watch next. With `initial` (needs `bookmarks`,
        and Kubernetes 1.32) every object comes first as ADDED, in place of a list, and then a
        bookmark with the annotation INITIAL_EVENTS_END. Raises KubernetesError with status
        410 where `resource_version` is too old (list again), aiohttp's errors and TimeoutError
        where the stream breaks.
        """
        query = _selection(label_selector, field_selector)
        query |= {"watch": "true", "timeoutSeconds": str(timeout_seconds)}
        if resource_version:
            query["resourceVersion"] = resource_version
        if bookmarks:
            query["allowWatchBookmarks"] = "true"
        if initial:
            query |= {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
        import aiohttp

        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=timeout_seconds + 10)
        path = resource.path(namespace)
        async with self.connection.send("GET", path, query=query, timeout=timeout) as response:
            await require_success(response)
            async for line in response.content:
                event = read(line)
                if event["type"] == "ERROR":
                    raise error_from_body(event["object"].get("code", 0), event["object"])
                yield event["type"], event["object"]

    @asynccontextmanager
    async def stream(
        self, path: str, query: Mapping[str, str], *, silent_seconds: float, accept: str = JSON
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Ask once and yield the answer, to be read piece by piece.

        Raises the KubernetesError that names the refusal, also when nothing comes for
        `silent_seconds`.
        """
        import aiohttp

        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=silent_seconds)
        try:
            async with self.connection.send(
                "GET", path, query=query, headers={"Accept": accept}, timeout=timeout
            ) as response:
                await require_success(response)
                yield response
        except (aiohttp.ClientError, TimeoutError) as error:
            raise unreachable(f"GET {path}", error) from error

    async def request(
        self,
        method: str,
        plural: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Body | None = None,
        content_type: str = JSON,
        accept: str = JSON,
        headers: Mapping[str, str] | None = None,
        read: Reader = json.loads,
    ) -> Body:
        """Send one request and return the decoded answer.

        Raises the KubernetesError that names the refusal, after three attempts where the
        refusal is retryable.
        """
        retrying = AsyncRetrying(
            retry=retry_if_exception(lambda each: getattr(each, "retryable", False)),
            wait=wait_random_exponential(multiplier=0.2, max=3),
            stop=stop_after_attempt(3),
            reraise=True,
        )
        sent = {"Accept": accept, **(headers or {})}
        data = None
        if body is not None:
            sent["Content-Type"] = content_type
            data = json.dumps(body, separators=(",", ":")).encode()
        async for attempt in retrying:
            with attempt:
                return await self._request_once(method, plural, path, query, sent, data, read)
        raise AssertionError("tenacity either returns or raises")

    async def _request_once(
        self,
        method: str,
        plural: str,
        path: str,
        query: Mapping[str, str] | None,
        headers: Mapping[str, str],
        data: bytes | None,
        read: Reader,
    ) -> Body:
        started = time.monotonic()
        status = 0
        try:
            answer = await self.connection.exchange(
                method,
                path,
                seconds=REQUEST_TIMEOUT_SECONDS,
                query=query,
                headers=headers,
                data=data,
            )
            status = answer.status
            raise_for_status(answer)
            return read(answer.body)
        except (NoAnswerError, TimeoutError) as error:
            raise unreachable(f"{method} {path}", error) from error
        finally:
            if self._observer is not None:
                self._observer(method, plural, status, time.monotonic() - started)


def _selection(label_selector: str, field_selector: str) -> dict[str, str]:
    selectors = {"labelSelector": label_selector, "fieldSelector": field_selector}
    return {name: value for name, value in selectors.items() if value}


async def require_success(response: aiohttp.ClientResponse) -> None:
    """Raise the KubernetesError that an answer is, unless it is a success."""
    if not response.ok:
        raise_for_status(await whole(response))
