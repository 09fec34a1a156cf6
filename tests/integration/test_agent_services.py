"""The policy engine and the egress proxy, asked by an agent: real tokens, record and broker."""

from __future__ import annotations

import asyncio
import itertools
import json
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from agentpods import AgentPod
from policybundles import bundle
from recordedevents import recorded_events
from recordservers import heard
from teapot import running
from tlshello import hello
from venture_core.events.envelope import Service
from venture_core.freezes import Freezes
from venture_core.http.app import whole
from venture_core.identity.workload import Workloads
from venture_core.kubernetes.resources import FREEZES
from venture_core.messaging.connection import connect_nats
from venture_core.policy.matching import parse_domain
from venture_core.record.agents import Agents
from venture_core.record.assignments import Assignments
from venture_core.record.behind import EventsBehind
from venture_core.record.bundles import Bundles
from venture_core.record.producer import EventProducer
from venture_egress_proxy.addresses import may_dial
from venture_egress_proxy.judging import Judging
from venture_egress_proxy.proxy import Proxy
from venture_policy_engine.api import api
from venture_policy_engine.checks import Checks
from venture_policy_engine.responder import SUBJECT, Responder
from waiting import patiently

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pydantic import SecretStr
    from recordservers import NatsServer
    from venture_core.kubernetes.client import KubernetesClient

type Json = dict[str, Any]

STAND_IN = "127.0.0.2"
"""Stands for a public address."""


def permits(text: str, *, private: bool) -> bool:
    return text == STAND_IN or may_dial(text, private=private)


@dataclass(frozen=True)
class Place:
    """What both services stand on, and one agent."""

    agent: AgentPod
    agents: Agents
    freezes: Freezes
    events: EventsBehind
    database: SecretStr

    async def recorded(self, event_type: str, count: int) -> list[Json]:
        """Return the payloads of events of a type, once there are so many."""

        async def look() -> list[Json]:
            found = await recorded_events(self.database)
            return [each["payload"] for each in found if each["event_type"] == event_type]

        return await patiently(look, lambda found: len(found) == count)


def policy() -> Json:
    content = bundle()
    tools = content["roles"][0]["tools"]
    tools[0] |= {"domains": ["example.com", "example.com:8080"], "callsPerMinute": 3}
    tools += [{"name": "io.read"}]
    return content


@asynccontextmanager
async def standing(
    client: KubernetesClient,
    namespace: str,
    database: SecretStr,
    service: Service,
    audience: str,
) -> AsyncIterator[Place]:
    bundles = Bundles(database, service=Service.ORCHESTRATOR, name="test")
    hash_ = await bundles.store(policy())
    agent = await AgentPod.create(client, namespace)
    operator = Assignments(database, service=Service.ORCHESTRATOR, name="test")
    await operator.assign(agent.job, agent.assignment(hash_, "web.fetch"))
    workloads = Workloads(client, audience=audience, namespace=namespace)
    freezes = Freezes(client)
    async with EventProducer(database, name="test") as producer:
        events = EventsBehind(producer)
        agents = Agents(
            workloads,
            Assignments(database, service=service, name="test"),
            Bundles(database, service=service, name="test"),
        )
        beside = [asyncio.create_task(each.run()) for each in (workloads, freezes, events)]
        await freezes.first_sight(60)
        assert not freezes.complaints()
        yield Place(agent, agents, freezes, events, database)
        for each in beside:
            each.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        await agents.close()
    for each in (bundles, operator):
        await each.close()


async def freeze(client: KubernetesClient, namespace: str) -> str:
    name = f"{namespace}-freeze"
    spec = {"scope": {"namespace": "team"}, "mode": "Freeze", "reason": "to see whether it holds"}
    await client.create(
        FREEZES,
        {
            "apiVersion": "venture.parpour.dev/v1alpha1",
            "kind": "Freeze",
            "metadata": {"name": name},
            "spec": spec,
        },
    )
    return name


async def test_the_engine_answers_by_the_token_and_nothing_else(
    client: KubernetesClient, namespace: str, database: SecretStr, nats_server: NatsServer
) -> None:
    engine = standing(client, namespace, database, Service.POLICY_ENGINE, "venture-policy")
    async with engine as place:
        checks = Checks(place.agents, place.freezes, place.events)
        nats = await connect_nats(nats_server.url(), name="engine")
        await Responder(nats, checks).start()
        await heard(nats)
        caller = await connect_nats(nats_server.url(), name="agent")
        token = await place.agent.token("venture-policy")

        async def ask(message: Any) -> Json:
            data = message if isinstance(message, bytes) else json.dumps(message).encode()
            answer = await caller.request(SUBJECT, data, timeout=5)
            found: Json = json.loads(answer.data)
            return found

        fetch = {"token": token, "tool": "web.fetch", "arguments": {"url": "https://example.com"}}
        assert (await ask(fetch))["decision"] == "Allow"
        denied = {
            "task/tools": fetch | {"tool": "io.read"},
            "roles/researcher/tools/web.fetch/domains": fetch
            | {"arguments": {"url": "https://evil.com"}},
            "identity": fetch | {"token": await place.agent.token("venture-egress")},
            "limits": fetch | {"role": "finance-controller"},
        }
        for rule, message in denied.items():
            said = await ask(message)
            assert (said["decision"], said["rule"]) == ("Deny", rule), said
        assert (await ask(b"nonsense"))["decision"] == "Deny"
        for _ in range(2):
            await ask(fetch)
        assert (await ask(fetch))["reasonCode"] == "RATE_LIMITED"

        async with (
            running(whole(api(checks), authenticate=None)) as service,
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session,
        ):
            body = {"tool": "io.read", "arguments": {}}
            async with session.post(f"{service.url}/v1/evaluate", json=body) as answer:
                assert (await answer.json())["rule"] == "task/tools"

        name = await freeze(client, namespace)
        asked = itertools.count(1)

        async def ask_again() -> Json:
            next(asked)
            return await ask(fetch)

        frozen = await patiently(ask_again, lambda said: said["rule"] == "freeze")
        assert frozen["reasonCode"] == "FREEZE_MODE_ACTIVE"
        await client.delete(FREEZES, name)
        # Until it was known, each was one call too many in the minute.
        events = await place.recorded("policy.check.denied.v1", 3 + next(asked))
        assert {each["rule"] for each in events} >= {"task/tools", "freeze"}
        assert "evil.com" not in json.dumps(events)
        for each in (nats, caller):
            await each.close()


@pytest.fixture
async def web() -> AsyncIterator[tuple[str, int]]:
    """Run a server in place of one of the web; it echoes what it gets."""
    address = STAND_IN

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        data = await reader.read(65_536)
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + data)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, address, 0)
    yield address, server.sockets[0].getsockname()[1]
    server.close()


NONCE = "what-no-page-is-told"


async def through(server: asyncio.Server, token: str, request: str, after: bytes) -> bytes:
    """Return all that a proxy answers; `after` is sent once a tunnel is open."""
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    head = f"{request} HTTP/1.1\r\nProxy-Authorization: Bearer {token}\r\n"
    head += f"Proxy-Nonce: {NONCE}\r\n\r\n"
    writer.write(head.encode())
    await writer.drain()
    said = b""
    if after:
        said = await reader.readuntil(b"\r\n\r\n")
        writer.write(after)
        await writer.drain()
    said += await reader.read()
    writer.close()
    return said


async def test_the_proxy_carries_what_the_role_may_reach(
    client: KubernetesClient, namespace: str, database: SecretStr, web: tuple[str, int]
) -> None:
    address, port = web
    opened = count(1)
    proxies = standing(client, namespace, database, Service.EGRESS_PROXY, "venture-egress")

    async def resolve(host: str, asked: int) -> list[str]:
        # The record has it before anybody looks where it leads, whatever kills the proxy then.
        await place.recorded("policy.connection.allowed.v1", next(opened))
        # The first answer is one that may never be dialled.
        del asked
        return ["169.254.169.254", address] if host == "example.com" else ["127.0.0.1"]

    async with AsyncExitStack() as stack:
        place = await stack.enter_async_context(proxies)
        content = policy()
        content["roles"][0]["tools"][0] |= {
            "when": "!args.url.endsWith('/secret')",
            "domains": [f"example.com:{port}", f"inside.test:{port}"],
            "callsPerMinute": 6,
        }
        bundles = Bundles(database, service=Service.ORCHESTRATOR, name="test")
        hash_ = await bundles.store(content)
        await bundles.close()
        agent = await AgentPod.create(client, namespace)
        operator = Assignments(database, service=Service.ORCHESTRATOR, name="test")
        await operator.assign(agent.job, agent.assignment(hash_, "web.fetch"))
        other = await AgentPod.create(client, namespace)
        await operator.assign(other.job, other.assignment(hash_, "io.read"))
        await operator.close()
        proxy = Proxy(
            Judging(place.agents, place.freezes, in_all=10, per_agent=5),
            place.events,
            private=(parse_domain(f"example.com:{port}"), parse_domain(f"inside.test:{port}")),
            max_bytes=100_000,
            max_seconds=30,
            resolve=resolve,
            permits=permits,
        )
        server = await stack.enter_async_context(
            await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
        )
        token = await agent.token("venture-egress")

        async def send(request: str, *, after: bytes = b"", given: str = token) -> bytes:
            return await through(server, given, request, after)

        plain = await send(f"GET http://example.com:{port}/a")
        assert plain.startswith(b"HTTP/1.1 200 OK")
        assert f"GET /a HTTP/1.1\r\nHost: example.com:{port}\r\n".encode() in plain
        assert b"Bearer" not in plain
        assert NONCE.encode() not in plain
        named = hello("example.com")
        tunnel = await send(f"CONNECT example.com:{port}", after=named)
        assert named in tunnel
        for after in (hello("evil.com"), hello(None), b"GET / HTTP/1.1\r\n\r\n"):
            said = await send(f"CONNECT example.com:{port}", after=after)
            assert said == b"HTTP/1.1 200 Connection established\r\n\r\n"
        for request, status in (
            ("GET http://evil.com/", 403),
            ("GET http://example.com:22/", 403),
            (f"GET http://example.com:{port}/secret", 403),
            (f"GET http://inside.test:{port}/", 403),
            (f"CONNECT {address}:{port}", 400),
            ("GET http://169.254.169.254/latest", 400),
            # Six were let through by the policy, wherever they ended.
            (f"GET http://example.com:{port}/a", 403),
        ):
            said = await send(request)
            assert said.startswith(f"HTTP/1.1 {status} ".encode()), request
            # By that an agent tells our no from a page's.
            assert f"\r\nProxy-Nonce: {NONCE}\r\n".encode() in said, request
        wrong = await agent.token("venture-policy")
        said = await send(f"GET http://example.com:{port}/", given=wrong)
        assert said.startswith(b"HTTP/1.1 407 ")
        others = await other.token("venture-egress")
        said = await send(f"GET http://example.com:{port}/a", given=others)
        assert b'"rule": "task/tools"' in said
        events = await place.recorded("policy.connection.closed.v1", 13)
        verdicts = [(each["host"], each["allowed"], each["rule"]) for each in events]
        assert verdicts.count(("example.com", False, "tls")) == 3
        assert ("inside.test", False, "addresses") in verdicts
        assert verdicts.count(("", False, "addresses")) == 2
        tool = "roles/researcher/tools/web.fetch"
        for rule in (f"{tool}/when", f"{tool}/callsPerMinute", "task/tools"):
            assert verdicts.count(("example.com", False, rule)) == 1, rule
        assert ([each["allowed"] for each in events].count(True), next(opened)) == (2, 7)
