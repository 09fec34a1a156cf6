"""One session to the API server: configuration and credentials come from kubernetes_asyncio.

Bodies are plain dicts: on the reconcile path, building kubernetes_asyncio's typed models costs
as much CPU as everything else together.
"""

import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Self

import aiohttp
from kubernetes_asyncio import config as kube_config
from kubernetes_asyncio.client import ApiClient, Configuration
from tenacity import (
    AsyncRetrying,
    retry_if_exception,
    stop_after_attempt,
    wait_random_exponential,
)

from venture_core.kubernetes.bounded import read_page
from venture_core.kubernetes.errors import KubernetesError, NotFoundError, error_from_status

if TYPE_CHECKING:
    from venture_core.kubernetes.resources import Resource

type Body = dict[str, Any]
type Reader = Callable[[bytes], Body]
"""How an answer becomes an object: `json.loads` for ours, `read_object` for what tenants wrote."""
type RequestObserver = Callable[[str, str, int, float], None]
"""Called after every request with verb, plural, HTTP status (0: none) and seconds."""

JSON = "application/json"
METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
"""Objects without spec and status, in a list."""
MERGE_PATCH = "application/merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
REQUEST_TIMEOUT_SECONDS = 30.0
LIST_PAGE_SIZE = 500


def _is_retryable(error: BaseException) -> bool:
    return isinstance(error, KubernetesError) and error.retryable


class KubernetesClient:
    """Reads and writes objects of any resource.

    Every request is tried three times when the server throttles, fails or drops the connection;
    callers must therefore name what they create, so that a repeated create says AlreadyExists.
    """

    def __init__(
        self, api: ApiClient, *, namespace: str, observer: RequestObserver | None = None
    ) -> None:
        self._api = api
        self._observer = observer
        self.namespace = namespace
        """The namespace of the current kubeconfig context, `default` where it names none."""

    @classmethod
    @asynccontextmanager
    async def in_cluster(cls, observer: RequestObserver | None = None) -> AsyncIterator[Self]:
        """Connect with the pod's service account."""
        configuration = Configuration()
        kube_config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        async with ApiClient(configuration) as api:
            yield cls(api, namespace="default", observer=observer)

    @classmethod
    @asynccontextmanager
    async def from_kubeconfig(
        cls,
        path: str | None = None,
        context: str | None = None,
        observer: RequestObserver | None = None,
    ) -> AsyncIterator[Self]:
        """Connect as kubectl would: `path` (default: $KUBECONFIG) and `context` (default: current).

        Raises kubernetes_asyncio's ConfigException where there is no such file or context.
        """
        configuration = Configuration()
        loader = await kube_config.load_kube_config(
            config_file=path, context=context, client_configuration=configuration
        )
        current = (loader.current_context or {}).get("context", {})
        namespace = current.get("namespace") or "default"
        async with ApiClient(configuration) as api:
            yield cls(api, namespace=namespace, observer=observer)

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

    async def metadata(
        self, resource: Resource, namespace: str | None = None, *, label_selector: str = ""
    ) -> AsyncIterator[list[Body]]:
        """Yield page by page the metadata of all objects of a namespace (None: of all)."""
        query = {"limit": str(LIST_PAGE_SIZE), "labelSelector": label_selector}
        path = resource.path(namespace)
        while True:
            page = await self._request(
                "GET",
                resource.plural,
                path,
                query=query,
                accept=METADATA_LIST,
                read=lambda data: read_page(
                    data, api_version=resource.api_version, kind=resource.kind
                ),
            )
            yield page.items
            if not page.continue_token:
                return
            query["continue"] = page.continue_token

    async def list(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        label_selector: str = "",
        field_selector: str = "",
    ) -> list[Body]:
        """Return all objects of a namespace (None: of all), page by page."""
        query = {"limit": str(LIST_PAGE_SIZE)}
        if label_selector:
            query["labelSelector"] = label_selector
        if field_selector:
            query["fieldSelector"] = field_selector
        items: list[Body] = []
        while True:
            page = await self.request("GET", resource.plural, resource.path(namespace), query=query)
            for item in page["items"]:
                # A list leaves out what its own kind already says.
                item.setdefault("apiVersion", resource.api_version)
                item.setdefault("kind", resource.kind)
                items.append(item)
            if not (token := page.get("metadata", {}).get("continue")):
                return items
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
            await self.request("DELETE", resource.plural, path, body=body)
        except NotFoundError:
            return False
        return True

    async def watch(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        field_selector: str = "",
        resource_version: str = "",
        timeout_seconds: int = 60,
    ) -> AsyncIterator[tuple[str, Body]]:
        """Yield (event type, object) until the server ends the stream after `timeout_seconds`.

        Raises KubernetesError with status 410 where `resource_version` is too old: list again.
        """
        query = {"watch": "true", "timeoutSeconds": str(timeout_seconds)}
        if field_selector:
            query["fieldSelector"] = field_selector
        if resource_version:
            query["resourceVersion"] = resource_version
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=timeout_seconds + 10)
        path = resource.path(namespace)
        async with self._send("GET", path, query=query, timeout=timeout) as response:
            await _raise_for_status(response)
            async for line in response.content:
                event = json.loads(line)
                if event["type"] == "ERROR":
                    raise _error_from_body(event["object"].get("code", 0), event["object"])
                yield event["type"], event["object"]

    @asynccontextmanager
    async def stream(
        self, path: str, query: Mapping[str, str], *, silent_seconds: float
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Ask once and yield the answer, to be read piece by piece.

        Raises the KubernetesError that names the refusal, also when nothing comes for
        `silent_seconds`.
        """
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=silent_seconds)
        try:
            async with self._send("GET", path, query=query, timeout=timeout) as response:
                await _raise_for_status(response)
                yield response
        except (aiohttp.ClientError, TimeoutError) as error:
            message = f"the API server did not answer GET {path}: {error!r}"
            raise KubernetesError(0, "Unreachable", message) from error

    async def request(
        self,
        method: str,
        plural: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Body | None = None,
        content_type: str = JSON,
        read: Reader = json.loads,
    ) -> Body:
        """Send one request and return the decoded answer.

        Raises the KubernetesError that names the refusal, after three attempts where the
        refusal is retryable.
        """
        return await self._request(
            method, plural, path, query=query, body=body, content_type=content_type, read=read
        )

    async def _request[T](
        self,
        method: str,
        plural: str,
        path: str,
        *,
        read: Callable[[bytes], T],
        query: Mapping[str, str] | None = None,
        body: Body | None = None,
        content_type: str = JSON,
        accept: str = JSON,
    ) -> T:
        retrying = AsyncRetrying(
            retry=retry_if_exception(_is_retryable),
            wait=wait_random_exponential(multiplier=0.2, max=3),
            stop=stop_after_attempt(3),
            reraise=True,
        )
        async for attempt in retrying:
            with attempt:
                return await self._request_once(
                    method, plural, path, read, query, body, content_type, accept
                )
        raise AssertionError("tenacity either returns or raises")

    async def _request_once[T](
        self,
        method: str,
        plural: str,
        path: str,
        read: Callable[[bytes], T],
        query: Mapping[str, str] | None,
        body: Body | None,
        content_type: str,
        accept: str,
    ) -> T:
        timeout = aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_SECONDS)
        started = time.monotonic()
        status = 0
        try:
            async with self._send(
                method,
                path,
                query=query,
                body=body,
                content_type=content_type,
                accept=accept,
                timeout=timeout,
            ) as response:
                status = response.status
                await _raise_for_status(response)
                return read(await response.read())
        except (aiohttp.ClientError, TimeoutError) as error:
            message = f"the API server did not answer {method} {path}: {error!r}"
            raise KubernetesError(0, "Unreachable", message) from error
        finally:
            if self._observer is not None:
                self._observer(method, plural, status, time.monotonic() - started)

    @asynccontextmanager
    async def _send(
        self,
        method: str,
        path: str,
        *,
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109  aiohttp splits it over connect and read
        query: Mapping[str, str] | None = None,
        body: Body | None = None,
        content_type: str = JSON,
        accept: str = JSON,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        headers = {"Accept": accept, "User-Agent": "venture"}
        await self._api.update_params_for_auth(headers, [], ["BearerToken"])
        data = None
        if body is not None:
            headers["Content-Type"] = content_type
            data = json.dumps(body, separators=(",", ":")).encode()
        rest = self._api.rest_client
        async with rest.pool_manager.request(
            method,
            f"{self._api.configuration.host}{path}",
            params=dict(query or {}),
            headers=headers,
            data=data,
            timeout=timeout,
            proxy=rest.proxy,
            server_hostname=rest.server_hostname,
        ) as response:
            yield response


async def _raise_for_status(response: aiohttp.ClientResponse) -> None:
    if response.ok:
        return
    text = await response.text()
    try:
        body = json.loads(text)
    except json.JSONDecodeError:
        # Proxies and the API server's own overload filter answer in plain text.
        body = {"message": text.strip()[:500] or response.reason}
    raise _error_from_body(response.status, body)


def _error_from_body(status: int, body: Body) -> KubernetesError:
    return error_from_status(
        status, str(body.get("reason", "Unknown")), str(body.get("message", "no message"))
    )
