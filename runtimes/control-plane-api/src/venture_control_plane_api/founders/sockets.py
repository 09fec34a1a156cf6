"""What happens now, by WebSocket."""

import asyncio
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import parse_qs

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import HTTPConnection
from venture_core.http.app import invalid_input
from venture_core.http.callers import BEARER_PROTOCOL
from venture_core.http.metrics import ROUTE
from venture_core.http.problems import Problem
from venture_core.http.websockets import require_same_origin

from venture_control_plane_api.content.parameters import NAMESPACE
from venture_control_plane_api.founders.live import MAX_PLACE, allowed
from venture_control_plane_api.services.access import user_of
from venture_control_plane_api.services.live import Beat, Happened, Live

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

    from venture_core.http.types import Receive, Scope, Send

    from venture_control_plane_api.services.live import Told
    from venture_control_plane_api.services.signin import SignIn
    from venture_control_plane_api.services.transfers import Transfers

SOCKET: Final = "/ws/founder"
PROTOCOL: Final = "venture.events.v1"
MAX_NAMESPACES: Final = 10
MAX_FIELDS: Final = 32
TAKEN_SECONDS: Final = 30.0
"""A client that takes nothing for so long is left."""
OVER: Final = 1000


class _Wanted(BaseModel):
    """What is to be told: the query of the request."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    namespace: Annotated[
        tuple[Annotated[str, Field(pattern=NAMESPACE)], ...],
        Field(min_length=1, max_length=MAX_NAMESPACES),
    ]
    after: Annotated[int | None, Field(ge=-1, le=MAX_PLACE)] = None


class Sockets:
    """The application of WebSockets; `streams` bounds how many namespaces are told of at once."""

    def __init__(self, live: Live, sign_in: SignIn, streams: Transfers) -> None:
        self._live = live
        self._sign_in = sign_in
        self._streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection. Raises Problem."""
        if scope["path"] != SOCKET:
            raise Problem(HTTPStatus.NOT_FOUND, f"The WebSocket here is {SOCKET}.")
        scope[ROUTE] = SOCKET
        require_same_origin(scope)
        protocol = _protocol(scope["subprotocols"])
        wanted = _wanted(scope)
        namespaces = tuple(dict.fromkeys(wanted.namespace))
        user = user_of(HTTPConnection(scope))
        await self._live.require(user, *namespaces)
        still = allowed(self._live, self._sign_in, scope, *namespaces)
        with self._streams.place(user.username, len(namespaces)):
            told = self._live.follow(namespaces, wanted.after, still)
            # Where the log cannot be read now, that is the answer.
            first = await anext(told)
            await receive()
            await send({"type": "websocket.accept", "subprotocol": protocol, "headers": []})
            await send(_message(first))
            await _either(_tell(told, send), _listen(receive))


def upgrade_route() -> APIRouter:
    """Return the route that says what is to be asked otherwise, and describes it."""
    router = APIRouter(tags=["events"])

    @router.get(
        SOCKET,
        status_code=HTTPStatus.SWITCHING_PROTOCOLS,
        responses={426: {"description": "It is no WebSocket that was asked for."}},
    )
    async def socket() -> None:
        """Tell what happens in namespaces, by WebSocket.

        The query has `namespace`, up to ten times, and `after`, a place in the log to go on from.
        A client that cannot send `Authorization` offers the protocols `venture.events.v1` and
        `bearer.<token>`.
        """
        raise Problem(
            HTTPStatus.UPGRADE_REQUIRED,
            "This is a WebSocket.",
            code="no-websocket",
            headers={"Upgrade": "websocket", "Connection": "Upgrade"},
        )

    return router


def _protocol(offered: list[str]) -> str | None:
    """Return the protocol that is chosen of those offered: never the token. Problem 400."""
    if not offered:
        return None
    if PROTOCOL not in offered:
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            f"Of protocols there is {PROTOCOL} here; offer it beside {BEARER_PROTOCOL}<token>.",
            code="unknown-protocol",
        )
    return PROTOCOL


def _wanted(scope: Scope) -> _Wanted:
    try:
        query = parse_qs(
            scope["query_string"].decode("ascii"), keep_blank_values=True, max_num_fields=MAX_FIELDS
        )
    except ValueError as error:
        raise Problem(HTTPStatus.BAD_REQUEST, "The query is none.", code="bad-query") from error
    fields: dict[str, Any] = {name: values[-1] for name, values in query.items()}
    try:
        return _Wanted.model_validate(fields | {"namespace": tuple(query.get("namespace", ()))})
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise invalid_input([{**each, "loc": ("query", *each["loc"])} for each in found]) from error


async def _tell(told: AsyncIterator[Told], send: Send) -> None:
    try:
        async for each in told:
            async with asyncio.timeout(TAKEN_SECONDS):
                await send(_message(each))
    except OSError:
        # It takes nothing (TimeoutError is one), or it has gone.
        return
    reason = "The time is over: come back with the last place."
    await send({"type": "websocket.close", "code": OVER, "reason": reason})


async def _listen(receive: Receive) -> None:
    """Return when the client has gone. Problem 400 where it says something."""
    message = await receive()
    if message["type"] != "websocket.disconnect":
        raise Problem(HTTPStatus.BAD_REQUEST, "Nothing is to be said here; the query says it all.")


async def _either(*works: Coroutine[Any, Any, None]) -> None:
    """Return, or raise, when the first of them has ended; the others are ended then."""
    tasks = [asyncio.create_task(each) for each in works]
    try:
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for each in ended:
            each.result()
    finally:
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _message(told: Told) -> dict[str, str]:
    match told:
        case Happened():
            content = {"type": "event", "id": told.index, "namespace": told.namespace}
            content["event"] = told.event
        case Beat():
            content = {"type": "beat", "id": told.index}
        case _:
            content = {"type": "reset"}
    return {"type": "websocket.send", "text": json.dumps(content, separators=(",", ":"))}
