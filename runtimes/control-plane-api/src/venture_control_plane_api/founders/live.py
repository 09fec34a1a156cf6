"""The route of what happens now."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Header, Query, Request, Response
from venture_core.http.callers import bearer_token
from venture_core.http.problems import Problem

from venture_control_plane_api.content.routes import Namespace  # noqa: TC001 - FastAPI reads it
from venture_control_plane_api.founders.streams import begun, placed
from venture_control_plane_api.services.access import user_of

if TYPE_CHECKING:
    from venture_control_plane_api.services.live import Live
    from venture_control_plane_api.services.signin import SignIn
    from venture_control_plane_api.services.transfers import Transfers

EVENTS: Final = "/v1/namespaces/{namespace}/events"
LastEventId = Annotated[str | None, Header(max_length=20)]
After = Annotated[int | None, Query(ge=-1, le=2**53 - 1)]


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
        token = bearer_token(request.scope)
        await live.require(user, namespace)

        async def still() -> None:
            await live.require(await sign_in.user(token), namespace)

        begin = after if last_event_id is None else _index(last_event_id)
        chunks = placed(live.stream(namespace, begin, still), streams, user.username)
        return await begun(chunks, "text/event-stream")

    return router


def _index(text: str) -> int:
    if not text.removeprefix("-").isascii() or not text.removeprefix("-").isdigit():
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            "Last-Event-ID must be an id that this stream gave.",
            code="invalid-last-event-id",
        )
    return max(-1, int(text))
