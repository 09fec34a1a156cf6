"""What happens now, by Server-Sent Events."""

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Header, Query, Request, Response
from venture_core.http.callers import bearer_token, unless_named
from venture_core.http.problems import Problem

from venture_control_plane_api.content.parameters import Namespace  # noqa: TC001 - FastAPI reads it
from venture_control_plane_api.founders.streams import begun, placed
from venture_control_plane_api.services.access import user_of
from venture_control_plane_api.services.live import Beat, Happened, Live

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from venture_core.http.types import Scope

    from venture_control_plane_api.services.live import Told
    from venture_control_plane_api.services.signin import SignIn
    from venture_control_plane_api.services.transfers import Transfers

EVENTS: Final = "/v1/namespaces/{namespace}/events"
MAX_PLACE: Final = 2**53 - 1
LastEventId = Annotated[str | None, Header(max_length=20)]
After = Annotated[int | None, Query(ge=-1, le=MAX_PLACE)]


def live_routes(live: Live, sign_in: SignIn, streams: Transfers) -> APIRouter:
    """Return the route; `streams` bounds how many are open."""
    router = APIRouter(tags=["events"])

    @router.get(EVENTS)
    async def events(
        namespace: Namespace,
        request: Request,
        last_event_id: LastEventId = None,
        after: After = None,
    ) -> Response:
        """Stream what happens in a namespace (Server-Sent Events), from `Last-Event-ID` on."""
        user = user_of(request)
        await live.require(user, namespace)
        begin = after if last_event_id is None else _index(last_event_id)
        still = allowed(live, sign_in, request.scope, namespace)
        told = live.follow((namespace,), begin, still)
        chunks = placed(_chunks(told), streams, user.username)
        return await begun(chunks, "text/event-stream")

    return router


def allowed(
    live: Live, sign_in: SignIn, scope: Scope, *namespaces: str
) -> Callable[[], Awaitable[None]]:
    """Return what raises Problem once the session, or the right to watch there, is over."""
    token = bearer_token(scope)

    async def still() -> None:
        with unless_named():
            user = await sign_in.user(token)
        await live.require(user, *namespaces)

    return still


async def _chunks(told: AsyncIterator[Told]) -> AsyncIterator[bytes]:
    """Give what is told; the stream ends where no more may be: its status is out by then."""
    has_begun = False
    try:
        async for each in told:
            yield _chunk(each)
            has_begun = True
    except Problem:
        if not has_begun:
            raise


def _chunk(told: Told) -> bytes:
    match told:
        case Happened():
            kind = str(told.event.get("event_type", "")).replace("\n", "").replace("\r", "")
            # JSON has no line break of its own, which would end the field.
            data = json.dumps(told.event, separators=(",", ":"))
            return f"id: {told.index}\nevent: {kind}\ndata: {data}\n\n".encode()
        case Beat():
            return f"id: {told.index}\n\n: beat\n\n".encode()
        case _:
            return b"event: reset\ndata: {}\n\n"


def _index(text: str) -> int:
    if not text.removeprefix("-").isascii() or not text.removeprefix("-").isdigit():
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            "Last-Event-ID must be an id that this stream gave.",
            code="invalid-last-event-id",
        )
    return max(-1, int(text))
