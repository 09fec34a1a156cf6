"""The gateway's small decisions: when to ask again, when to leave a provider alone, whose key."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from gatewayscene import assigned
from prometheus_client import REGISTRY as METRICS
from pydantic import SecretStr
from structlog.testing import capture_logs
from venture_core.record.producer import EventProducer
from venture_llm_gateway.breaker import FAILURES, OPEN_SECONDS, Breaker
from venture_llm_gateway.channel import Channel, ClosedError
from venture_llm_gateway.complaints import complaint
from venture_llm_gateway.decisions import Denial
from venture_llm_gateway.keys import KeyMissingError, Keys
from venture_llm_gateway.recording import Recorder
from venture_llm_gateway.retrying import asked_to_wait, wait_before

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "3"}, 0.25),
        ({"retry-after": "Thu, 26 Nov 2026 12:00:05 GMT"}, 5),
        ({"retry-after": "Thu, 26 Nov 2026 11:00:00 GMT"}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": ""}, None),
    ],
)
def test_every_form_of_a_wait_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert asked_to_wait(headers, NOW) == seconds


def test_a_wait_is_never_shorter_than_our_own() -> None:
    assert [wait_before(tries, None) for tries in (1, 2, 3)] == [0.5, 1, 2]
    assert wait_before(2, 0) == 1
    assert wait_before(1, 7) == 7


def test_a_circuit_opens_after_failures_in_a_row_and_lets_one_try() -> None:
    breaker = Breaker()
    for _ in range(FAILURES - 1):
        breaker.failed(0)
    breaker.succeeded()
    for _ in range(FAILURES - 1):
        breaker.failed(0)
    assert breaker.wait(1) == 0
    breaker.failed(0)
    assert breaker.is_open
    assert breaker.wait(1) == OPEN_SECONDS - 1
    assert breaker.wait(OPEN_SECONDS + 1) == 0
    # One tries; the rest wait on until it has an end.
    assert breaker.wait(OPEN_SECONDS + 2) > 0
    breaker.failed(OPEN_SECONDS + 3)
    assert breaker.wait(OPEN_SECONDS + 4) == OPEN_SECONDS - 1
    assert breaker.wait(3 * OPEN_SECONDS) == 0
    breaker.succeeded()
    assert not breaker.is_open
    assert breaker.wait(3 * OPEN_SECONDS) == 0


def test_a_key_is_one_printable_line(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    assert not keys.has("Anthropic")
    for content in (b"", b"\n", b"two\nlines", b"\xff", b"x" * 1025):
        (tmp_path / "anthropic").write_bytes(content)
        with pytest.raises(KeyMissingError):
            keys.key("Anthropic")
    (tmp_path / "anthropic").write_bytes(b"sk-1234\n")
    assert keys.key("Anthropic") == "sk-1234"
    assert not Keys(None).has("Anthropic")


@pytest.mark.parametrize(
    ("error", "passed_on"),
    [
        ({"type": "bad_request", "message": "abc asked for a secret"}, "bad_request"),
        ({"type": "a secret", "code": 7, "message": "Incorrect API key: sk-pr*****wxyz."}, ""),
        ({"type": "x", "message": "messages.0.content: secret is odd"}, "x, in messages"),
        (
            {"type": "x", "code": "too_long", "param": "messages[1]", "message": "a secret"},
            "x, too_long, in messages",
        ),
        ({"type": "x", "code": "x", "message": "secret: is no field"}, "x"),
        (
            {"type": "x", "message": "prompt is too long: 210000 tokens > 200000 maximum: secret"},
            "x, prompt is too long: 210000 tokens > 200000 maximum",
        ),
    ],
)
def test_what_a_provider_complains_of_is_passed_on_and_its_words_are_not(
    error: dict[str, object], passed_on: str
) -> None:
    assert complaint(json.dumps({"error": error}).encode(), {"messages", "model"}) == passed_on


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"error": "secret"}', b"[" * 100_000])
def test_what_is_no_error_of_a_provider_is_not_passed_on(data: bytes) -> None:
    assert complaint(data, {"messages"}) == ""


async def test_an_abandoned_channel_keeps_nobody_waiting() -> None:
    channel = Channel()
    told: list[bool] = []
    channel.when_abandoned(lambda: told.append(True))
    channel.abandon()
    channel.abandon()
    for _ in range(1000):
        await channel.put(b"x")
    assert told == [True]


async def test_a_closed_channel_gives_what_it_has_and_then_says_so() -> None:
    channel = Channel()
    await channel.put(b"x")
    channel.close()
    assert await channel.get() == b"x"
    with pytest.raises(ClosedError):
        await channel.get()


async def test_a_call_that_the_record_does_not_take_is_counted_and_named() -> None:
    away = SecretStr("postgresql://nobody@127.0.0.1:1/none")
    denial = Denial(rule="limits", reason_code="RATE_LIMITED", message="too often")
    before = METRICS.get_sample_value("venture_llm_unrecorded_total") or 0.0
    async with EventProducer(away, name="test", give_up_after_seconds=0.2) as producer:
        with capture_logs() as logged:
            await Recorder(producer).refused(uuid4(), assigned(), "Anthropic", "claude", denial)
    assert METRICS.get_sample_value("venture_llm_unrecorded_total") == before + 1
    (line,) = [each for each in logged if "event_id" in each]
    assert line["event"] == "an event is not recorded"
