"""Requests: what limits and prices need is read, and what has no price is refused by name."""

import json
from typing import Any

import pytest
from venture_core.llm.dialects import READERS
from venture_core.llm.messages import read_count
from venture_core.llm.openai import read_response_count
from venture_core.llm.orders import DEFAULT_OUTPUT_TOKENS, Dialect, Order, OrderRefusedError

CANARY = "canary-prompt-7f3a"
MESSAGES = {
    "model": "claude-opus-5-5",
    "max_tokens": 100,
    "messages": [{"role": "user", "content": CANARY}],
}
CHAT = {"model": "gpt-6.1-sol", "messages": [{"role": "user", "content": CANARY}]}
RESPONSE = {"model": "gpt-6.1-sol", "input": CANARY}
BODIES = {Dialect.MESSAGES: MESSAGES, Dialect.CHAT: CHAT, Dialect.RESPONSES: RESPONSE}


def read(dialect: Dialect, **changes: Any) -> Order:
    return READERS[dialect].order(json.dumps({**BODIES[dialect], **changes}).encode())


def blocks(*content: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "user", "content": list(content)}]


M, C, R = Dialect.MESSAGES, Dialect.CHAT, Dialect.RESPONSES
TOOL = {"name": "web_fetch", "input_schema": {"type": "object"}}
FUNCTION = {"type": "function", "function": {"name": "web_fetch", "parameters": {}}}


@pytest.mark.parametrize(
    ("dialect", "changes"),
    [
        (M, {}),
        (M, {"stream": True, "tools": [TOOL, {**TOOL, "type": "custom"}], "system": "be brief"}),
        (M, {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}}),
        (M, {"messages": blocks({"type": "tool_result", "tool_use_id": "a", "content": "x"})}),
        (C, {"tools": [FUNCTION], "response_format": {"type": "json_object"}, "n": 2}),
        (C, {"messages": [{"role": "assistant", "content": None, "tool_calls": []}]}),
        (C, {"service_tier": "default", "prompt_cache_options": {"ttl": "30m"}}),
        (R, {"input": [{"role": "user", "content": [{"type": "input_text", "text": "x"}]}]}),
        (R, {"input": [{"type": "function_call_output", "call_id": "a", "output": "x"}]}),
        (R, {"reasoning": {"effort": "low"}, "include": ["reasoning.encrypted_content"]}),
    ],
)
def test_what_agents_ask_for_is_read(dialect: Dialect, changes: dict[str, Any]) -> None:
    found = read(dialect, **changes)
    assert found.model == BODIES[dialect]["model"]
    assert found.stream is bool(changes.get("stream"))


@pytest.mark.parametrize(
    ("dialect", "changes", "named"),
    [
        (M, {"max_tokens": None}, "max_tokens"),
        (M, {"max_tokens": 0}, "max_tokens"),
        (M, {"max_tokens": 10**9}, "max_tokens"),
        (M, {"messages": []}, "messages"),
        (M, {"speed": "fast"}, "speed"),
        (M, {"inference_geo": "us"}, "inference_geo"),
        (M, {"container": "c"}, "container"),
        (M, {"mcp_servers": []}, "mcp_servers"),
        (M, {"fallbacks": []}, "fallbacks"),
        (M, {"compaction": {}}, "compaction"),
        (M, {"context_management": {}}, "context_management"),
        (M, {"service_tier": "priority"}, "service_tier"),
        (M, {"tools": [{"type": "web_search_20260318", "name": "web_search"}]}, "tools"),
        (M, {"messages": blocks({"type": "image", "source": {}})}, "messages.0.content"),
        (M, {"messages": blocks({"type": "document", "source": {}})}, "messages.0.content"),
        (
            M,
            {"messages": blocks({"type": "tool_result", "content": [{"type": "image"}]})},
            "messages.0.content",
        ),
        (M, {"cache_control": {"type": "ephemeral", "ttl": "9h"}}, "cache_control"),
        (C, {"audio": {}}, "audio"),
        (C, {"modalities": ["text", "audio"]}, "modalities"),
        (C, {"prediction": {}}, "prediction"),
        (C, {"web_search_options": {}}, "web_search_options"),
        (C, {"service_tier": "priority"}, "service_tier"),
        (C, {"prompt_cache_retention": "24h"}, "prompt_cache_retention"),
        (C, {"n": 100}, "n"),
        (C, {"messages": blocks({"type": "image_url"})}, "messages.0.content"),
        (C, {"messages": blocks({"type": "input_audio"})}, "messages.0.content"),
        (R, {"background": True}, "background"),
        (R, {"previous_response_id": "r"}, "previous_response_id"),
        (R, {"conversation": "c"}, "conversation"),
        (R, {"prompt": {"id": "p"}}, "prompt"),
        (R, {"prompt_cache_options": {"ttl": "12h"}}, "prompt_cache_options.ttl"),
        (R, {"tools": [{"type": "web_search"}]}, "tools"),
        (R, {"tools": [{"type": "mcp"}]}, "tools"),
        (R, {"input": [{"type": "item_reference", "id": "i"}]}, "input.0"),
        (R, {"input": [{"role": "user", "content": [{"type": "input_image"}]}]}, "input.0.content"),
        (R, {"something_new": 1}, "something_new"),
    ],
)
def test_what_has_no_price_is_refused_by_name(
    dialect: Dialect, changes: dict[str, Any], named: str
) -> None:
    with pytest.raises(OrderRefusedError, match=named.replace(".", r"\.")) as refused:
        read(dialect, **changes)
    assert CANARY not in str(refused.value)


@pytest.mark.parametrize("dialect", list(Dialect))
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"nonsense",
        b'{"a": NaN}',
        b"[" * 100_000,
        b'{"a":' * 100 + b"1" + b"}" * 100,
        b'{"model": "' + b"\xff",
    ],
)
def test_what_is_no_request_is_refused(dialect: Dialect, data: bytes) -> None:
    with pytest.raises(OrderRefusedError, match="JSON"):
        READERS[dialect].order(data)


def test_every_place_of_a_cache_mark_counts() -> None:
    mark = {"cache_control": {"type": "ephemeral"}}
    hour = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
    inner = {"type": "text", "text": "x"}
    for changes in (
        {"cache_control": mark["cache_control"]},
        {"tools": [{**TOOL, **mark}]},
        {"system": [{**inner, **mark}]},
        {"messages": blocks({**inner, **mark})},
        {"messages": blocks({"type": "tool_result", "content": [{**inner, **mark}]})},
    ):
        assert read(M, **changes).cache_lifetimes == {"5m"}
    both = read(M, tools=[{**TOOL, **hour}], messages=blocks({**inner, **mark}))
    assert both.cache_lifetimes == {"5m", "1h"}


def test_a_request_without_a_limit_gets_one() -> None:
    assert read(C).body["max_completion_tokens"] == DEFAULT_OUTPUT_TOKENS
    assert read(R).body["max_output_tokens"] == DEFAULT_OUTPUT_TOKENS
    assert read(C, max_tokens=5, n=3).output_tokens_max == 15
    assert "max_completion_tokens" not in read(C, max_tokens=5).body


def test_the_usage_of_a_chat_stream_is_asked_for() -> None:
    silent = read(C, stream=True, stream_options={"include_obfuscation": False})
    assert silent.body["stream_options"] == {"include_obfuscation": False, "include_usage": True}
    assert not silent.usage_asked
    assert read(C, stream=True, stream_options={"include_usage": True}).usage_asked
    assert read(C).usage_asked


@pytest.mark.parametrize("dialect", list(Dialect))
def test_a_prompt_has_fewer_tokens_than_its_bound(dialect: Dialect) -> None:
    assert read(dialect).input_tokens_max > len(CANARY)
    longer = {M: {"system": "ü" * 500}, C: {"user": "ü" * 500}, R: {"instructions": "ü" * 500}}
    assert read(dialect, **longer[dialect]).input_tokens_max >= 1000


def test_counting_needs_no_limit_and_may_give_nothing() -> None:
    body = {key: value for key, value in MESSAGES.items() if key != "max_tokens"}
    assert read_count(json.dumps(body).encode()).output_tokens_max == 0
    assert read_response_count(json.dumps(RESPONSE).encode()).output_tokens_max == 0
    with pytest.raises(OrderRefusedError, match="stream"):
        read_count(json.dumps({**body, "stream": True}).encode())
