"""How often an agent may call a tool: counted by workload and tool, within a minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from agentpods import judged_agent
from policybundles import bundle
from venture_core.policy.decision import ReasonCode
from venture_core.record.callrates import CallRates

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def test_calls_are_counted_within_a_minute() -> None:
    content = bundle()
    tools = content["roles"][0]["tools"]
    tools[0]["callsPerMinute"] = 2
    tools += [{"name": "io.read"}, {"name": "io.write", "callsPerMinute": 1}]
    agent, other = judged_agent(content), judged_agent(content, job="other")
    rates = CallRates()
    refused = [rates.count(agent, "web.fetch", NOW) for _ in range(3)]
    assert refused[:2] == [None, None]
    assert refused[2] is not None
    assert (refused[2].rule, refused[2].reason_code) == (
        "roles/researcher/tools/web.fetch/callsPerMinute",
        ReasonCode.RATE_LIMITED,
    )
    assert rates.count(agent, "io.write", NOW) is None
    assert rates.count(other, "web.fetch", NOW) is None
    assert [rates.count(agent, "io.read", NOW) for _ in range(50)] == [None] * 50
    # What was refused is not counted.
    assert rates.count(agent, "web.fetch", NOW + timedelta(seconds=59)) is not None
    assert rates.count(agent, "web.fetch", NOW + timedelta(seconds=60)) is None
