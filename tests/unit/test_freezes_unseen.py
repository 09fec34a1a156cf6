"""Who cannot see what is frozen does nothing, and has its callers ask again: it is no denial."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import pytest
from agentpods import judged_agent
from gatewayscene import assigned
from policybundles import bundle
from venture_core.freezes import UNKNOWN, Freezes
from venture_core.http.problems import Problem
from venture_core.llm.errors import LlmError
from venture_egress_proxy.head import parse_head
from venture_egress_proxy.judging import Judging, UnverifiedCallerError
from venture_llm_gateway.deciding import PolicyJudge
from venture_tool_gateway.app import Tools
from venture_treasury_api.run import objection_of

if TYPE_CHECKING:
    from venture_core.record.agents import Agent, Agents


class OneAgent:
    """Everybody is the same agent."""

    async def of(self, token: str) -> Agent:
        """Return it."""
        return judged_agent(bundle(), "io.read", "web.fetch")


ONE = cast("Agents", OneAgent())
NOTHING = cast("Any", None)


@pytest.fixture
def unseen() -> Freezes:
    return Freezes(NOTHING)


def test_nothing_is_seen_before_the_first_look(unseen: Freezes) -> None:
    assert unseen.standing("team") is UNKNOWN


async def test_a_service_begins_all_the_same_after_a_while(unseen: Freezes) -> None:
    await unseen.first_sight(0.05)
    assert unseen.standing("team") is UNKNOWN


async def test_a_model_is_not_asked(unseen: Freezes) -> None:
    with pytest.raises(LlmError) as told:
        await PolicyJudge(NOTHING, unseen).denial(assigned(), "Anthropic", "claude-x")
    assert (told.value.status, told.value.retry) == (503, True)


async def test_a_tool_is_not_called(unseen: Freezes) -> None:
    tools = Tools(
        agents=ONE,
        freezes=unseen,
        journal=NOTHING,
        performer=NOTHING,
        recorder=NOTHING,
        transcripts=NOTHING,
    )
    with pytest.raises(Problem) as told:
        await tools.call("token", "io.read", uuid4(), {"path": "a"})
    assert told.value.status == 503


def test_nothing_is_spent(unseen: Freezes) -> None:
    with pytest.raises(Problem) as told:
        objection_of(unseen)("team")
    assert told.value.status == 503


async def test_nothing_is_fetched(unseen: Freezes) -> None:
    judging = Judging(ONE, unseen, in_all=1, per_agent=1)
    head = parse_head(b"GET http://example.com/ HTTP/1.1\r\nProxy-Authorization: Bearer x\r\n\r\n")
    with pytest.raises(UnverifiedCallerError):
        await judging.judge(head)
