"""Usage: of answers and streams, however a stream is cut, and where it never says."""

import itertools
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from venture_core.llm.dialects import READERS, meter_of
from venture_core.llm.orders import Dialect, Order
from venture_core.llm.sse import Frames, frame
from venture_core.llm.usage import Usage, UsageUnreadableError

if TYPE_CHECKING:
    from venture_core.llm.metering import Meter

M, C, R = Dialect.MESSAGES, Dialect.CHAT, Dialect.RESPONSES


def order(dialect: Dialect, *, usage_asked: bool = True) -> Order:
    return Order(
        dialect=dialect,
        model="m",
        stream=True,
        input_tokens_max=5000,
        output_tokens_max=1000,
        cache_lifetimes=frozenset(),
        body={},
        usage_asked=usage_asked,
    )


def event(said: dict[str, Any]) -> bytes:
    return frame(str(said["type"]), json.dumps(said).encode())


def chunk(said: dict[str, Any]) -> bytes:
    return frame("", json.dumps(said).encode())


MESSAGE_STREAM = [
    event(
        {
            "type": "message_start",
            "message": {
                "usage": {
                    "input_tokens": 20,
                    "cache_creation_input_tokens": 30,
                    "cache_read_input_tokens": 5,
                    "cache_creation": {
                        "ephemeral_5m_input_tokens": 10,
                        "ephemeral_1h_input_tokens": 20,
                    },
                    "output_tokens": 1,
                    "service_tier": "standard",
                }
            },
        }
    ),
    event({"type": "content_block_delta", "delta": {"type": "text_delta", "text": "Hello"}}),
    event({"type": "message_delta", "usage": {"output_tokens": 7}}),
    event(
        {
            "type": "message_delta",
            "usage": {"output_tokens": 40, "output_tokens_details": {"thinking_tokens": 30}},
        }
    ),
    event({"type": "message_stop"}),
]
MESSAGE_USAGE = Usage(
    input=20, cache_reads=5, cache_writes={"5m": 10, "1h": 20}, output=40, reasoning=30
)
CHAT_STREAM = [
    chunk({"choices": [{"delta": {"content": "Hi"}}], "usage": None, "service_tier": "default"}),
    chunk(
        {
            "choices": [],
            "usage": {
                "prompt_tokens": 100,
                "completion_tokens": 9,
                "total_tokens": 109,
                "prompt_tokens_details": {"cached_tokens": 60, "audio_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": 4},
            },
        }
    ),
    frame("", b"[DONE]"),
]
CHAT_USAGE = Usage(input=40, cache_reads=60, output=9, reasoning=4)
RESPONSE_STREAM = [
    event({"type": "response.created", "response": {"usage": None}}),
    event({"type": "response.output_text.delta", "delta": "Hi"}),
    event(
        {
            "type": "response.completed",
            "response": {
                "service_tier": "default",
                "usage": {
                    "input_tokens": 100,
                    "input_tokens_details": {"cached_tokens": 50, "cache_write_tokens": 20},
                    "output_tokens": 9,
                    "output_tokens_details": {"reasoning_tokens": 2},
                    "total_tokens": 109,
                },
            },
        }
    ),
]
RESPONSE_USAGE = Usage(input=30, cache_reads=50, cache_writes={"30m": 20}, output=9, reasoning=2)
STREAMS = {
    M: (MESSAGE_STREAM, MESSAGE_USAGE),
    C: (CHAT_STREAM, CHAT_USAGE),
    R: (RESPONSE_STREAM, RESPONSE_USAGE),
}


def metered(asked: Order, chunks: list[bytes]) -> tuple[Meter, bytes]:
    frames, meter, sent = Frames(), meter_of(asked), b""
    found = [each for one in chunks for each in frames.feed(one)]
    found += [last] if (last := frames.end()) is not None else []
    for each in found:
        meter.see(each)
        sent += each.raw if meter.forwards(each) else b""
    return meter, sent


@pytest.mark.parametrize("dialect", list(Dialect))
@given(cuts=st.lists(st.integers(0, 5000), max_size=12))
def test_any_split_of_a_stream_gives_the_same_usage(dialect: Dialect, cuts: list[int]) -> None:
    events, usage = STREAMS[dialect]
    stream = b"".join(events).rstrip(b"\n")
    points = [0, *sorted(each % len(stream) for each in cuts), len(stream)]
    chunks = [stream[a:b] for a, b in itertools.pairwise(points)]
    meter, sent = metered(order(dialect), chunks)
    assert (meter.usage(), meter.complete, sent) == (usage, True, stream)


@pytest.mark.parametrize("dialect", list(Dialect))
def test_a_stream_that_ends_early_is_not_complete(dialect: Dialect) -> None:
    events, _ = STREAMS[dialect]
    for length in range(len(events)):
        meter, _ = metered(order(dialect), events[:length])
        assert not meter.complete
        usage = meter.usage() or meter.usage_by_count(order(dialect))
        seen = b"".join(events[:length])
        assert usage.output <= 1000
        assert usage.output >= (len("Hello") if b"delta" in seen and dialect is M else 0)


def test_a_cut_stream_costs_what_was_seen() -> None:
    meter, _ = metered(order(M), MESSAGE_STREAM[:2])
    by_count = meter.usage_by_count(order(M))
    assert (by_count.input, by_count.cache_reads) == (20, 5)
    assert by_count.cache_writes == {"5m": 10, "1h": 20}
    assert len("Hello") <= by_count.output <= len(MESSAGE_STREAM[1])
    nothing, _ = metered(order(M), [])
    assert nothing.usage_by_count(order(M)) == Usage(input=5000)
    long, _ = metered(order(C), [CHAT_STREAM[0]] * 1000)
    assert long.usage_by_count(order(C)) == Usage(input=5000, output=1000)


def test_the_chunk_of_the_usage_is_for_who_asked() -> None:
    _, sent = metered(order(C, usage_asked=False), CHAT_STREAM)
    assert sent == CHAT_STREAM[0] + CHAT_STREAM[2]


@pytest.mark.parametrize("end", ["response.incomplete", "response.failed"])
def test_every_end_of_a_response_has_a_usage(end: str) -> None:
    stream = [each.replace(b"response.completed", end.encode()) for each in RESPONSE_STREAM]
    meter, _ = metered(order(R), stream)
    failed = end == "response.failed"
    assert (meter.usage(), meter.complete, meter.failed) == (RESPONSE_USAGE, not failed, failed)


@pytest.mark.parametrize(
    ("dialect", "said"),
    [
        (M, event({"type": "error", "error": {"type": "overloaded_error"}})),
        (C, chunk({"error": {"message": "gone"}})),
        (R, event({"type": "error", "message": "gone"})),
    ],
)
def test_an_error_within_a_stream_is_one(dialect: Dialect, said: bytes) -> None:
    meter, sent = metered(order(dialect), [said])
    assert meter.failed
    assert sent == said


def test_malformed_events_pass_and_say_nothing() -> None:
    stream = [frame("x", b"{half"), frame("x", b"[1]"), b": comment\n\n", *MESSAGE_STREAM]
    meter, sent = metered(order(M), stream)
    assert sent == b"".join(stream)
    assert meter.usage() == MESSAGE_USAGE


UNREADABLE = [
    (M, {"usage": {"input_tokens": 1, "output_tokens": 1, "speed": "fast"}}),
    (M, {"usage": {"input_tokens": 1, "output_tokens": 1, "service_tier": "priority"}}),
    (M, {"usage": {"input_tokens": 1, "output_tokens": 1, "inference_geo": "us"}}),
    (M, {"usage": {"input_tokens": 1, "server_tool_use": {"web_search_requests": 1}}}),
    (M, {"usage": {"input_tokens": 1, "iterations": [{"type": "compaction"}]}}),
    (M, {"usage": {"input_tokens": 1, "dream_tokens": 1}}),
    (M, {"usage": {"input_tokens": -1}}),
    (M, {"usage": {"input_tokens": True}}),
    (M, {"usage": {"input_tokens": 1.5}}),
    (M, {"usage": {"cache_creation": {"ephemeral_9h_input_tokens": 1}}}),
    (C, {"usage": {"prompt_tokens": 1, "prompt_tokens_details": {"audio_tokens": 1}}}),
    (C, {"usage": {"prompt_tokens": 1, "prompt_tokens_details": {"cached_tokens": 2}}}),
    (C, {"usage": {"prompt_tokens": 1}, "service_tier": "priority"}),
    (C, {"usage": {"prompt_tokens": 1, "completion_tokens_details": {"audio_tokens": 1}}}),
    (R, {"usage": {"input_tokens": 1}, "service_tier": "flex"}),
    (R, {"usage": {"input_tokens": 1, "video_tokens": 3}}),
    (R, {"usage": {"input_tokens": 1, "input_tokens_details": []}}),
]


@pytest.mark.parametrize(("dialect", "answer"), UNREADABLE)
def test_a_usage_that_is_not_known_is_not_guessed(dialect: Dialect, answer: dict[str, Any]) -> None:
    with pytest.raises(UsageUnreadableError):
        READERS[dialect].usage(answer)


def test_a_stream_that_cannot_be_priced_says_so() -> None:
    meter, _ = metered(
        order(R),
        [event({"type": "response.completed", "response": {"service_tier": "flex", "usage": {}}})],
    )
    for ask in (meter.usage, lambda: meter.usage_by_count(order(R))):
        with pytest.raises(UsageUnreadableError):
            ask()


def test_unknown_fields_that_say_nothing_change_nothing() -> None:
    answer = {"usage": {"input_tokens": 3, "output_tokens": 4, "dream_tokens": 0, "x": None}}
    assert READERS[M].usage(answer) == Usage(input=3, output=4)
    assert READERS[M].usage({}) is None


def test_cache_writes_without_a_split_count_as_the_dearest() -> None:
    answer = {"usage": {"input_tokens": 3, "cache_creation_input_tokens": 8}}
    assert READERS[M].usage(answer) == Usage(input=3, cache_writes={"1h": 8})


def test_twelve_hours_in_a_cache_are_counted_apart() -> None:
    details = {
        "cache_write_tokens": 10,
        "cache_write_tokens_details": {"ttl_12h_tokens": 4, "ttl_30m_tokens": 6},
    }
    answer = {"usage": {"input_tokens": 12, "input_tokens_details": details}}
    assert READERS[R].usage(answer) == Usage(input=2, cache_writes={"12h": 4, "30m": 6})
