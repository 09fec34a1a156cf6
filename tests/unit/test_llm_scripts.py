"""Scripts: the next turn follows from the request alone, in every dialect, whole or streamed."""

import json
from typing import Any

import pytest
from pydantic import ValidationError
from venture_core.llm.dialects import READERS, meter_of
from venture_core.llm.orders import Dialect, Order, OrderRefusedError
from venture_core.llm.replies import Reply
from venture_core.llm.scripts import read_script
from venture_core.llm.sse import Frames

SCRIPT = read_script(
    json.dumps(
        {
            "turns": [
                {"say": [{"text": "I look."}, {"tool": "web.fetch", "arguments": {"url": "u"}}]},
                {"say": [{"text": '{"title": "Grüße"}'}]},
            ]
        }
    ).encode()
)
M, C, R = Dialect.MESSAGES, Dialect.CHAT, Dialect.RESPONSES
USER = {"role": "user", "content": "go"}
CALL = {"type": "function_call", "call_id": "c", "name": "web_fetch", "arguments": "{}"}
FIRST: dict[Dialect, dict[str, Any]] = {
    M: {"messages": [USER], "max_tokens": 500, "tools": [{"name": "web_fetch"}]},
    C: {"messages": [USER], "tools": [{"type": "function", "function": {"name": "web-fetch"}}]},
    R: {"input": "go", "tools": [{"type": "function", "name": "web__fetch"}]},
}
SECOND: dict[Dialect, dict[str, Any]] = {
    M: {"messages": [USER, {"role": "assistant", "content": "x"}, USER], "max_tokens": 500},
    C: {"messages": [USER, {"role": "assistant", "content": "x"}, USER]},
    R: {
        "input": [
            USER,
            {"type": "reasoning", "summary": []},
            CALL,
            CALL,
            {"type": "function_call_output", "call_id": "c", "output": "x"},
        ]
    },
}


def order(dialect: Dialect, body: dict[str, Any], **changes: Any) -> Order:
    return READERS[dialect].order(json.dumps({"model": "launch", **body, **changes}).encode())


def content(dialect: Dialect, answer: dict[str, Any]) -> tuple[str, list[tuple[str, Any]]]:
    """Return the text and the calls of an answer."""
    match dialect:
        case Dialect.MESSAGES:
            blocks = answer["content"]
            texts = [each["text"] for each in blocks if each["type"] == "text"]
            calls = [(e["name"], e["input"]) for e in blocks if e["type"] == "tool_use"]
        case Dialect.CHAT:
            message = answer["choices"][0]["message"]
            texts = [message["content"] or ""]
            functions = [each["function"] for each in message.get("tool_calls", [])]
            calls = [(each["name"], json.loads(each["arguments"])) for each in functions]
        case Dialect.RESPONSES:
            items = answer["output"]
            texts = [e["content"][0]["text"] for e in items if e["type"] == "message"]
            asked = [each for each in items if each["type"] == "function_call"]
            calls = [(each["name"], json.loads(each["arguments"])) for each in asked]
    return "".join(texts), calls


@pytest.mark.parametrize("dialect", list(Dialect))
def test_the_next_turn_follows_from_the_request(dialect: Dialect) -> None:
    declared = {M: "web_fetch", C: "web-fetch", R: "web__fetch"}[dialect]
    first = order(dialect, FIRST[dialect])
    answer = json.loads(Reply(SCRIPT, first).whole())
    assert content(dialect, answer) == ("I look.", [(declared, {"url": "u"})])
    assert Reply(SCRIPT, first).whole() == Reply(SCRIPT, first).whole()
    second = json.loads(Reply(SCRIPT, order(dialect, SECOND[dialect])).whole())
    assert content(dialect, second) == ('{"title": "Grüße"}', [])
    assert second["id"] != answer["id"]


@pytest.mark.parametrize("dialect", list(Dialect))
@pytest.mark.parametrize("body", [FIRST, SECOND])
def test_a_stream_uses_what_the_whole_answer_does(
    dialect: Dialect, body: dict[Dialect, dict[str, Any]]
) -> None:
    asked = order(dialect, body[dialect], stream=True)
    frames, meter = Frames(), meter_of(asked)
    for event in Reply(SCRIPT, asked).stream():
        for found in frames.feed(event):
            meter.see(found)
    assert meter.complete
    usage = meter.usage()
    assert usage == READERS[dialect].usage(json.loads(Reply(SCRIPT, asked).whole()))
    assert usage is not None
    assert 0 < usage.prompt <= asked.input_tokens_max
    assert 0 < usage.output <= asked.output_tokens_max


def test_a_tool_that_was_not_declared_is_called_all_the_same() -> None:
    """The script may play a model that obeys a hostile page."""
    body = {**FIRST[M], "tools": []}
    answer = json.loads(Reply(SCRIPT, order(M, body)).whole())
    assert content(M, answer)[1] == [("web_fetch", {"url": "u"})]


def test_a_script_has_an_end() -> None:
    third = [USER, {"role": "assistant", "content": "x"}] * 2
    with pytest.raises(OrderRefusedError, match="has 2 turns"):
        Reply(SCRIPT, order(M, {"messages": third, "max_tokens": 500}))


def test_a_turn_that_is_longer_than_asked_for_is_refused() -> None:
    with pytest.raises(OrderRefusedError, match="turn 1 of the script"):
        Reply(SCRIPT, order(M, {**FIRST[M], "max_tokens": 1}))


@pytest.mark.parametrize(
    "script",
    [
        {"turns": []},
        {"turns": [{"say": []}]},
        {"turns": [{"say": [{}]}]},
        {"turns": [{"say": [{"text": "a", "tool": "b"}]}]},
        {"turns": [{"say": [{"text": "a", "when": "b"}]}]},
        {"turns": [{"say": [{"text": "a"}]}] * 201},
        {"turns": [{"say": [{"text": "a" * 65 * 1024}]}]},
        {},
    ],
)
def test_what_is_no_script_is_refused(script: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        read_script(json.dumps(script).encode())


def test_a_script_is_bounded() -> None:
    with pytest.raises(ValueError, match="at most"):
        read_script(b" " * (256 * 1024 + 1))
