"""The official clients of the providers, unchanged, against the gateway."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import anthropic
import httpx2
import openai
import pytest
from badprovider import (
    Does,
    completion,
    completion_events,
    message,
    message_events,
    response,
    response_events,
)
from gatewayscene import KEY, TOKEN, Scene, gateway
from venture_core.llm.scripts import read_script

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

# 1,000 tokens in and 100 out, at 4 and 20 USD a million.
OPUS = {"model": "claude-opus-5-5", "max_tokens": 1000}
OPUS_MICROS = 1000 * 4 + 100 * 20
# The same at 2 and 10.
SOL = "gpt-6.1-sol"
SOL_MICROS = 1000 * 2 + 100 * 10
ASK = [{"role": "user", "content": "Say hello."}]


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with gateway(tmp_path / "keys") as served:
        yield served


def claude(scene: Scene, **named: object) -> anthropic.AsyncAnthropic:
    return anthropic.AsyncAnthropic(base_url=scene.url, api_key=TOKEN, max_retries=0, **named)


def gpt(scene: Scene, **named: object) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=f"{scene.url}/v1", api_key=TOKEN, max_retries=0, **named)


async def test_a_message(scene: Scene) -> None:
    scene.provider.does(Does(body=json.dumps(message()).encode()))
    async with claude(scene) as client:
        answer = await client.messages.create(**OPUS, messages=ASK)
    assert answer.content[0].text == "Hello there"
    assert list(scene.budget.settled.values()) == [OPUS_MICROS]
    (seen,) = scene.provider.seen
    assert seen.headers["x-api-key"] == KEY
    assert TOKEN not in json.dumps(seen.headers)
    assert seen.headers["anthropic-version"] == "2026-10-21"
    (event,) = scene.events.payloads("called")
    assert (event["outcome"], event["costMicros"]) == ("Completed", OPUS_MICROS)
    assert event["usage"]["output"] == 100


async def test_a_streamed_message(scene: Scene) -> None:
    scene.provider.does(Does(events=message_events()))
    async with claude(scene) as client, client.messages.stream(**OPUS, messages=ASK) as stream:
        text = "".join([part async for part in stream.text_stream])
        final = await stream.get_final_message()
    assert (text, final.usage.output_tokens) == ("Hello there", 100)
    assert list(scene.budget.settled.values()) == [OPUS_MICROS]


async def test_the_old_way_to_send_a_key(scene: Scene) -> None:
    scene.provider.does(Does(body=json.dumps(message()).encode()))
    headers = {"x-api-key": TOKEN, "anthropic-version": "2023-06-01"}
    async with httpx2.AsyncClient(base_url=scene.url, headers=headers) as client:
        answer = await client.post("/v1/messages", json={**OPUS, "messages": ASK})
    assert answer.status_code == 200
    assert scene.provider.seen[0].headers["anthropic-version"] == "2023-06-01"


async def test_counting_costs_nothing(scene: Scene) -> None:
    scene.provider.does(Does(body=b'{"input_tokens": 12}'))
    async with claude(scene) as client:
        counted = await client.messages.count_tokens(model=OPUS["model"], messages=ASK)
    assert counted.input_tokens == 12
    assert not scene.budget.settled
    assert scene.provider.seen[0].path == "/v1/messages/count_tokens"
    scene.provider.does(Does(body=b'{"object": "response.input_tokens", "input_tokens": 7}'))
    async with gpt(scene) as other:
        assert (await other.responses.input_tokens.count(model=SOL, input="hi")).input_tokens == 7


async def test_chat_completions(scene: Scene) -> None:
    scene.provider.does(Does(body=json.dumps(completion()).encode()))
    async with gpt(scene) as client:
        answer = await client.chat.completions.create(model=SOL, messages=ASK)
    assert answer.choices[0].message.content == "Hello there"
    assert list(scene.budget.settled.values()) == [SOL_MICROS]
    assert scene.provider.seen[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("asked", [True, False])
async def test_streamed_chat_completions(scene: Scene, *, asked: bool) -> None:
    scene.provider.does(Does(events=completion_events()))
    options = {"stream_options": {"include_usage": True}} if asked else {}
    async with gpt(scene) as client:
        stream = await client.chat.completions.create(
            model=SOL, messages=ASK, stream=True, **options
        )
        chunks = [chunk async for chunk in stream]
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == "Hello there"
    assert [chunk.usage is not None for chunk in chunks if not chunk.choices] == [True] * asked
    assert scene.provider.seen[0].body["stream_options"] == {"include_usage": True}
    assert list(scene.budget.settled.values()) == [SOL_MICROS]


async def test_responses(scene: Scene) -> None:
    scene.provider.does(Does(body=json.dumps(response()).encode()))
    async with gpt(scene) as client:
        assert (await client.responses.create(model=SOL, input="hi")).output_text == "Hello there"
    assert list(scene.budget.settled.values()) == [SOL_MICROS]


@pytest.mark.parametrize("end", ["completed", "incomplete"])
async def test_streamed_responses(scene: Scene, end: str) -> None:
    scene.provider.does(Does(events=response_events(end)))
    async with gpt(scene) as client:
        stream = await client.responses.create(model=SOL, input="hi", stream=True)
        events = [event.type async for event in stream]
    assert events[-1] == f"response.{end}"
    assert list(scene.budget.settled.values()) == [SOL_MICROS]


async def test_a_streamed_response_that_failed_is_an_error_and_costs_what_it_used(
    scene: Scene,
) -> None:
    scene.provider.does(Does(events=response_events("failed")))
    async with gpt(scene) as client:
        stream = await client.responses.create(model=SOL, input="hi", stream=True)
        with pytest.raises(openai.APIError, match="ended its answer by an error"):
            async for _ in stream:
                pass
    assert list(scene.budget.settled.values()) == [SOL_MICROS]


async def test_the_list_of_models_is_what_the_role_may_call(scene: Scene) -> None:
    scene.rule.denied = {"claude-opus-5-5", "gpt-6-astra"}
    async with claude(scene) as client:
        names = [each.id async for each in await client.models.list()]
    assert "claude-opus-5-5" not in names
    assert "claude-haiku-5-5" in names
    async with gpt(scene) as other:
        names = [each.id async for each in await other.models.list()]
    assert "gpt-6-astra" not in names
    assert SOL in names
    assert not scene.events.appended


async def test_a_model_that_the_role_may_not_call(scene: Scene) -> None:
    scene.rule.denied = {"claude-opus-5-5", SOL}
    scene.provider.does(Does(body=b"{}"))
    async with claude(scene) as client:
        with pytest.raises(anthropic.PermissionDeniedError, match="may not call"):
            await client.messages.create(**OPUS, messages=ASK)
    async with gpt(scene) as other:
        with pytest.raises(openai.PermissionDeniedError, match="may not call"):
            await other.responses.create(model=SOL, input="hi")
    assert not scene.provider.seen
    assert not scene.budget.settled
    first, _ = scene.events.payloads("refused")
    assert first["rule"] == "roles/researcher/models"
    assert first["reasonCode"] == "MODEL_NOT_ALLOWED"


async def test_at_the_cap_the_client_asks_once(scene: Scene) -> None:
    """402 in the provider's own shape, and no further try of the client."""
    scene.budget.micros = 1
    scene.provider.does(Does(body=b"{}"))
    asked = 0

    async def count(_request: object) -> None:
        nonlocal asked
        asked += 1

    http = httpx2.AsyncClient(event_hooks={"request": [count]})
    client = anthropic.AsyncAnthropic(base_url=scene.url, api_key=TOKEN, http_client=http)
    with pytest.raises(anthropic.APIStatusError, match="raise the budget") as refused:
        await client.messages.create(**OPUS, messages=ASK)
    assert refused.value.status_code == 402
    assert refused.value.body["error"]["type"] == "billing_error"
    assert "retry-after" not in refused.value.response.headers
    other = openai.AsyncOpenAI(base_url=f"{scene.url}/v1", api_key=TOKEN, http_client=http)
    with pytest.raises(openai.APIStatusError) as refused_too:
        await other.responses.create(model=SOL, input="hi")
    assert refused_too.value.status_code == 402
    assert refused_too.value.code == "budget_exhausted"
    await http.aclose()
    assert asked == 2
    assert not scene.provider.seen
    assert {each["reasonCode"] for each in scene.events.payloads("refused")} == {"BUDGET_EXCEEDED"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model": "claude-latest"}, "no price"),
        ({"tools": [{"type": "web_search_20260318", "name": "web_search"}]}, "no price"),
        ({"extra_headers": {"anthropic-beta": "context-1m"}}, "beta"),
        ({"extra_query": {"beta": "true"}}, "Beta"),
        ({"extra_body": {"speed": "fast"}}, "speed"),
    ],
)
async def test_what_has_no_price_reaches_no_provider(
    scene: Scene, changes: dict[str, object], said: str
) -> None:
    async with claude(scene) as client:
        with pytest.raises(anthropic.BadRequestError, match=said):
            await client.messages.create(**{**OPUS, "messages": ASK, **changes})
    assert not scene.provider.seen
    assert not scene.budget.held


async def test_who_is_not_known_is_refused(scene: Scene) -> None:
    async with anthropic.AsyncAnthropic(base_url=scene.url, api_key="x", max_retries=0) as client:
        with pytest.raises(anthropic.AuthenticationError):
            await client.messages.create(**OPUS, messages=ASK)
    async with openai.AsyncOpenAI(base_url=f"{scene.url}/v1", api_key="x", max_retries=0) as other:
        with pytest.raises(openai.AuthenticationError):
            await other.models.list()


SCRIPT = read_script(
    json.dumps(
        {
            "turns": [
                {"say": [{"tool": "web.fetch", "arguments": {"url": "http://pages/a"}}]},
                {"say": [{"text": "Done."}]},
            ]
        }
    ).encode()
)
TOOL = {"name": "web_fetch", "input_schema": {"type": "object"}}


async def test_a_script_is_played_by_the_same_path(tmp_path: Path) -> None:
    async with gateway(tmp_path / "keys", SCRIPT) as scene, claude(scene) as client:
        model = {"model": "launch-script", "max_tokens": 1000, "tools": [TOOL]}
        first = await client.messages.create(**model, messages=ASK)
        (call,) = first.content
        assert (call.name, call.input) == ("web_fetch", {"url": "http://pages/a"})
        result = {"type": "tool_result", "tool_use_id": call.id, "content": "a page"}
        turns = [*ASK, {"role": "assistant", "content": first.content}]
        turns += [{"role": "user", "content": [result]}]
        async with client.messages.stream(**model, messages=turns) as stream:
            second = await stream.get_final_message()
        assert second.content[0].text == "Done."
        costs = [each.usage.input_tokens + each.usage.output_tokens * 5 for each in (first, second)]
        assert list(scene.budget.settled.values()) == costs
        assert [each["provider"] for each in scene.events.payloads("called")] == ["Scripted"] * 2
        assert not scene.provider.seen
        with pytest.raises(anthropic.PermissionDeniedError, match="script"):
            await client.messages.create(**OPUS, messages=ASK)
        async with gpt(scene) as other:
            chat = await other.chat.completions.create(model="launch-script", messages=ASK)
            assert chat.choices[0].message.tool_calls[0].function.name == "web_fetch"
            answer = await other.responses.create(model="launch-script", input="hi")
            assert answer.output[0].name == "web_fetch"
            assert [each.id async for each in await other.models.list()] == ["launch-script"]
        counted = await client.messages.count_tokens(model="launch-script", messages=ASK)
        assert counted.input_tokens > 0
