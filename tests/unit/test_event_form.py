"""The one form of an event's bytes: what is signed in another form is named, and never verifies."""

import json
import random
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from auditlog import ORIGIN, SIGNER, entries, write_bundle
from hypothesis import given, settings
from hypothesis import strategies as st
from soaking import examples
from venture_core.canonical import canonical_json
from venture_core.events.bundle import BundleWriter, Entry, open_bundle
from venture_core.events.chain import ChainHead
from venture_core.events.checkpoint import Checkpoint, sign_checkpoint
from venture_core.events.envelope import MAX_EVENT_BYTES, workflow_of
from venture_core.events.form import MAX_DEPTH, malformation, parse_event
from venture_core.events.merkle import Frontier, leaf_hashes
from venture_core.events.models import MAX_NUMBER
from venture_core.events.verify import Kind, verify_bundle
from venture_core.events.verify.forms import EventForms

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

EVENT = entries(1)[0].canonical
MEMBERS: dict[str, Any] = json.loads(EVENT)


def event(**members: object) -> bytes:
    return canonical_json(MEMBERS | members)


def nested(depth: int) -> bytes:
    """An event whose payload makes it so deep."""
    inner = b"[" * (depth - 2) + b"]" * (depth - 2)
    return EVENT.replace(b'{"name":"deck-0"}', b'{"name":' + inner + b"}")


RIGHT = [
    EVENT,
    event(payload={}),
    event(payload={"text": "plain"}),
    event(payload={"a": [], "b": {}, "c": [1, 2, 3], "d": [1, "x", None], "e": [True, False]}),
    event(payload={"text": '"\\/\b\f\n\r\t\x00\x1f\x7f\u2028'}),
    event(payload={"\u00e9": "\u20ac \U0001f600", "a": "\u0080"}),
    # By UTF-16, as RFC 8785 sorts names; by code points the other comes first.
    event(payload={"\U0001f600": 1, "\ufb33": [{"\uffff": 1, "\U00010000": 2}]}),
    event(payload={"n": [0, -1, MAX_NUMBER, -MAX_NUMBER, 10**15, 999_999_999_999_999]}),
    event(payload={"deep": [{"a": [{"b": None}]}, {"a": [{"b": None}]}]}),
    event(payload={"event_id": "x", "workflow_id": "y", 'a","event_id":"': 1}),
    event(created_at="2026-11-23T06:40:18.123456Z", task_id=str(UUID(int=5))),
    nested(MAX_DEPTH),
]

WRONG = {
    "no JSON": b"whatever",
    "names by code points": EVENT.replace(
        b'{"name":"deck-0"}', '{"\ufb33":2,"\U0001f600":1}'.encode()
    ),
    "cut off": EVENT[:-1],
    "no object": b"[]",
    "a number": b"7",
    "empty": b"",
    "not UTF-8": EVENT.replace(b"deck-0", b"deck-\xff"),
    "a surrogate as UTF-8": EVENT.replace(b"deck-0", b"deck-\xed\xa0\x80"),
    "an overlong encoding": EVENT.replace(b"deck-0", b"deck-\xc0\xaf"),
    "a byte order mark": b"\xef\xbb\xbf" + EVENT,
    "UTF-16": EVENT.decode().encode("utf-16-le"),
    "a control character": EVENT.replace(b"deck-0", b"deck-\x07"),
    "a carriage return at its end": EVENT + b"\r",
    "a space": EVENT.replace(b":", b": ", 1),
    "a space at its end": EVENT + b" ",
    "a tab between": EVENT.replace(b",", b",\t", 1),
    "a name twice": EVENT.replace(b'"payload":', b'"payload":{"name":"x"},"payload":'),
    "a name twice in the payload": EVENT.replace(b'{"name":', b'{"name":1,"name":'),
    "an id twice": EVENT.replace(b'"event_type":', b'"event_id":"x","event_type":'),
    "another order": EVENT.replace(b'"task_id":null,', b"").replace(b"{", b'{"task_id":null,', 1),
    "another order in the payload": EVENT.replace(b'{"name"', b'{"z":1,"name"'),
    "an escaped letter": EVENT.replace(b"deck", b"\\u0064eck"),
    "an escaped slash": EVENT.replace(b"deck", b"\\/eck"),
    "a long escape": EVENT.replace(b"deck", b"\\u000aeck"),
    "an escape in capitals": EVENT.replace(b"deck", b"\\u001Feck"),
    "a lone surrogate": EVENT.replace(b"deck", b"\\ud800eck"),
    "an escaped pair": EVENT.replace(b"deck", b"\\ud83d\\ude00eck"),
    "a fraction": EVENT.replace(b'"deck-0"', b"1.5"),
    "a whole fraction": EVENT.replace(b'"deck-0"', b"1.0"),
    "an exponent": EVENT.replace(b'"deck-0"', b"1e3"),
    "minus zero": EVENT.replace(b'"deck-0"', b"-0"),
    "a leading zero": EVENT.replace(b'"deck-0"', b"01"),
    "a plus": EVENT.replace(b'"deck-0"', b"+1"),
    "NaN": EVENT.replace(b'"deck-0"', b"NaN"),
    "infinity": EVENT.replace(b'"deck-0"', b"-Infinity"),
    "a number beyond 2^53": EVENT.replace(b'"deck-0"', str(MAX_NUMBER + 1).encode()),
    "a number of 5000 digits": EVENT.replace(b'"deck-0"', b"1" * 5000),
    "a level too deep": nested(MAX_DEPTH + 1),
    "30000 levels": nested(30_000),
    "too long": event(payload={"text": "x" * MAX_EVENT_BYTES}),
    "a member more": event(more=1),
    "a chain's member": event(seq=1),
    "a member less": canonical_json({k: v for k, v in MEMBERS.items() if k != "trace_id"}),
    "no event id": event(event_id=None),
    "an event id in capitals": event(event_id="00000000-0000-7000-8000-00000000000A"),
    "an event id with a brace": event(event_id="{0000000-0000-7000-8000-00000000000}"),
    "no payload": event(payload=None),
    "a list as payload": event(payload=[]),
    "another type": event(event_type="Artifact"),
    "a type of another version": event(event_type="artifact.build.started"),
    "a long type": event(event_type="a" * 130 + ".b.v1"),
    "a service that is a number": event(source_service=3),
    "a time that is a number": event(created_at=3),
    "a workflow in capitals": event(workflow_id="00000000-0000-7000-8000-00000000000A"),
    "no workflow": event(workflow_id=None),
    "what follows an event": EVENT + EVENT,
}


@pytest.mark.parametrize("line", RIGHT)
def test_events_are_recognised_first_and_again(line: bytes) -> None:
    assert malformation(line) is None
    forms, name = EventForms(), parse_event(line)["event_id"].encode()
    assert forms.ids([line]) == [name]
    assert forms.ids([line, line]) == [name, name]
    assert forms.ids([EVENT, line, EVENT, line]) == [MEMBERS["event_id"].encode(), name] * 2


@pytest.mark.parametrize("line", WRONG.values(), ids=WRONG)
def test_what_is_no_event_is_never_recognised(line: bytes) -> None:
    reason = malformation(line)
    assert reason is not None
    assert reason.startswith(("they ", "a number ", "their "))
    assert EventForms().ids([line]) == []
    if workflow_of(line) is None:
        # Whoever asks for ids has looked at the workflow.
        return
    # Patterns that were learned from events let nothing else through.
    forms = EventForms()
    forms.ids([*RIGHT, *RIGHT])
    for before in RIGHT:
        assert len(forms.ids([before, line, before])) == 1
        assert len(forms.ids([before, before, line])) == 2


NAMES = st.text(
    st.characters(min_codepoint=32, max_codepoint=126) | st.sampled_from("\u00e9\ufb33\U0001f600"),
    max_size=5,
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-MAX_NUMBER, MAX_NUMBER)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner),
    max_leaves=8,
)
PAYLOADS = st.dictionaries(NAMES, VALUES, max_size=4)


@settings(max_examples=examples(300))
@given(st.lists(PAYLOADS, min_size=1, max_size=4), st.data())
def test_patterns_decide_as_parsing_does(
    payloads: list[dict[str, Any]], data: st.DataObject
) -> None:
    lines = [event(payload=payload) for payload in payloads] * 2
    forms = EventForms()
    assert len(forms.ids(lines)) == len(lines)
    line = bytearray(data.draw(st.sampled_from(lines)))
    at = data.draw(st.integers(0, len(line) - 1))
    line[at] = data.draw(
        st.sampled_from(b'"\\\x00\x1f \x7f\x80,:{}[]0-9aAnu') | st.integers(0, 255)
    )
    if b"\n" not in line:
        mangled = bytes(line)
        recognised = workflow_of(mangled) is not None and len(forms.ids([mangled])) == 1
        assert recognised == (malformation(mangled) is None), mangled


def test_many_shapes_are_recognised_too() -> None:
    chance = random.Random(1)  # noqa: S311 - the same shapes each time
    names = [f"n{number}" for number in range(40)]
    lines = [event(payload=dict.fromkeys(chance.sample(names, 5), 1)) for _ in range(500)]
    lines += [event(event_type=f"a.b.v{number}") for number in range(1, 3000)]
    assert len(EventForms().ids(lines)) == len(lines)


# --- what was signed like that


def signed_bundle(folder: Path, lines: Sequence[bytes]) -> Path:
    """A bundle of lines that the log itself signed: they are not forged, but bad."""
    head, rows, edge = ChainHead(), [], Frontier()
    for line in lines:
        before, head = head, head.append(line)
        rows.append(Entry(line, head.seq, before.hash, head.hash, head.hash))
    edge.extend(leaf_hashes(row.logged for row in rows))
    with BundleWriter(folder, origin=ORIGIN) as writer:
        writer.append(rows)
        writer.add_checkpoint(sign_checkpoint(Checkpoint(ORIGIN, edge.size, edge.root()), [SIGNER]))
        writer.finish()
    return folder


@pytest.mark.parametrize(
    "name", [each for each in WRONG if each not in {"no workflow", "a workflow in capitals"}]
)
def test_signed_garbage_is_named(tmp_path: Path, name: str) -> None:
    line, good = WRONG[name], [each.canonical for each in entries(4)]
    folder = signed_bundle(tmp_path / "bundle", [*good[:2], line, *good[2:]])
    finding = verify_bundle(open_bundle(folder), [SIGNER.verifier]).finding
    assert finding is not None, "signed garbage verifies"
    kinds = {Kind.MALFORMED, Kind.CHAIN_BROKEN, Kind.MISSING}
    if line.endswith(EVENT[-54:]):
        kinds = {Kind.MALFORMED}
    assert finding.kind in kinds, finding
    assert finding.log_index == 2 or finding.kind is Kind.CHAIN_BROKEN


def test_without_strictness_what_was_signed_is_proven_all_the_same(tmp_path: Path) -> None:
    good = [each.canonical for each in entries(4)]
    garbage = good[2].replace(b":", b": ", 1)
    folder = signed_bundle(tmp_path / "signed", [*good[:2], garbage, good[3], good[0]])
    assert not verify_bundle(open_bundle(folder), [SIGNER.verifier]).ok
    report = verify_bundle(open_bundle(folder), [SIGNER.verifier], strict=False)
    assert report.ok
    assert not report.strict
    events = folder / "events.ndjson"
    events.write_bytes(events.read_bytes().replace(b"deck-3", b"desk-3"))
    finding = verify_bundle(open_bundle(folder), [SIGNER.verifier], strict=False).finding
    assert finding is not None
    assert (finding.kind, finding.log_index) == (Kind.CONTENT_CHANGED, 3)


def test_an_event_id_that_was_logged_twice(tmp_path: Path) -> None:
    good = [each.canonical for each in entries(8)]
    twice = good[2].replace(b"deck-2", b"other")
    folder = signed_bundle(tmp_path / "bundle", [*good[:6], twice, *good[6:]])
    finding = verify_bundle(open_bundle(folder), [SIGNER.verifier]).finding
    assert finding is not None
    assert (finding.kind, finding.log_index, finding.other_log_index) == (Kind.DUPLICATE, 6, 2)
    assert finding.event_id == json.loads(good[2])["event_id"]


def test_an_event_id_that_was_logged_twice_is_named_before_a_later_fault(tmp_path: Path) -> None:
    good = [each.canonical for each in entries(8)]
    folder = signed_bundle(tmp_path / "bundle", [*good[:4], good[1], good[4], b"x", *good[5:]])
    finding = verify_bundle(open_bundle(folder), [SIGNER.verifier]).finding
    assert finding is not None
    assert (finding.kind, finding.log_index, finding.other_log_index) == (Kind.DUPLICATE, 4, 1)


def test_an_honest_bundle_still_verifies(tmp_path: Path) -> None:
    log = entries(5000)
    report = verify_bundle(
        open_bundle(write_bundle(tmp_path / "bundle", log, signed=log)), [SIGNER.verifier]
    )
    assert report.ok
    assert report.entries == 5000
