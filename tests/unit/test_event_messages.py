"""What is believed of a message before anybody is asked: its place in the log, its subject."""

import json
from uuid import UUID, uuid7

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recordevents import started
from venture_core.events.chain import ChainHead
from venture_core.events.envelope import recorded_json
from venture_core.messaging.delivery import LOG_INDEX_HEADER, claimed_log_index
from venture_core.messaging.streamread import Stored
from venture_core.messaging.subjects import is_captured
from venture_core.record.outgoing import Outgoing, UnreadableEventError
from venture_core.record.phantoms import phantom_of
from venture_core.record.streamend import is_entry


@given(st.integers(0, 10**18 - 1))
def test_a_place_in_the_log_is_read_in_its_one_spelling(index: int) -> None:
    assert claimed_log_index({LOG_INDEX_HEADER: str(index)}) == index
    assert claimed_log_index({LOG_INDEX_HEADER: f"0{index}"}) is None


@given(st.text().filter(lambda text: not text.isascii() or not text.isdigit()))
def test_no_other_text_is_a_place_in_the_log(text: str) -> None:
    assert claimed_log_index({LOG_INDEX_HEADER: text}) is None
    assert claimed_log_index({LOG_INDEX_HEADER: "9" * 5000}) is None
    assert claimed_log_index(None) is None


@pytest.mark.parametrize(
    ("pattern", "captured"),
    [
        ("artifact.>", True),
        ("artifact.build.started.v1", True),
        ("artifact.*.started.*", True),
        (">", True),
        ("artifact", False),
        ("artifact.build.started", False),
        ("artifact.build.started.v1.>", False),
        ("*.started.v1", False),
        ("money.>", False),
    ],
)
def test_a_pattern_captures_what_nats_says(pattern: str, captured: bool) -> None:
    assert is_captured("artifact.build.started.v1", [pattern]) == captured


def entry(canonical: bytes, event_id: UUID) -> Outgoing:
    return Outgoing(
        log_index=3,
        seq=1,
        logged=ChainHead().append(canonical).hash,
        event_id=event_id,
        prev=bytes(32),
        hash=ChainHead().append(canonical).hash,
        canonical=canonical,
        age_seconds=0.0,
        is_archived=False,
    )


def test_a_message_is_an_entry_where_its_bytes_are_or_their_hash_is() -> None:
    event = started(uuid7(), 1)
    here = entry(event.canonical_bytes(), event.event_id)
    subject, body = here.message()
    assert subject == "artifact.build.started.v1"
    assert is_entry(body, here)
    assert not is_entry(body + b" ", here)
    archived = Outgoing(3, 1, here.logged, None, None, None, None, 0.0, is_archived=True)
    assert is_entry(body, archived)
    assert not is_entry(body.replace(b"board-deck", b"bored-deck"), archived)


@given(st.binary(max_size=200))
def test_bytes_that_are_no_event_are_refused_and_end_nobody(canonical: bytes) -> None:
    with pytest.raises(UnreadableEventError):
        entry(canonical, uuid7()).message()


@given(st.dictionaries(st.text(max_size=20), st.integers() | st.text(max_size=20), max_size=5))
def test_objects_that_are_no_event_are_refused_and_end_nobody(fields: dict[str, object]) -> None:
    with pytest.raises(UnreadableEventError):
        entry(json.dumps(fields).encode(), uuid7()).message()


def test_only_what_the_relay_could_have_published_is_a_phantom() -> None:
    event = started(uuid7(), 1)
    canonical, name = event.canonical_bytes(), str(event.event_id)
    head = ChainHead().append(canonical)
    body = recorded_json(canonical, seq=1, prev=None, this=head.hash)
    found = phantom_of(Stored(9, 7, name, body))
    assert found is not None
    assert (found.event_id, found.log_index, found.event_hash) == (event.event_id, 7, head.hash)
    assert phantom_of(Stored(9, 7, f"{name}.1", body)) == found
    for message in (
        Stored(9, None, name, body),
        Stored(9, 7, str(uuid7()), body),
        Stored(9, 7, name, body.replace(b"board", b"bored")),
        Stored(9, 7, name, canonical),
        Stored(9, 7, "", b""),
    ):
        assert phantom_of(message) is None
