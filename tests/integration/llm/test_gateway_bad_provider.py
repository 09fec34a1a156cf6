"""Providers that behave badly: the right answer or the right error, and what it cost is posted."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import aiohttp
import anthropic
import openai
import pytest
from badprovider import (
    Does,
    completion,
    completion_events,
    message,
    message_events,
    response_events,
)
from gatewayscene import KEY, TOKEN, Scene, gateway, post, write_keys
from tenacity import AsyncRetrying, stop_after_delay, wait_fixed
from venture_core.llm.errors import OVERLOADED
from venture_core.logging import configure_logging
from venture_llm_gateway import provider as provider_module
from venture_llm_gateway import retrying

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

OPUS = {"model": "claude-opus-5-5", "max_tokens": 1000}
SOL = "gpt-6.1-sol"
CANARY = "canary-prompt-c0ffee"
ASK = [{"role": "user", "content": CANARY}]
MESSAGE = json.dumps({**OPUS, "messages": ASK}).encode()
STREAMED = json.dumps({**OPUS, "messages": ASK, "stream": True}).encode()
# 1,000 tokens in and 100 out, at 4 and 20 USD a million.
MICROS = 1000 * 4 + 100 * 20
GOOD = Does(body=json.dumps(message()).encode())


@pytest.fixture
async def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    monkeypatch.setattr(retrying, "FIRST_WAIT_SECONDS", 0.01)
    async with gateway(tmp_path / "keys") as served:
        yield served


async def settled(scene: Scene, calls: int = 1) -> list[int]:
    """Return what each call cost, once so many are settled and recorded."""
    async for attempt in AsyncRetrying(wait=wait_fixed(0.02), stop=stop_after_delay(60)):
        with attempt:
            assert len(scene.budget.settled) == len(scene.events.payloads("called")) == calls
    assert not scene.budget.held
    return list(scene.budget.settled.values())


@pytest.mark.parametrize(
    "first",
    [
        Does(status=429, headers={"retry-after": "0"}),
        Does(status=429, headers={"retry-after-ms": "20"}),
        Does(status=529),
        Does(status=500, body=b"broken"),
        Does(status=503, headers={"retry-after": "Thu, 26 Nov 2026 12:00:00 GMT"}),
    ],
)
async def test_a_provider_is_asked_again_when_it_cost_nothing(scene: Scene, first: Does) -> None:
    scene.provider.does(first, first, GOOD)
    status, _, _ = await post(scene, "/v1/messages", MESSAGE)
    assert (status, len(scene.provider.seen)) == (200, 3)
    assert await settled(scene) == [MICROS]


async def test_a_provider_is_not_asked_for_ever(scene: Scene) -> None:
    scene.provider.does(Does(status=529))
    status, body, headers = await post(scene, "/v1/messages", MESSAGE)
    assert (status, len(scene.provider.seen)) == (529, 3)
    assert json.loads(body)["error"]["type"] == "overloaded_error"
    assert headers["x-should-retry"] == "true"
    assert await settled(scene) == [0]
    assert scene.events.payloads("called")[0]["outcome"] == "Failed"


@pytest.mark.parametrize("asked", ["86400", "tomorrow", "1e9"])
async def test_nobody_waits_for_a_day(scene: Scene, asked: str) -> None:
    """The gateway hands a long wait on, and no longer one than a client should sleep."""
    if asked == "tomorrow":
        asked = format_datetime(datetime.now(UTC) + timedelta(days=1))
    scene.provider.does(Does(status=429, headers={"retry-after": asked}))
    status, _, headers = await post(scene, "/v1/messages", MESSAGE)
    assert (status, len(scene.provider.seen)) == (429, 1)
    assert int(headers["retry-after"]) <= 60
    assert await settled(scene) == [0]


async def test_a_slow_first_byte_is_waited_for(scene: Scene) -> None:
    scene.provider.does(Does(events=message_events(), wait=0.5))
    status, body, _ = await post(scene, "/v1/messages", STREAMED)
    assert (status, body) == (200, b"".join(message_events()))
    assert await settled(scene) == [MICROS]


async def test_a_stream_comes_through_byte_for_byte(scene: Scene) -> None:
    stream = b": hello\r\n\r\n" + b"".join(message_events()).replace(b"\n", b"\r\n")
    stream = stream.rstrip(b"\r\n")
    scene.provider.does(Does(events=[stream[i : i + 1] for i in range(len(stream))]))
    _, body, headers = await post(scene, "/v1/messages", STREAMED)
    assert body == stream
    assert headers["content-type"].startswith("text/event-stream")
    assert await settled(scene) == [MICROS]


@pytest.mark.parametrize("cut", [True, False])
async def test_a_message_cut_at_any_event_is_an_error(scene: Scene, *, cut: bool) -> None:
    client = anthropic.AsyncAnthropic(base_url=scene.url, api_key=TOKEN, max_retries=0)
    async with client:
        for length in range(len(message_events())):
            events = message_events()[:length]
            scene.provider.does(Does(events=events, cut=cut))
            with pytest.raises(anthropic.APIStatusError, match=r"before it was complete|broke off"):
                async with client.messages.stream(**OPUS, messages=ASK) as stream:
                    await stream.get_final_message()
            cost = (await settled(scene, length + 1))[-1]
            seen = sum(len(each) for each in events if b"content_block" in each)
            if length >= 7:
                # The last usage that was said counts.
                assert cost == 1000 * 4 + (60, 100)[length - 7] * 20
            elif length >= 1:
                assert 1000 * 4 <= cost <= 1000 * 4 + seen * 20
                assert cost > 1000 * 4 or not seen
            else:
                assert cost > 0
    assert {each["outcome"] for each in scene.events.payloads("called")} == {"Cut"}


async def test_openai_s_streams_cut_at_any_event_are_an_error(scene: Scene) -> None:
    calls = 0
    async with openai.AsyncOpenAI(
        base_url=f"{scene.url}/v1", api_key=TOKEN, max_retries=0
    ) as client:
        for events in (completion_events(), response_events()):
            for length in range(len(events) - 1):
                scene.provider.does(Does(events=events[:length]))
                if events == completion_events():
                    stream = await client.chat.completions.create(
                        model=SOL, messages=ASK, stream=True
                    )
                else:
                    stream = await client.responses.create(model=SOL, input=CANARY, stream=True)
                with pytest.raises(openai.APIError, match="before it was complete"):
                    async for _ in stream:
                        pass
                calls += 1
                assert (await settled(scene, calls))[-1] > 0


def failing(words: str) -> dict[str, list[bytes]]:
    """Return a stream of each dialect, by its path, that ends by an error in those words."""
    inner = {"type": "overloaded_error", "message": words}
    messages = json.dumps({"type": "error", "error": inner}).encode()
    responses = json.dumps({"type": "error", "code": "overloaded", "message": words}).encode()
    return {
        "/v1/messages": [*message_events()[:4], b"event: error\ndata: %b\n\n" % messages],
        "/v1/chat/completions": [*completion_events()[:2], b"data: %b\n\n" % messages],
        "/v1/responses": [*response_events()[:4], b"event: error\ndata: %b\n\n" % responses],
    }


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/chat/completions", "/v1/responses"])
async def test_an_error_within_a_stream_is_told_without_its_words(scene: Scene, path: str) -> None:
    scene.provider.does(Does(events=failing(f"{KEY} is overloaded by {CANARY}")[path]))
    asked = {
        "/v1/messages": json.loads(STREAMED),
        "/v1/chat/completions": {"model": SOL, "messages": ASK, "stream": True},
        "/v1/responses": {"model": SOL, "input": CANARY, "stream": True},
    }
    status, body, _ = await post(scene, path, json.dumps(asked[path]).encode())
    assert status == 200
    *_, last = body.strip().split(b"\n\n")
    assert b"ended its answer by an error" in last
    assert b"overloaded" in last
    assert KEY.encode() not in body
    assert CANARY.encode() not in body
    assert (await settled(scene))[0] > 0
    assert scene.events.payloads("called")[0]["outcome"] == "Cut"


async def test_a_response_that_failed_is_told_without_its_words(scene: Scene) -> None:
    """It says what it used, and that is what it costs."""
    *begun, last = response_events()
    whole = json.loads(last.partition(b"data: ")[2])
    error = {"code": "server_error", "message": f"{KEY} broke down over {CANARY}"}
    response = whole["response"] | {"status": "failed", "error": error}
    said = json.dumps({"type": "response.failed", "response": response}).encode()
    scene.provider.does(Does(events=[*begun, b"event: response.failed\ndata: %b\n\n" % said]))
    asked = {"model": SOL, "input": CANARY, "stream": True}
    status, body, _ = await post(scene, "/v1/responses", json.dumps(asked).encode())
    assert status == 200
    assert b"ended its answer by an error: server_error" in body
    assert KEY.encode() not in body
    assert CANARY.encode() not in body
    await settled(scene)
    (event,) = scene.events.payloads("called")
    used = response["usage"]["output_tokens"]
    assert (event["outcome"], event["usage"]["output"]) == ("Cut", used)


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/chat/completions", "/v1/responses"])
async def test_an_error_told_by_status_200_is_one(scene: Scene, path: str) -> None:
    error = {"type": "overloaded_error", "message": f"{KEY} is overloaded by {CANARY}"}
    scene.provider.does(Does(body=json.dumps({"type": "error", "error": error}).encode()))
    asked = {
        "/v1/messages": json.loads(MESSAGE),
        "/v1/chat/completions": {"model": SOL, "messages": ASK},
        "/v1/responses": {"model": SOL, "input": CANARY},
    }
    status, body, headers = await post(scene, path, json.dumps(asked[path]).encode())
    assert (status, headers["x-should-retry"]) == (OVERLOADED, "true")
    assert b"overloaded_error" in body
    assert KEY.encode() not in body
    assert CANARY.encode() not in body
    await settled(scene)
    assert scene.events.payloads("called")[0]["outcome"] == "Cut"


async def test_an_answer_that_never_comes_costs_what_was_held(scene: Scene) -> None:
    """What the provider did and bills is not known; and it is not asked again."""
    scene.provider.does(Does(hang_up=True))
    status, body, headers = await post(scene, "/v1/messages", MESSAGE)
    assert (status, len(scene.provider.seen)) == (502, 1)
    assert json.loads(body)["type"] == "error"
    assert headers["x-should-retry"] == "true"
    (cost,) = await settled(scene)
    (event,) = scene.events.payloads("called")
    assert event["outcome"] == "Lost"
    assert cost == event["heldMicros"] == event["costMicros"]


@pytest.mark.parametrize("body", [b"", b"{half", b"[]", b"\xff"])
async def test_a_malformed_answer_is_an_error_and_not_free(scene: Scene, body: bytes) -> None:
    scene.provider.does(Does(body=body))
    status, _, _ = await post(scene, "/v1/messages", MESSAGE)
    assert status == 502
    (cost,) = await settled(scene)
    assert cost == scene.events.payloads("called")[0]["heldMicros"]


async def test_malformed_events_pass_and_what_was_used_is_known(scene: Scene) -> None:
    events = message_events()
    events.insert(3, b"event: content_block_delta\ndata: {half\n\n")
    scene.provider.does(Does(events=events))
    _, body, _ = await post(scene, "/v1/messages", STREAMED)
    assert body == b"".join(events)
    assert await settled(scene) == [MICROS]


async def test_a_missing_usage_is_not_free(scene: Scene) -> None:
    said = {key: value for key, value in message().items() if key != "usage"}
    scene.provider.does(Does(body=json.dumps(said).encode()))
    status, body, _ = await post(scene, "/v1/messages", MESSAGE)
    assert (status, json.loads(body)) == (200, said)
    (cost,) = await settled(scene)
    held = scene.events.payloads("called")[0]["heldMicros"]
    assert 4 * len(CANARY) < cost <= held


async def test_a_stream_of_chunks_that_never_says_its_usage(scene: Scene) -> None:
    events = completion_events()
    scene.provider.does(Does(events=[*events[:3], events[4]]))
    body = json.dumps({"model": SOL, "messages": ASK, "stream": True}).encode()
    _, got, _ = await post(scene, "/v1/chat/completions", body)
    assert got == b"".join([*events[:3], events[4]])
    (cost,) = await settled(scene)
    assert 0 < cost <= scene.events.payloads("called")[0]["heldMicros"]


async def test_a_usage_larger_than_the_hold_posts_no_more_than_that(scene: Scene) -> None:
    usage = {"input_tokens": 900_000, "output_tokens": 100}
    scene.provider.does(Does(body=json.dumps(message(usage=usage)).encode()))
    assert (await post(scene, "/v1/messages", MESSAGE))[0] == 200
    (cost,) = await settled(scene)
    (event,) = scene.events.payloads("called")
    assert event["costMicros"] == 900_000 * 4 + 100 * 20
    assert cost == event["heldMicros"] < event["costMicros"]


@pytest.mark.parametrize(
    "usage",
    [
        {"input_tokens": 1, "output_tokens": 1, "speed": "fast"},
        {"input_tokens": 1, "output_tokens": 1, "dream_tokens": 5},
    ],
)
async def test_a_usage_without_a_price_costs_what_was_held(
    scene: Scene, usage: dict[str, Any]
) -> None:
    scene.provider.does(Does(body=json.dumps(message(usage=usage)).encode()))
    assert (await post(scene, "/v1/messages", MESSAGE))[0] == 200
    (cost,) = await settled(scene)
    assert cost == scene.events.payloads("called")[0]["heldMicros"]


async def test_a_caller_that_leaves_pays_for_the_whole_answer(scene: Scene) -> None:
    scene.provider.does(Does(events=message_events(), pause=0.05))
    headers = {"x-api-key": TOKEN}
    async with aiohttp.ClientSession() as session:
        answer = await session.post(f"{scene.url}/v1/messages", data=STREAMED, headers=headers)
        await answer.content.readuntil(b"\n\n")
        answer.close()
    assert await settled(scene) == [MICROS]
    assert scene.events.payloads("called")[0]["outcome"] == "Completed"


async def test_a_caller_that_leaves_at_once_pays_too(scene: Scene) -> None:
    scene.provider.does(Does(body=GOOD.body, wait=0.3))
    headers = {"x-api-key": TOKEN}
    async with aiohttp.ClientSession() as session:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await session.post(f"{scene.url}/v1/messages", data=MESSAGE, headers=headers)
    assert await settled(scene) == [MICROS]


async def test_ten_calls_of_a_provider_are_at_work_at_once(scene: Scene) -> None:
    scene.provider.does(Does(body=GOOD.body, wait=0.1))
    answers = await asyncio.gather(*(post(scene, "/v1/messages", MESSAGE) for _ in range(25)))
    assert {status for status, _, _ in answers} == {200}
    assert scene.provider.most_at_work == provider_module.CALLS_AT_ONCE
    assert await settled(scene, 25) == [MICROS] * 25


async def test_fifty_callers_with_money_for_seven(scene: Scene) -> None:
    """At most seven reach the provider at once, and the budget is never exceeded."""
    scene.provider.does(GOOD)
    await post(scene, "/v1/messages", MESSAGE)
    await settled(scene)
    worst = scene.events.payloads("called")[0]["heldMicros"]
    scene.budget.micros = scene.budget.posted + 7 * worst
    scene.provider.does(Does(body=GOOD.body, wait=0.5))
    answers = await asyncio.gather(*(post(scene, "/v1/messages", MESSAGE) for _ in range(50)))
    statuses = sorted(status for status, _, _ in answers)
    assert statuses == [200] * 7 + [402] * 43
    assert len(scene.provider.seen) == 7
    assert scene.budget.most_taken <= scene.budget.micros
    assert await settled(scene, 8) == [MICROS] * 8


async def test_a_broken_provider_is_left_alone(scene: Scene) -> None:
    scene.provider.does(Does(status=500))
    for _ in range(2):
        await post(scene, "/v1/messages", MESSAGE)
    before = len(scene.provider.seen)
    status, body, headers = await post(scene, "/v1/messages", MESSAGE)
    assert (status, len(scene.provider.seen)) == (503, before)
    assert "left alone" in json.loads(body)["error"]["message"]
    assert 1 <= int(headers["retry-after"]) <= 30
    assert await settled(scene, 3) == [0, 0, 0]


async def test_a_treasury_that_is_away_is_waited_for_afterwards_only(scene: Scene) -> None:
    scene.provider.does(Does(body=GOOD.body, wait=0.1))
    asking = asyncio.create_task(post(scene, "/v1/messages", MESSAGE))
    async for attempt in AsyncRetrying(wait=wait_fixed(0.01), stop=stop_after_delay(60)):
        with attempt:
            assert scene.budget.held
    scene.budget.away = 3
    assert (await asking)[0] == 200
    assert await settled(scene) == [MICROS]
    scene.budget.away = 1
    status, _, headers = await post(scene, "/v1/messages", MESSAGE)
    assert (status, headers["x-should-retry"]) == (503, "true")
    assert len(scene.provider.seen) == 1


async def test_a_renewed_key_is_used_at_once(scene: Scene) -> None:
    scene.provider.does(GOOD)
    write_keys(scene.keys, "sk-renewed")
    await post(scene, "/v1/messages", MESSAGE)
    assert scene.provider.seen[0].headers["x-api-key"] == "sk-renewed"
    for file in scene.keys.iterdir():
        file.unlink()
    status, body, _ = await post(scene, "/v1/messages", MESSAGE)
    assert (status, len(scene.provider.seen)) == (503, 1)
    assert "no key for Anthropic" in json.loads(body)["error"]["message"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
async def test_what_a_provider_refuses_is_told_without_the_key(scene: Scene, status: int) -> None:
    said = {"error": {"message": f"bad key {KEY}, or sk-ano***ther1, or what you asked"}}
    scene.provider.does(Does(status=status, body=json.dumps(said).encode()))
    got, body, headers = await post(scene, "/v1/messages", MESSAGE)
    assert got == (502 if status in {401, 403} else status)
    assert b"sk-" not in body
    assert headers["x-should-retry"] == "false"
    assert await settled(scene) == [0]


async def test_keys_and_prompts_are_in_no_log_event_or_error(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.StringIO()
    monkeypatch.setattr("sys.stdout", written)
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    configure_logging("DEBUG")
    answers: list[bytes] = []
    try:
        for does in (
            GOOD,
            Does(hang_up=True),
            Does(status=401, body=json.dumps({"error": {"message": KEY}}).encode()),
            Does(status=400, body=json.dumps({"error": {"message": f"{KEY} {CANARY}"}}).encode()),
            Does(body=b"{half"),
            Does(body=json.dumps(message(usage={"input_tokens": -1})).encode()),
            Does(events=message_events()[:4], cut=True),
            Does(status=429, headers={"retry-after": "9999"}),
        ):
            scene.provider.does(does)
            answers.append((await post(scene, "/v1/messages", MESSAGE))[1])
        for body in (MESSAGE[:-1], MESSAGE.replace(b'"max_tokens"', b'"speed"')):
            answers.append((await post(scene, "/v1/messages", body))[1])
        monkeypatch.setattr(provider_module, "json", None)
        answers.append((await post(scene, "/v1/messages", MESSAGE))[1])
    finally:
        root.handlers, root.level = handlers, level
    events = json.dumps([each.payload for each in scene.events.appended])
    everything = written.getvalue() + events + b"".join(answers).decode()
    for canary in (KEY, TOKEN, CANARY):
        assert canary not in everything
    assert "an answer cannot be handed on" in written.getvalue()


async def test_completions_are_metered_like_messages(scene: Scene) -> None:
    usage = {
        "prompt_tokens": 1000,
        "completion_tokens": 100,
        "prompt_tokens_details": {"cached_tokens": 600, "cache_write_tokens": 200},
    }
    scene.provider.does(Does(body=json.dumps(completion(usage)).encode()))
    body = json.dumps({"model": SOL, "messages": ASK}).encode()
    assert (await post(scene, "/v1/chat/completions", body))[0] == 200
    # 200 at 2, 600 at 0.1, 200 at 2.5, 100 at 10.
    assert await settled(scene) == [400 + 60 + 500 + 1000]
