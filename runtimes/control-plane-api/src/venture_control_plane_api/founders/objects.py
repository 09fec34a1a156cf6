"""Routes of the cluster's objects: every request goes on to the API server as the caller's own."""

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Header, Path, Request, Response
from venture_core.http.problems import Problem
from venture_core.kubernetes.client import JSON, MERGE_PATCH, TABLE
from venture_core.nesting import is_deeper

from venture_control_plane_api.content.parameters import (  # noqa: TC001 - FastAPI reads them
    Name,
    Namespace,
)
from venture_control_plane_api.founders.served import (
    SERVED,
    etag_of,
    keyed,
    query_of,
    resource_of,
    version_of,
)
from venture_control_plane_api.founders.streams import begun, placed
from venture_control_plane_api.services.access import PRIVATE, user_of

if TYPE_CHECKING:
    from venture_control_plane_api.founders.asking import Asking
    from venture_control_plane_api.services.transfers import Transfers

Plural = Annotated[str, Path(pattern=f"^({'|'.join(SERVED)})$")]
IfMatch = Annotated[str | None, Header(max_length=100)]
IdempotencyKey = Annotated[str | None, Header(max_length=128)]

ROOT: Final = "/apis/venture.parpour.dev/v1alpha1"
IN_NAMESPACE: Final = f"{ROOT}/namespaces/{{namespace}}/{{plural}}"
MAX_DEPTH: Final = 64


def object_routes(asking: Asking, watches: Transfers) -> APIRouter:
    """Return the routes; `watches` bounds how many of them are open."""
    router = APIRouter(tags=["objects"])
    objects = _Objects(asking, watches)

    @router.get(f"{ROOT}/{{plural}}")
    async def list_everywhere(plural: Plural, request: Request) -> Response:
        """List or watch the objects of all namespaces, or those that are in none."""
        return await objects.list(request, plural, None)

    @router.get(IN_NAMESPACE)
    async def list_objects(namespace: Namespace, plural: Plural, request: Request) -> Response:
        """List or watch the objects of a namespace."""
        return await objects.list(request, plural, namespace)

    @router.post(f"{ROOT}/{{plural}}", status_code=201)
    async def create_everywhere(
        plural: Plural, request: Request, idempotency_key: IdempotencyKey = None
    ) -> Response:
        """Create an object that is in no namespace."""
        return await objects.create(request, plural, None, idempotency_key)

    @router.post(IN_NAMESPACE, status_code=201)
    async def create_object(
        namespace: Namespace,
        plural: Plural,
        request: Request,
        idempotency_key: IdempotencyKey = None,
    ) -> Response:
        """Create an object. With an Idempotency-Key the same again gives the same object."""
        return await objects.create(request, plural, namespace, idempotency_key)

    router.include_router(_single(objects, f"{ROOT}/{{plural}}/{{name}}"))
    router.include_router(_single_in_namespace(objects, f"{IN_NAMESPACE}/{{name}}"))
    return router


def _single(objects: _Objects, path: str) -> APIRouter:
    router = APIRouter()

    @router.get(path)
    async def get(plural: Plural, name: Name, request: Request) -> Response:
        """Return an object that is in no namespace."""
        return await objects.get(request, plural, None, name)

    @router.patch(path)
    async def patch(
        plural: Plural, name: Name, request: Request, if_match: IfMatch = None
    ) -> Response:
        """Merge into an object that is in no namespace."""
        return await objects.patch(request, plural, (None, name), if_match)

    @router.delete(path)
    async def delete(
        plural: Plural, name: Name, request: Request, if_match: IfMatch = None
    ) -> Response:
        """Delete an object that is in no namespace."""
        return await objects.delete(request, plural, (None, name), if_match)

    return router


def _single_in_namespace(objects: _Objects, path: str) -> APIRouter:
    router = APIRouter()

    @router.get(path)
    async def get_object(
        namespace: Namespace, plural: Plural, name: Name, request: Request
    ) -> Response:
        """Return an object, with the ETag of its state."""
        return await objects.get(request, plural, namespace, name)

    @router.patch(path)
    async def patch_object(
        namespace: Namespace,
        plural: Plural,
        name: Name,
        request: Request,
        if_match: IfMatch = None,
    ) -> Response:
        """Merge into an object: suspend, resume, retry and stop it, raise its budget."""
        return await objects.patch(request, plural, (namespace, name), if_match)

    @router.delete(path)
    async def delete_object(
        namespace: Namespace,
        plural: Plural,
        name: Name,
        request: Request,
        if_match: IfMatch = None,
    ) -> Response:
        """Delete an object; If-Match says which state of it, or * whatever it is."""
        return await objects.delete(request, plural, (namespace, name), if_match)

    return router


class _Metadata(msgspec.Struct, rename="camel"):
    resource_version: str = ""


class _Versioned(msgspec.Struct):
    kind: str = ""
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)


_read_version = msgspec.json.Decoder(_Versioned).decode


class _Objects:
    """Sends requests on."""

    def __init__(self, asking: Asking, watches: Transfers) -> None:
        self._asking = asking
        self._watches = watches

    async def list(self, request: Request, plural: str, namespace: str | None) -> Response:
        query = query_of(request.query_params)
        watching = "watch" in query
        resource = resource_of(plural, "watch" if watching else "list")
        user = user_of(request)
        accept = TABLE if "as=Table" in request.headers.get("accept", "") else JSON
        chunks = self._asking.stream(user, resource.path(namespace), query, accept)
        if watching:
            chunks = placed(chunks, self._watches, user.username)
        return await begun(chunks, JSON)

    async def get(
        self, request: Request, plural: str, namespace: str | None, name: str
    ) -> Response:
        path = resource_of(plural, "get").path(namespace, name)
        status, data = await self._asking.ask(user_of(request), "GET", path)
        return _object(status, data)

    async def create(
        self, request: Request, plural: str, namespace: str | None, key: str | None
    ) -> Response:
        resource, user = resource_of(plural, "create"), user_of(request)
        raw = await request.body()
        body = _parsed(raw)
        path, query = resource.path(namespace), query_of(request.query_params)
        query.pop("limit", None)
        if key is None:
            status, data = await self._asking.ask(user, "POST", path, query=query, body=body)
            return _object(status, data)
        asked = keyed(user.username, key, resource.kind, body, raw)
        try:
            status, data = await self._asking.ask(user, "POST", path, query=query, body=asked.body)
        except Problem as problem:
            if problem.code != "already-exists":
                raise
            name = resource.path(namespace, str(asked.body["metadata"]["name"]))
            status, data = await self._asking.ask(user, "GET", name)
            if not asked.made(json.loads(data)):
                raise Problem(
                    HTTPStatus.CONFLICT,
                    "Something else has this name, or this Idempotency-Key came with another body.",
                    code="idempotency-key-reused",
                ) from problem
        return _object(status, data)

    async def patch(
        self, request: Request, plural: str, which: tuple[str | None, str], if_match: str | None
    ) -> Response:
        path = resource_of(plural, "patch").path(*which)
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in (MERGE_PATCH, JSON):
            raise Problem(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                f"A change is a merge patch (RFC 7396): send it as {MERGE_PATCH}.",
                code="unknown-media-type",
            )
        body = _parsed(await request.body())
        if if_match is not None and (version := version_of(if_match)) is not None:
            metadata = body.get("metadata")
            body["metadata"] = {
                **(metadata if isinstance(metadata, dict) else {}),
                "resourceVersion": version,
            }
        status, data = await self._asking.ask(
            user_of(request),
            "PATCH",
            path,
            body=body,
            content_type=MERGE_PATCH,
            matched=if_match is not None,
        )
        return _object(status, data)

    async def delete(
        self, request: Request, plural: str, which: tuple[str | None, str], if_match: str | None
    ) -> Response:
        path = resource_of(plural, "delete").path(*which)
        if if_match is None:
            raise Problem(
                HTTPStatus.PRECONDITION_REQUIRED,
                "Say with If-Match which state is to be deleted: its ETag, or *.",
                code="if-match-required",
            )
        body: dict[str, Any] = {
            "kind": "DeleteOptions",
            "apiVersion": "v1",
            "propagationPolicy": "Background",
        }
        if (version := version_of(if_match)) is not None:
            body["preconditions"] = {"resourceVersion": version}
        status, data = await self._asking.ask(
            user_of(request), "DELETE", path, body=body, matched=True
        )
        return _object(status, data)


def _parsed(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise _no_object() from error
    if not isinstance(body, dict) or is_deeper(body, MAX_DEPTH):
        raise _no_object()
    return body


def _no_object() -> Problem:
    return Problem(
        HTTPStatus.BAD_REQUEST,
        f"The body must be an object of JSON, nested at most {MAX_DEPTH} deep.",
        code="invalid-json",
    )


def _object(status: int, data: bytes) -> Response:
    found = _read_version(data)
    headers = {**PRIVATE, **etag_of(found.kind, found.metadata.resource_version)}
    return Response(data, status, headers, JSON)
