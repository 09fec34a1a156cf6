"""A conversation that another attempt takes up: it does what the first would have done."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from agenttasks import assignment
from venture_agent_runtime.conversation import Calls, Conversation, GivenUp, GoOn, Outcome
from venture_core.agents.transcript import parse_transcript

GIVEN = assignment(uuid4(), "sha256:" + "0" * 64, tools=("io.write",))


def said(number: int, *, path: str = "a") -> list[dict[str, Any]]:
    made = {"type": "tool_use", "id": f"c{number}", "name": "io_write", "input": {"path": path}}
    return [{"type": "text", "text": "I write."}, made, made | {"id": f"d{number}"}]


def again(talk: Conversation) -> Conversation:
    kept = talk.transcript().to_json()
    return Conversation.resumed(GIVEN, parse_transcript(kept))


def test_calls_without_results_are_made_by_the_next_attempt_under_the_same_names() -> None:
    first = Conversation(GIVEN)
    step = first.take(said(1), "tool_use")
    assert isinstance(step, Calls)
    second = again(first)
    assert second.open_step() == step
    assert [each.ordinal for each in step.calls] == ["1/0", "1/1"]
    done = [Outcome("ok"), Outcome("no", denied=True)]
    assert second.give(step.calls, done) is None
    third = again(second)
    assert third.open_step() == GoOn()
    assert (third.turns, third.denials) == (1, 1)
    assert third.messages == second.messages


def test_what_was_repeated_before_counts() -> None:
    talk = Conversation(GIVEN)
    for number in range(2):
        step = talk.take(said(number), "tool_use")
        assert isinstance(step, Calls)
        talk.give(step.calls, [Outcome("ok")] * 2)
    end = again(talk).take(said(3), "tool_use")
    assert isinstance(end, GivenUp)
    assert end.reason == "Repeating"


def test_one_that_begins_has_its_instructions_and_nothing_to_do() -> None:
    talk = again(Conversation(GIVEN))
    assert talk.messages == [{"role": "user", "content": "Look."}]
    assert talk.open_step() == GoOn()


@pytest.mark.parametrize("ended", ["", "Done", "Quarantined"])
def test_how_it_ended_is_kept(ended: str) -> None:
    kept = Conversation(GIVEN).transcript(ended)
    assert parse_transcript(kept.to_json()) == kept
