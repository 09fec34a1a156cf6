"""What happens in namespaces, as founders' API tells it by WebSocket."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from contentapi import HOST
from founderapi import hang_up, make_account, visiting
from happenings import happening
from venture_cli.services.accounts import ROLE_BINDINGS
from venture_core.kubernetes.resources import NAMESPACES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from contentapi import ContentApi
    from founderapi import Visitor
    from happenings import Happenings
    from httpanswer import Answer
    from venture_core.kubernetes.client import KubernetesClient

WITHIN_SECONDS = 30
STREAMS = 20
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


class Founder:
    """An account with rights in two namespaces."""

    def __init__(self, visitor: Visitor, account: str, password: str, *places: str) -> None:
        self.visitor = visitor
        self.account = account
        self.password = password
        self.namespace, self.other = places


@pytest.fixture
async def happenings(content_api: ContentApi) -> AsyncIterator[Happenings]:
    async with happening(content_api.database) as found:
        yield found


@pytest.fixture
async def alice(
    content_api: ContentApi, definitions: Path, client: KubernetesClient, namespace: str
) -> AsyncIterator[Founder]:
    account, other = f"alice-{secrets.token_hex(3)}", f"{namespace}-too"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": other}}
    await client.create(NAMESPACES, body)
    password = await make_account(definitions, account, "Founder", namespace, other)
    async with visiting(content_api) as visitor:
        assert (await visitor.sign_in(account, password)).status == 201
        yield Founder(visitor, account, password, namespace, other)


@asynccontextmanager
async def listening(
    visitor: Visitor, query: str, **options: Any
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    options.setdefault("headers", {"Authorization": f"Bearer {visitor.token}"})
    socket = await visitor.session.ws_connect(
        f"{visitor.url}/ws/founder?{query}", ssl=visitor.tls, server_hostname=HOST, **options
    )
    try:
        yield socket
    finally:
        hang_up(socket._response)


async def refused(visitor: Visitor, query: str, **headers: str) -> Answer:
    sent = UPGRADE | {name.replace("_", "-"): value for name, value in headers.items()}
    return await visitor("GET", f"/ws/founder?{query}", headers=sent)


async def take(socket: aiohttp.ClientWebSocketResponse, count: int) -> list[tuple[int, str, str]]:
    """Return place, namespace and name of the next workflows that are told of."""
    found = []
    async with asyncio.timeout(WITHIN_SECONDS):
        while len(found) < count:
            told = await socket.receive_json()
            if told["type"] == "event":
                name = told["event"]["payload"]["name"]
                found.append((told["id"], told["namespace"], name))
    return found


async def ended(socket: aiohttp.ClientWebSocketResponse) -> int | None:
    """Return the code by which it ends."""
    async with asyncio.timeout(WITHIN_SECONDS):
        while (message := await socket.receive()).type is aiohttp.WSMsgType.TEXT:
            pass
    assert message.type is aiohttp.WSMsgType.CLOSE, message
    return int(message.data)


async def test_it_tells_of_the_namespaces_asked_for_in_order_and_goes_on_where_it_broke_off(
    alice: Founder, happenings: Happenings
) -> None:
    here, there = alice.namespace, alice.other
    both = f"namespace={here}&namespace={there}"
    async with listening(alice.visitor, both) as socket:
        await happenings.started("elsewhere", "secret-plan")
        await happenings.started(here, "one")
        await happenings.started(there, "two")
        await happenings.started(here, "three")
        found = await take(socket, 3)
    assert [each[1:] for each in found] == [(here, "one"), (there, "two"), (here, "three")]
    assert found == sorted(found)

    await happenings.started(here, "four")
    async with listening(alice.visitor, f"{both}&after={found[0][0]}") as socket:
        assert [name for *_, name in await take(socket, 3)] == ["two", "three", "four"]
    async with listening(alice.visitor, f"namespace={here}&after={2**50}") as socket:
        assert (await socket.receive_json(timeout=WITHIN_SECONDS)) == {"type": "reset"}


async def test_a_page_sends_its_token_as_a_protocol_that_nobody_logs(
    alice: Founder, content_api: ContentApi
) -> None:
    visitor = alice.visitor
    offered = ("venture.events.v1", f"bearer.{visitor.token}")
    origin = visitor.url.replace("localhost", HOST)
    page = {"Origin": origin, "Host": origin.removeprefix("https://")}
    query = f"namespace={alice.namespace}"
    async with listening(visitor, query, headers=page, protocols=offered) as socket:
        assert socket.protocol == "venture.events.v1"
        assert (await socket.receive_json(timeout=WITHIN_SECONDS))["type"] == "beat"
    assert visitor.token is not None
    assert visitor.token not in content_api.log


async def test_who_may_not_see_is_refused_with_a_problem(alice: Founder) -> None:
    visitor, own = alice.visitor, f"namespace={alice.namespace}"
    for query, headers, status, kind in (
        (own, {"Authorization": "Bearer x.y.z"}, 401, "unauthenticated"),
        (f"{own}&namespace=kube-system", {}, 403, "forbidden"),
        (own, {"Origin": "https://elsewhere.example"}, 403, "foreign-origin"),
        (own, {"Sec-WebSocket-Protocol": "graphql-ws"}, 400, "unknown-protocol"),
        (f"{own}&token={visitor.token}", {}, 422, "invalid-input"),
        ("", {}, 422, "invalid-input"),
        (f"{own}&after=x", {}, 422, "invalid-input"),
        ("&".join([own] * 11), {}, 422, "invalid-input"),
        ("namespace=" + "&namespace=".join("abcdefghijk"), {}, 422, "invalid-input"),
        ("&".join(f"n{each}=x" for each in range(40)), {}, 400, "bad-query"),
    ):
        answer = await refused(visitor, query, **headers)
        assert (answer.status, answer.body["type"].rpartition("/")[2]) == (status, kind), query
    plain = await visitor("GET", f"/ws/founder?{own}")
    assert (plain.status, plain.headers["upgrade"]) == (426, "websocket")
    assert (await visitor("GET", "/ws/other", headers=UPGRADE)).status == 404


async def test_how_many_there_are_and_what_they_say_is_bounded(alice: Founder) -> None:
    visitor, query = alice.visitor, f"namespace={alice.namespace}"
    async with AsyncExitStack() as stack:
        for _ in range(STREAMS // 2):
            both = f"{query}&namespace={alice.other}"
            socket = await stack.enter_async_context(listening(visitor, both))
        assert (await refused(visitor, query)).status == 429
        await socket.send_str("hello")
        assert await ended(socket) == 4400
        await stack.enter_async_context(listening(visitor, query))


async def test_it_ends_with_the_session_and_with_the_rights(
    alice: Founder, client: KubernetesClient
) -> None:
    visitor = alice.visitor
    streams = f"{visitor.url}/v1/namespaces/{alice.namespace}/events"
    async with (
        listening(visitor, f"namespace={alice.namespace}") as of_the_session,
        visitor.session.get(
            streams,
            headers={"Authorization": f"Bearer {visitor.token}"},
            ssl=visitor.tls,
            server_hostname=HOST,
        ) as events,
    ):
        assert (await visitor("DELETE", "/v1/session")).status == 204
        assert (await visitor.sign_in(alice.account, alice.password)).status == 201
        both = f"namespace={alice.namespace}&namespace={alice.other}"
        async with listening(visitor, both) as of_rights:
            for each in await client.list(ROLE_BINDINGS, alice.other):
                await client.delete(ROLE_BINDINGS, each["metadata"]["name"], alice.other)
            assert await ended(of_the_session) == 4401
            async with asyncio.timeout(WITHIN_SECONDS):
                await events.content.read()
            assert await ended(of_rights) == 4403
