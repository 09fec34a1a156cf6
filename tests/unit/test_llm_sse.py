"""Server-sent events: however the bytes arrive, none is lost and the events are the same."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from venture_core.llm import sse
from venture_core.llm.sse import EventTooLongError, Frames

STREAM = (
    "\ufeff: a comment\r\n\r\n"
    "event: message_start\r\ndata: {\"a\":\r\ndata: 1}\r\n\r\n"
    "data:no space\n\n"
    "event: ping\r\r"
    ": keep-alive\n\n"
    "data: grüße\n\r"
    "data: the last, unended"
).encode()  # fmt: skip
EVENTS = [
    ("", b""),
    ("message_start", b'{"a":\n1}'),
    ("", b"no space"),
    ("ping", b""),
    ("", b""),
    ("", "grüße".encode()),
    ("", b"the last, unended"),
]


def cut(stream: bytes, cuts: list[int]) -> list[bytes]:
    points = [0, *sorted(each % (len(stream) + 1) for each in cuts), len(stream)]
    return [stream[a:b] for a, b in itertools.pairwise(points)]


def read(chunks: list[bytes]) -> tuple[bytes, list[tuple[str, bytes]]]:
    frames = Frames()
    found = [frame for chunk in chunks for frame in frames.feed(chunk)]
    found += [last] if (last := frames.end()) is not None else []
    return b"".join(each.raw for each in found), [(each.event, each.data) for each in found]


def test_single_bytes_give_the_same_events() -> None:
    raw, events = read([STREAM[i : i + 1] for i in range(len(STREAM))])
    assert raw == STREAM
    assert [each for each in events if each[1] or each[0]] == [
        each for each in EVENTS if each[1] or each[0]
    ]


@given(st.lists(st.integers(0, 10_000), max_size=20))
def test_any_split_gives_the_same_events(cuts: list[int]) -> None:
    raw, events = read(cut(STREAM, cuts))
    assert raw == STREAM
    assert [each for each in events if each != ("", b"")] == [
        each for each in EVENTS if each != ("", b"")
    ]


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=10))
def test_no_byte_of_any_stream_is_lost(stream: bytes, cuts: list[int]) -> None:
    raw, _ = read(cut(stream, cuts))
    assert raw == stream


def test_an_event_without_an_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MAX_EVENT_BYTES", 100)
    frames = Frames()
    with pytest.raises(EventTooLongError):
        list(frames.feed(b"data: " + b"x" * 200))


def test_a_made_frame_reads_back() -> None:
    _, events = read([sse.frame("error", b"{}"), sse.frame("", b"[DONE]")])
    assert events == [("error", b"{}"), ("", b"[DONE]")]
