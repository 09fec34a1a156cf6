"""The kit for services, by a tiny service of WebSockets."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from prometheus_client import generate_latest
from teapot import Running, problem, running
from venture_core.http import protocol, server
from venture_core.http.app import whole
from venture_core.http.callers import bearer_token
from venture_core.http.metrics import ROUTE
from venture_core.http.problems import Problem
from venture_core.http.websockets import MAX_MESSAGE_BYTES, require_same_origin
from venture_core.identity.callers import Caller, ClusterUser, UnauthenticatedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from venture_core.http.types import Receive, Scope, Send

WITHIN_SECONDS = 20
ASKING = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Authorization": "Bearer of-anybody",
}


async def holder(scope: Scope) -> Caller:
    if bearer_token(scope) != "of-anybody":
        raise UnauthenticatedError("the token is not one of this service")
    return ClusterUser("somebody", (), {})


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Say again what is said, and fail as it is asked to."""
    if scope["path"] != "/echo":
        raise Problem(HTTPStatus.NOT_FOUND, "There is /echo here.")
    scope[ROUTE] = "/echo"
    require_same_origin(scope)
    await receive()
    chosen = "tea.v1" if "tea.v1" in scope["subprotocols"] else None
    await send({"type": "websocket.accept", "subprotocol": chosen, "headers": []})
    while (message := await receive())["type"] == "websocket.receive":
        if message["text"] == "refuse":
            raise Problem(HTTPStatus.FORBIDDEN, "No more. " + "é" * 100)
        if message["text"] == "break":
            raise ValueError("hunter2")
        await send({"type": "websocket.send", "text": message["text"]})


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
async def service() -> AsyncIterator[Running]:
    async with running(whole(echo, authenticate=holder, at_once=2), websockets=True) as started:
        yield started


def connecting(session: aiohttp.ClientSession, service: Running, **options: Any) -> Any:
    options.setdefault("headers", {"Authorization": "Bearer of-anybody"})
    return session.ws_connect(f"{service.url}/echo", **options)


async def ended(socket: aiohttp.ClientWebSocketResponse) -> tuple[int | None, str]:
    """Return the code by which a connection ends, and the reason."""
    message = await socket.receive(timeout=WITHIN_SECONDS)
    assert message.type is aiohttp.WSMsgType.CLOSE, message
    return message.data, message.extra or ""


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/echo", {"Authorization": "Bearer of-nobody"}, 401),
        ("/nowhere", {}, 404),
        ("/echo", {"Origin": "https://elsewhere.example"}, 403),
        ("/echo", {"Origin": "null"}, 403),
    ],
)
async def test_who_is_refused_gets_a_problem(
    service: Running,
    session: aiohttp.ClientSession,
    path: str,
    headers: dict[str, str],
    status: int,
) -> None:
    async with session.get(service.url + path, headers=ASKING | headers) as answer:
        assert answer.status == status
        await problem(answer)


async def test_a_page_offers_its_token_as_a_protocol_which_is_not_chosen(
    service: Running, session: aiohttp.ClientSession
) -> None:
    offered = ("bearer.of-anybody", "tea.v1")
    async with connecting(session, service, headers={}, protocols=offered) as socket:
        assert socket.protocol == "tea.v1"
        await socket.send_str("hello")
        assert await socket.receive_str(timeout=WITHIN_SECONDS) == "hello"
    refused = ("bearer.of-anybody", "bearer.of-somebody", "tea.v1")
    with pytest.raises(aiohttp.WSServerHandshakeError, match="401"):
        await connecting(session, service, headers={}, protocols=refused)


async def test_what_was_accepted_ends_with_a_code_that_says_why(
    service: Running, session: aiohttp.ClientSession
) -> None:
    for said, code, why in (("refuse", 4403, "No more. "), ("break", 4500, "The service failed.")):
        async with connecting(session, service) as socket:
            await socket.send_str(said)
            found, reason = await ended(socket)
            assert (found, len(reason.encode()) <= 123) == (code, True)
            assert reason.startswith(why)
            assert "hunter2" not in reason
    async with connecting(session, service) as socket:
        await socket.send_str("x" * (MAX_MESSAGE_BYTES + 1))
        assert (await ended(socket))[0] == 1009


async def test_connections_are_counted_among_requests_and_by_route(
    service: Running, session: aiohttp.ClientSession
) -> None:
    async with (
        connecting(session, service),
        connecting(session, service),
        session.get(f"{service.url}/echo", headers=ASKING) as answer,
    ):
        assert answer.status == 503
        assert (await problem(answer))["type"].endswith("too-busy")
    async with connecting(session, service) as socket:
        await socket.send_str("refuse")
        await ended(socket)
    text = generate_latest().decode()
    assert 'method="GET",route="/echo",status="101"' in text


async def test_a_connection_outlasts_the_time_for_headers_and_ends_where_no_ping_is_answered(
    monkeypatch: pytest.MonkeyPatch, session: aiohttp.ClientSession
) -> None:
    monkeypatch.setattr(protocol, "HEADER_SECONDS", 0.3)
    monkeypatch.setattr(server, "PING_SECONDS", 0.4)
    app = whole(echo, authenticate=holder)
    async with running(app, websockets=True) as service, connecting(session, service) as socket:
        # aiohttp answers pings while somebody receives.
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.5):
                await socket.receive()
        await socket.send_str("still here")
        assert await socket.receive_str(timeout=WITHIN_SECONDS) == "still here"
        async with connecting(session, service, autoping=False) as silent:
            ping = await silent.receive(timeout=WITHIN_SECONDS)
            assert ping.type is aiohttp.WSMsgType.PING
            assert (await ended(silent))[0] == 1011


async def test_a_service_that_stops_says_so(session: aiohttp.ClientSession) -> None:
    app = whole(echo, authenticate=holder)
    async with running(app, websockets=True, drain_seconds=0.2) as service:
        async with connecting(session, service) as socket:
            service.process.stop.set()
            assert (await ended(socket))[0] == 1012
        await asyncio.wait_for(service.serving, timeout=WITHIN_SECONDS)


async def test_a_service_without_them_answers_as_by_any_request(
    session: aiohttp.ClientSession,
) -> None:
    async with (
        running(whole(plain, authenticate=holder)) as service,
        session.get(f"{service.url}/echo", headers=ASKING) as answer,
    ):
        assert answer.status == 404
        await problem(answer)


async def plain(scope: Scope, _receive: Receive, _send: Send) -> None:
    assert scope["type"] == "http"
    raise Problem(HTTPStatus.NOT_FOUND, "There are no WebSockets here.")
