"""The routes of the aggregated API. Every answer is the caller's own: nothing of it is shared."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, override

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from venture_core.http.problems import Problem

from venture_control_plane_api.content.answers import answer
from venture_control_plane_api.content.books import book_routes
from venture_control_plane_api.content.discovery import PREFIX, resource_list
from venture_control_plane_api.content.parameters import (  # noqa: TC001 - FastAPI reads them
    After,
    Name,
    Namespace,
    Plural,
    Sha256,
    Task,
)
from venture_control_plane_api.services.access import PRIVATE, user_of
from venture_control_plane_api.services.uploads import INPUTS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractContextManager

    from starlette.types import Receive, Scope, Send

    from venture_control_plane_api.services.access import Access
    from venture_control_plane_api.services.artifacts import Artifacts
    from venture_control_plane_api.services.books import Books
    from venture_control_plane_api.services.events import Events
    from venture_control_plane_api.services.logs import Logs
    from venture_control_plane_api.services.transcripts import Transcripts
    from venture_control_plane_api.services.transfers import Transfers
    from venture_control_plane_api.services.uploads import Input, Uploads

BUILD: Final = f"{PREFIX}/namespaces/{{namespace}}/artifactbuilds/{{name}}"
WORKFLOW: Final = f"{PREFIX}/namespaces/{{namespace}}/workflows/{{name}}"
INPUT: Final = f"{PREFIX}/namespaces/{{namespace}}/{{plural}}/{{sha256}}"


@dataclass(frozen=True, slots=True)
class Services:
    """What the routes stand on."""

    access: Access
    artifacts: Artifacts
    books: Books
    events: Events
    logs: Logs
    transcripts: Transcripts
    transfers: Transfers
    uploads: Uploads


class _Transfer(StreamingResponse):
    """An answer that holds a place from before its first byte to its last, or its end."""

    def __init__(
        self,
        chunks: AsyncIterator[bytes],
        place: AbstractContextManager[None],
        *,
        media_type: str,
        headers: dict[str, str],
    ) -> None:
        super().__init__(chunks, media_type=media_type, headers=headers)
        self._place = place

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._place:
            await super().__call__(scope, receive, send)


def content_routes(services: Services) -> APIRouter:
    """Return the routes of what belongs to objects, and to a namespace."""
    router = APIRouter(tags=["content"])
    router.include_router(_builds(services))
    router.include_router(_workflows(services))
    # Before what takes any word in their place.
    router.include_router(book_routes(services.books))
    router.include_router(_inputs(services))
    return router


def discovery_routes() -> APIRouter:
    """Return the route by which clients of the cluster learn what there is."""
    router = APIRouter()

    @router.get(PREFIX)
    async def discover() -> dict[str, Any]:
        return resource_list()

    return router


def _builds(services: Services) -> APIRouter:
    router = APIRouter()

    @router.get(f"{BUILD}/proxy")
    async def download(namespace: Namespace, name: Name, request: Request) -> Response:
        user = user_of(request)
        build = await services.access.build(user, namespace, name)
        found = await services.artifacts.download(build)

        headers = {
            "Content-Length": str(found.size_bytes),
            "ETag": f'"sha256:{found.sha256}"',
            "Content-Disposition": "attachment",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        }
        return _Transfer(
            found.chunks,
            services.transfers.place(user.username),
            media_type=found.media_type,
            headers=headers,
        )

    @router.get(f"{BUILD}/provenance")
    async def provenance(namespace: Namespace, name: Name, request: Request) -> Response:
        build = await services.access.build(user_of(request), namespace, name)
        return answer("Provenance", await services.artifacts.provenance(build))

    @router.get(f"{BUILD}/thumbnail")
    async def thumbnail(namespace: Namespace, name: Name, request: Request) -> Response:
        build = await services.access.build(user_of(request), namespace, name)
        png = await services.artifacts.thumbnail(build)
        return Response(png, media_type="image/png", headers=PRIVATE)

    @router.get(f"{BUILD}/events")
    async def events(
        namespace: Namespace, name: Name, request: Request, after: After = 0
    ) -> Response:
        build = await services.access.build(user_of(request), namespace, name)
        found = await services.events.of(build, after=after)
        return answer("EventList", {"uid": build.uid, "items": found})

    @router.get(f"{BUILD}/log")
    async def log(namespace: Namespace, name: Name, request: Request) -> Response:
        build = await services.access.build(user_of(request), namespace, name)
        text = await services.logs.of(build)
        return Response(text, media_type="text/plain; charset=utf-8", headers=PRIVATE)

    return router


def _workflows(services: Services) -> APIRouter:
    router = APIRouter()

    @router.get(f"{WORKFLOW}/transcript")
    async def transcript(
        namespace: Namespace, name: Name, task: Task, request: Request
    ) -> Response:
        flow = await services.access.workflow(user_of(request), namespace, name)
        said = await services.transcripts.of(flow, task)
        return Response(said, media_type="application/json", headers=PRIVATE)

    return router


def _inputs(services: Services) -> APIRouter:
    router = APIRouter()

    @router.get(INPUT)
    async def known(
        namespace: Namespace, plural: Plural, sha256: Sha256, request: Request
    ) -> Response:
        await services.access.may_upload(user_of(request), namespace)
        kind = INPUTS[plural]
        size = await services.uploads.size(kind, namespace, sha256)
        if size is None:
            raise Problem(HTTPStatus.NOT_FOUND, f"Nothing with that digest is among the {plural}.")
        return _input(kind, sha256, size, HTTPStatus.OK)

    @router.post(f"{INPUT}/proxy")
    async def upload(
        namespace: Namespace, plural: Plural, sha256: Sha256, request: Request
    ) -> Response:
        user = user_of(request)
        await services.access.may_upload(user, namespace)
        kind = INPUTS[plural]
        with services.transfers.place(user.username):
            size = await services.uploads.write(kind, namespace, sha256, request.stream())
        return _input(kind, sha256, size, HTTPStatus.CREATED)

    return router


def _input(kind: Input, sha256: str, size: int, status: HTTPStatus) -> Response:
    content = {"key": kind.key(sha256), "sha256": sha256, "sizeBytes": size}
    return answer("Input", content, status)
