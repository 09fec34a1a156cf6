"""The agent's process against services over HTTP: the official SDK and scripted answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from agentprocess import TOKEN, run_agent
from agentservices import AgentServices, turn, use
from venture_core.agents.assignment import AgentAssignment
from venture_core.agents.result import (
    EXIT_BUDGET,
    EXIT_DONE,
    EXIT_FAILED,
    EXIT_TRANSIENT,
    AgentResult,
    parse_result,
)

if TYPE_CHECKING:
    from pathlib import Path

type Json = dict[str, Any]

UID = UUID("6622053a-5ec9-49b4-bf2a-069588e7037f")
SCHEMA: Json = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "minLength": 3},
        "points": {"type": "array", "items": {"type": "string"}, "maxItems": 3},
    },
    "required": ["title", "points"],
}
GOOD: Json = {"title": "Beta", "points": ["It grows"]}
CANARY = "canary-5f2b"


def assignment(**changes: Any) -> AgentAssignment:
    return AgentAssignment.model_validate(
        {
            "namespace": "team-a",
            "workflow": "launch",
            "workflow_uid": UID,
            "trace_id": UID,
            "task": "research",
            "task_id": UID,
            "attempt": 1,
            "role": "researcher",
            "bundle_hash": "sha256:" + "0" * 64,
            "model": {"provider": "Anthropic", "name": "scripted"},
            "tools": ("web.fetch", "io.write", "money.authorize"),
            "limits": {"max_turns": 12, "max_tokens": 2000, "timeout_seconds": 30},
            "currency": "USD",
            "llm_cap_cents": 10,
            "instructions": f"Find out about the beta. {CANARY}",
            "output_schema": SCHEMA,
            **changes,
        }
    )


async def run(
    folder: Path, services: AgentServices, given: AgentAssignment | None = None
) -> tuple[int, AgentResult, str]:
    """Run the process; return its code, its result, and all that it said."""
    given = given or assignment()
    code, message, log = await run_agent(folder, services.url, given.to_json())
    assert CANARY not in log, "no prompt is logged"
    return code, parse_result(message), log


async def test_an_agent_reads_pays_and_answers_by_its_schema(tmp_path: Path) -> None:
    pay = {
        "intent": "ads",
        "merchant": "acme-ads",
        "category": "7311",
        "currency": "USD",
        "amountCents": 500,
    }
    turns = [
        turn(
            "I look.",
            use("web.fetch", url="http://pages.example/one"),
            use("io.write", path="notes.md", content="seen"),
        ),
        turn(use("money.authorize", **pay)),
        turn(use("answer", **GOOD)),
    ]
    async with AgentServices(turns) as services:
        code, result, _ = await run(tmp_path, services)
        first = [key for _, _, key in services.calls if key]
        again, _, _ = await run(tmp_path, services)
    assert (code, again) == (EXIT_DONE, EXIT_DONE)
    assert result.output == GOOD
    assert (result.turns, result.denials) == (3, 0)
    assert [tool for tool, _, _ in services.calls][:3].count("web.fetch") == 1
    assert services.calls[2][:2] == ("money.authorize", pay)
    # Who does the same again names the same effects: nothing is paid or written twice.
    assert [key for _, _, key in services.calls if key][len(first) :] == first
    asked = services.asked[1]["messages"]
    used = [each["id"] for each in asked[1]["content"] if each["type"] == "tool_use"]
    results = [each["tool_use_id"] for each in asked[2]["content"]]
    assert results == used, "one result each, in their order"
    assert f"{TOKEN}-llm-gateway" in " ".join(services.tokens)


async def test_a_denial_goes_back_to_the_model_and_three_quarantine(tmp_path: Path) -> None:
    def deny(tool: str, _arguments: Json) -> tuple[int, Json]:
        return 403, {"title": "Forbidden", "detail": f"{tool} is not allowed", "rule": "roles/x"}

    turns = [turn(use("io.write", path=f"{number}", content="x")) for number in range(4)]
    async with AgentServices([*turns, turn(use("answer", **GOOD))], deny) as services:
        code, result, _ = await run(tmp_path, services)
    assert (code, result.denials, len(services.calls)) == (EXIT_FAILED, 3, 3)
    assert result.error is not None
    assert result.error.reason == "Quarantined"
    told = services.asked[1]["messages"][2]["content"][0]
    assert told["is_error"] is True
    assert "io.write is not allowed" in told["content"]


@pytest.mark.parametrize("status", [403, 200, 404])
async def test_a_tool_that_the_task_does_not_list_is_refused_where_it_is_recorded(
    tmp_path: Path, status: int
) -> None:
    """Whatever the gateway says of it, the agent does not take it for done."""

    def perform(tool: str, _arguments: Json) -> tuple[int, Json]:
        return status, {"detail": f"the task does not list {tool}"}

    asked = (use("event.publish", title="x"), use("shell.exec", command="x"))
    turns = [turn(*asked), turn(use("answer", **GOOD))]
    async with AgentServices(turns, perform) as services:
        code, result, _ = await run(tmp_path, services)
    assert (code, result.denials) == (EXIT_DONE, 2)
    assert {tool for tool, _, _ in services.calls} == {"event.publish", "shell_exec"}


@pytest.mark.parametrize(
    ("turns", "reason"),
    [
        ([turn(use("answer", title="B"))] * 5, "OutputInvalid"),
        ([turn("I am done.")] * 5, "OutputInvalid"),
        ([turn(use("answer", title="TODO", points=[]))] * 5, "OutputInvalid"),
        ([turn(use("answer", title="x" * 3000, points=[]))] * 5, "OutputInvalid"),
        ([turn(use("io.write", path="a", content="b"))] * 8, "Repeating"),
        ([turn(use("io.write", path=f"{n}", content="b")) for n in range(13)], "TurnLimit"),
        ([turn("One.")], "ModelFailed"),
    ],
    ids=["schema", "words", "placeholder", "too large", "a loop", "turns", "the script ends"],
)
async def test_what_comes_to_nothing_ends_with_its_reason(
    tmp_path: Path, turns: list[Json], reason: str
) -> None:
    async with AgentServices(turns) as services:
        code, result, _ = await run(tmp_path, services)
    assert code == EXIT_FAILED
    assert result.error is not None
    assert result.error.reason == reason


async def test_an_answer_that_is_mended_counts(tmp_path: Path) -> None:
    turns = [turn(use("answer", title="Beta")), turn(use("answer", **GOOD))]
    async with AgentServices(turns) as services:
        _, result, _ = await run(tmp_path, services)
    assert result.output == GOOD
    sent_back = json.dumps(services.asked[1]["messages"][-1])
    assert "points is missing" in sent_back


async def test_at_the_cap_it_asks_once_and_says_so(tmp_path: Path) -> None:
    async with AgentServices([turn("x")], fail_with=402) as services:
        code, result, _ = await run(tmp_path, services)
    assert (code, len(services.asked)) == (EXIT_BUDGET, 1)
    assert result.error is not None
    assert result.error.reason == "BudgetExhausted"


async def test_without_a_schema_words_are_the_answer(tmp_path: Path) -> None:
    async with AgentServices([turn("All is well.")]) as services:
        _, result, _ = await run(tmp_path, services, assignment(output_schema=None))
    assert result.output == {"text": "All is well."}


async def test_a_service_that_is_away_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    """Whatever it was asked for has one name, and the model hears of none of it."""
    away = iter([503, 500, 502])

    def perform(_tool: str, _arguments: Json) -> tuple[int, Json]:
        return next(away, 200), {"ok": True}

    turns = [
        turn(use("money.authorize", intent="ads", amountCents=500)),
        turn(use("answer", **GOOD)),
    ]
    async with AgentServices(turns, perform) as services:
        code, result, _ = await run(tmp_path, services)
    assert (code, result.denials, len(services.calls)) == (EXIT_DONE, 0, 4)
    assert len({key for _, _, key in services.calls}) == 1
    (told,) = services.asked[-1]["messages"][-1]["content"]
    assert told["is_error"] is False


async def test_who_vanishes_without_a_word_is_noticed_within_ten_seconds(tmp_path: Path) -> None:
    """A gateway that is gone with its pod says nothing, and an answer may take ten minutes."""
    turns = [turn(use("io.write", path="a", content="b")), turn(use("answer", **GOOD))]
    async with AgentServices(turns, looks=True) as services:
        code, _, _ = await run(tmp_path, services)
    assert code == EXIT_DONE
    # Model, tool and transcript, each as the kernel sees it while it waits for its answer.
    assert len(services.quiet_seconds) == 2 + 1 + 4
    assert all(0 < each <= 5 for each in services.quiet_seconds)


@pytest.mark.parametrize("tool", ["money.authorize", "io.write"])
async def test_what_nobody_answered_is_asked_again_by_the_next_attempt_as_the_same(
    tmp_path: Path, tool: str
) -> None:
    """A model that is told of a failure may ask once more by another name, and pay twice."""
    answers = iter([503])

    def perform(_tool: str, _arguments: Json) -> tuple[int, Json]:
        return next(answers, 200), {"ok": True}

    turns = [turn(use(tool, path="a")), turn(use("answer", **GOOD))]
    async with AgentServices(turns, perform) as services:
        data = assignment().to_json()
        code, message, _ = await run_agent(tmp_path, services.url, data, patience_seconds=0)
        error = parse_result(message).error
        assert error is not None
        assert (code, error.reason) == (EXIT_TRANSIENT, "ServiceAway")
        assert len(services.asked) == 1
        code, result, _ = await run(tmp_path, services)
    assert (code, result.turns, result.output) == (EXIT_DONE, 2, GOOD)
    first, second = services.calls
    assert first == second
    assert len(services.asked) == 2


async def test_a_proxy_that_does_not_answer_is_no_answer_of_a_page(tmp_path: Path) -> None:
    turns = [turn(use("web.fetch", url="http://pages.example/one")), turn(use("answer", **GOOD))]
    async with AgentServices(turns) as services:
        code, message, _ = await run_agent(
            tmp_path,
            services.url,
            assignment().to_json(),
            patience_seconds=0,
            egress=("http://127.0.0.1:1", "nobody"),
        )
    error = parse_result(message).error
    assert error is not None
    assert (code, error.reason, len(services.asked)) == (EXIT_TRANSIENT, "ServiceAway", 1)


async def test_while_a_freeze_holds_it_ends_and_goes_on_after_the_thaw(tmp_path: Path) -> None:
    """Refusals by a freeze are nobody's violations: three of them would quarantine the agent."""
    answers = iter([423] * 3)

    def perform(_tool: str, _arguments: Json) -> tuple[int, Json]:
        return next(answers, 200), {"ok": True}

    calls = [use("io.write", path=each) for each in "abc"]
    async with AgentServices([turn(*calls), turn(use("answer", **GOOD))], perform) as services:
        code, message, _ = await run_agent(tmp_path, services.url, assignment().to_json())
        error = parse_result(message).error
        assert error is not None
        assert (code, error.reason) == (EXIT_TRANSIENT, "Frozen")
        code, result, _ = await run(tmp_path, services)
    assert (code, result.denials, result.output) == (EXIT_DONE, 0, GOOD)


async def test_a_page_that_answers_as_the_proxy_would_ends_no_attempt(tmp_path: Path) -> None:
    said = {"status": 423, "detail": "frozen (FREEZE_MODE_ACTIVE, rule freeze)"}
    answers = iter([423, 503, 403])
    calls = [use("web.fetch", url=f"http://pages.example/{each}") for each in "abc"]
    services = AgentServices(
        [turn(*calls), turn(use("answer", **GOOD))],
        perform=lambda _tool, _arguments: (next(answers), said),
        by_proxy=False,
    )
    async with services:
        code, result, _ = await run(tmp_path, services)
    assert (code, result.turns, result.denials, result.output) == (EXIT_DONE, 2, 0, GOOD)
    assert len(services.calls) == 3


@pytest.mark.parametrize(("status", "reason"), [(423, "Frozen"), (503, "ServiceAway")])
async def test_what_the_proxy_says_itself_ends_it(tmp_path: Path, status: int, reason: str) -> None:
    turns = [turn(use("web.fetch", url="http://pages.example/a")), turn(use("answer", **GOOD))]
    async with AgentServices(turns, lambda _tool, _arguments: (status, {})) as services:
        code, message, _ = await run_agent(
            tmp_path, services.url, assignment().to_json(), patience_seconds=0
        )
    error = parse_result(message).error
    assert error is not None
    assert (code, error.reason, len(services.asked)) == (EXIT_TRANSIENT, reason, 1)


async def test_while_a_freeze_holds_its_model_is_not_asked_again(tmp_path: Path) -> None:
    async with AgentServices([turn("All is well.")], fail_with=423) as services:
        code, message, _ = await run_agent(tmp_path, services.url, assignment().to_json())
    error = parse_result(message).error
    assert error is not None
    assert (code, error.reason, len(services.asked)) == (EXIT_TRANSIENT, "Frozen", 1)
