"""Founders' API, put together: what is open to everybody, and what takes a token."""

from typing import TYPE_CHECKING, Final

from venture_core.http.app import fastapi, whole
from venture_core.http.callers import bearer_token
from venture_core.http.limits import Limits

from venture_control_plane_api.content.discovery import PREFIX
from venture_control_plane_api.content.discovery import limits_of as content_limits
from venture_control_plane_api.content.routes import Services, content_routes
from venture_control_plane_api.founders.asking import Asking
from venture_control_plane_api.founders.inbox import inbox_routes
from venture_control_plane_api.founders.live import live_routes
from venture_control_plane_api.founders.objects import object_routes
from venture_control_plane_api.founders.rates import Rates
from venture_control_plane_api.founders.served import MAX_WATCH_SECONDS
from venture_control_plane_api.founders.sessions import SESSION, opened, opening
from venture_control_plane_api.founders.sockets import Sockets, upgrade_route
from venture_control_plane_api.services.live import MAX_SECONDS

if TYPE_CHECKING:
    from venture_core.http.types import Application, Receive, Scope, Send
    from venture_core.identity.callers import Caller
    from venture_core.kubernetes.client import KubernetesClient

    from venture_control_plane_api.services.live import Live
    from venture_control_plane_api.services.signin import SignIn
    from venture_control_plane_api.services.transfers import Transfers

VERSION: Final = "1.0.0"
TITLE: Final = "Venture for founders"
_SIGN_IN_LIMITS: Final = Limits(body_bytes=4096, seconds=30)
_WATCH_LIMITS: Final = Limits(body_bytes=0, seconds=MAX_WATCH_SECONDS + 30.0)
_STREAM_LIMITS: Final = Limits(body_bytes=0, seconds=MAX_SECONDS + 30.0)


def founders(
    client: KubernetesClient,
    sign_in: SignIn,
    services: Services,
    live: Live,
    watches: Transfers,
) -> Application:
    """Return the API."""
    rates = Rates()

    async def authenticate(scope: Scope) -> Caller:
        user = await sign_in.user(bearer_token(scope))
        rates.take(user.username)
        return user

    door = fastapi(TITLE, VERSION)
    door.include_router(opening(sign_in))
    house = fastapi(TITLE, VERSION)
    house.include_router(opened(sign_in))
    asking = Asking(client)
    house.include_router(object_routes(asking, watches))
    house.include_router(inbox_routes(asking))
    house.include_router(live_routes(live, sign_in, watches))
    house.include_router(upgrade_route())
    house.include_router(content_routes(services))
    # One document of both.
    house.include_router(opening(sign_in))
    outside = whole(door, authenticate=None, limits_of=lambda _: _SIGN_IN_LIMITS)
    inside = whole(house, authenticate=authenticate, limits_of=limits_of)
    sockets = whole(
        Sockets(live, sign_in, watches),
        authenticate=authenticate,
        limits_of=lambda _: _STREAM_LIMITS,
    )

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await sockets(scope, receive, send)
            return
        signing_in = scope.get("path") == SESSION and scope.get("method") == "POST"
        await (outside if signing_in else inside)(scope, receive, send)

    return app


def limits_of(scope: Scope) -> Limits:
    """Return what a request may take."""
    path: str = scope["path"]
    if path.startswith(f"{PREFIX}/"):
        return content_limits(path)
    if path.startswith("/v1/namespaces/") and path.endswith("/events"):
        return _STREAM_LIMITS
    if b"watch=" in scope.get("query_string", b""):
        return _WATCH_LIMITS
    return Limits()
