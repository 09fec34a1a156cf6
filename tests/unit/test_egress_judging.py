"""The proxy judges each connection as a call of web.fetch, and as a connection."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from agentpods import judged_agent
from policybundles import bundle
from venture_core.policy.decision import ReasonCode
from venture_egress_proxy.head import destination, parse_head
from venture_egress_proxy.judging import judge_fetch

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
