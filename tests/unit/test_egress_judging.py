"""The proxy judges each connection as a call of web.fetch, and as a connection."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import pytest
from agentpods import judged_agent
from policybundles import bundle
from pydantic import SecretStr
from venture_core.identity.callers import UnauthenticatedError, UnverifiableError
from venture_core.policy.decision import ReasonCode
from venture_core.record.assignments import AssignmentUnavailableError, NotAssignedError
from venture_core.record.behind import EventsBehind
from venture_core.record.bundles import BundleUnavailableError
from venture_core.record.producer import EventProducer
from venture_egress_proxy.head import destination, parse_head
from venture_egress_proxy.judging import Judging, judge_fetch
from venture_egress_proxy.proxy import Proxy

if TYPE_CHECKING:
    from venture_core.freezes import Freezes
    from venture_core.record.agents import Agent, Agents

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
FETCH = "roles/researcher/tools/web.fetch"


def policy(**changes: Any) -> dict[str, Any]:
    content = bundle()
    content["rules"] = [
        {
            "id": "no-mail",
            "appliesTo": ["Connection"],
            "when": "host.startsWith('mail.')",
            "action": "Deny",
            "message": "Mail is not for agents.",
        },
        {
            "id": "no-secrets",
            "appliesTo": ["ToolCall"],
            "when": "args.url.contains('/secret')",
            "action": "Deny",
            "message": "Secrets are not for agents.",
        },
    ]
    tools = content["roles"][0]["tools"]
    tools[0] |= {"when": "args.url.startsWith('http')", "domains": ["*.example.com"]} | changes
    tools += [{"name": "page.watch", "domains": ["other.com"]}]
    return content


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("GET http://www.example.com/secret", "no-secrets"),
        ("GET http://mail.example.com/", "no-mail"),
        ("CONNECT mail.example.com:443", "no-mail"),
        ("CONNECT www.example.com:22", f"{FETCH}/domains"),
        ("CONNECT evil.com:443", f"{FETCH}/domains"),
        # What another tool of the role reaches is nothing that web.fetch reaches.
        ("CONNECT other.com:443", f"{FETCH}/domains"),
    ],
)
def test_the_rule_that_refuses_is_named(line: str, rule: str) -> None:
    agent = judged_agent(policy(), "web.fetch")
    to = destination(parse_head(f"{line} HTTP/1.1\r\n\r\n".encode()))
    decision = judge_fetch(agent, None, to, NOW)
    assert (decision.allowed, decision.rule) == (False, rule)


@pytest.mark.parametrize(
    ("line", "when", "allowed"),
    [
        ("GET http://a.example.com/docs/a", "args.url.startsWith('http://a.example.com/docs/')", 1),
        ("GET http://A.EXAMPLE.com:80/a", "args.url == 'http://a.example.com/a'", 1),
        ("GET http://a.example.com/b", "args.url.endsWith('/a')", 0),
        ("GET http://a.example.com/", "args.url.startsWith('https://')", 0),
        ("CONNECT a.example.com:443", "args.url.startsWith('https://a.example.com/')", 1),
        # The path is not known in a tunnel, so nobody can say that it is one that may be read.
        ("CONNECT a.example.com:443", "args.url.startsWith('https://a.example.com/docs/')", 0),
        ("CONNECT a.example.com:443", "args.method == 'GET'", 0),
    ],
)
def test_conditions_of_the_tool_bind(line: str, when: str, allowed: int) -> None:
    agent = judged_agent(policy(when=when), "web.fetch")
    to = destination(parse_head(f"{line} HTTP/1.1\r\n\r\n".encode()))
    decision = judge_fetch(agent, None, to, NOW)
    assert decision.allowed is bool(allowed)
    assert allowed or decision.rule == f"{FETCH}/when"


def test_a_task_that_does_not_list_the_tool_reaches_nothing() -> None:
    agent = judged_agent(policy(), "io.read", "page.watch")
    for line in ("CONNECT www.example.com:443", "CONNECT other.com:443"):
        to = destination(parse_head(f"{line} HTTP/1.1\r\n\r\n".encode()))
        decision = judge_fetch(agent, None, to, NOW)
        assert (decision.rule, decision.reason_code) == ("task/tools", ReasonCode.NOT_IN_ALLOWLIST)


@dataclass(frozen=True)
class Nobody:
    """Agents of which none can be named."""

    error: Exception

    async def of(self, token: str) -> Agent:
        """Raise the error."""
        raise self.error


async def asked(proxy: Proxy) -> bytes:
    """Return what the proxy answers to somebody with a token."""
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"GET http://a.example.com/ HTTP/1.1\r\nProxy-Authorization: Bearer x\r\n\r\n")
        said = await reader.read()
        writer.close()
        await writer.wait_closed()
    return said


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UnauthenticatedError("the token proves nobody"), 407),
        (NotAssignedError("it works for no task"), 407),
        # The same may be answered later: an agent that is told so waits, and asks again.
        (UnverifiableError("the API server does not answer"), 503),
        (AssignmentUnavailableError("the record does not answer"), 503),
        (BundleUnavailableError("the record does not answer"), 503),
    ],
)
async def test_who_cannot_be_verified_now_is_told_so(error: Exception, status: int) -> None:
    judging = Judging(cast("Agents", Nobody(error)), cast("Freezes", None), in_all=1, per_agent=1)
    proxy = Proxy(judging, cast("EventsBehind", None), private=(), max_bytes=1, max_seconds=30)
    said = await asked(proxy)
    assert said.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"\r\nContent-Type: application/problem+json\r\n" in said


@dataclass(frozen=True)
class Somebody:
    """An agent, whatever the token."""

    agent: Agent

    async def of(self, token: str) -> Agent:
        """Return the agent."""
        return self.agent


@dataclass(frozen=True)
class Thaw:
    """No freezes."""

    def in_force(self, namespace: str) -> None:
        """Return that nothing is frozen."""


async def test_nothing_is_opened_that_the_record_does_not_know_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("venture_egress_proxy.proxy.RECORD_SECONDS", 0.2)
    resolved: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        resolved.append(f"{host}:{port}")
        return []

    judging = Judging(
        cast("Agents", Somebody(judged_agent(policy(), "web.fetch"))),
        cast("Freezes", Thaw()),
        in_all=1,
        per_agent=1,
    )
    away = EventProducer(
        SecretStr("postgresql://nobody@127.0.0.1:1/none"), name="test", give_up_after_seconds=0.5
    )
    async with away as producer:
        proxy = Proxy(
            judging,
            EventsBehind(producer),
            private=(),
            max_bytes=1,
            max_seconds=30,
            resolve=resolve,
        )
        said = await asked(proxy)
    assert said.startswith(b"HTTP/1.1 503 ")
    assert b"the record does not answer" in said
    assert resolved == []
