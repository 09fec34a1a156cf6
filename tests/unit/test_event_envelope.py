import json
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from venture_core.canonical import canonical_json
from venture_core.events.chain import ChainHead
from venture_core.events.envelope import (
    MAX_EVENT_BYTES,
    WORKFLOW_SUFFIX_BYTES,
    EventEnvelopeV1,
    EventTooLargeError,
    TaskEnvelopeV1,
    recorded_event,
    recorded_json,
    workflow_of,
)
from venture_core.events.models import MAX_NUMBER

if TYPE_CHECKING:
    from uuid import UUID

WORKFLOW = "0190a6e2-7d1c-7aaa-8bbb-0123456789ab"
EVENT: dict[str, Any] = {
    "event_id": "0190a6e2-7d1c-7000-8000-000000000001",
    "event_type": "artifact.build.started.v1",
    "trace_id": "4bf92f35-77b3-4da6-a3ce-929d0e0e4736",
    "workflow_id": WORKFLOW,
    "task_id": None,
    "policy_bundle_id": None,
    "source_service": "venture-orchestrator",
    "payload": {"name": "board-deck", "attempt": 1},
    "created_at": "2026-11-23T06:40:18.123456Z",
}
TASK: dict[str, Any] = {
    "task_id": "0190a6e2-7d1c-7000-8000-000000000002",
    "workflow_id": WORKFLOW,
    "trace_id": "4bf92f35-77b3-4da6-a3ce-929d0e0e4736",
    "agent_role": "researcher",
    "tool_allowlist_id": "0190a6e2-7d1c-7000-8000-000000000003",
    "policy_bundle_id": "0190a6e2-7d1c-7000-8000-000000000004",
    "task_type": "research",
    "budget": {"eau_cap": 10, "cash_cap_cents": 0, "eau_commit_30d": 1, "eau_tail_p95": 4},
}


def parse(**changes: Any) -> EventEnvelopeV1:
    return EventEnvelopeV1.model_validate_json(json.dumps(EVENT | changes))


def test_canonical_bytes_are_the_envelope_without_its_chain() -> None:
    event = parse()
    assert event.canonical_bytes() == canonical_json(EVENT)
    assert b'"seq"' not in event.canonical_bytes()
    assert EventEnvelopeV1.model_validate_json(event.canonical_bytes()) == event


def test_equal_moments_have_equal_bytes() -> None:
    abroad = datetime(2026, 11, 23, 8, 40, 18, 123456, tzinfo=timezone(timedelta(hours=2)))
    assert parse(created_at=abroad.isoformat()).canonical_bytes() == parse().canonical_bytes()
    assert parse().created_at.tzinfo is UTC


@pytest.mark.parametrize(
    "changes",
    [
        {"surprise": 1},
        {"event_id": "1"},
        {"event_type": "artifact"},
        {"event_type": "artifact.build.started"},
        {"event_type": "artifact.build.started.v0"},
        {"event_type": "Artifact.build.started.v1"},
        {"event_type": "artifact.build-er.started.v1"},
        {"source_service": "someone"},
        {"payload": []},
        {"payload": None},
        {"payload": {"number": 1.5}},
        {"payload": {"list": [{"number": 1e300}]}},
        {"payload": {"number": 2**53}},
        {"payload": {"n\u00e4me": 1}},
        {"payload": {"": 1}},
        {"created_at": "2026-11-23T06:40:18"},
        {"created_at": 1_700_000_000},
        {"seq": 0, "this_event_hash": "0" * 64},
        {"seq": 1},
        {"seq": 1, "this_event_hash": "0" * 64},
        {"this_event_hash": "0" * 64},
        {"prev_event_hash": "0" * 64},
    ],
)
def test_what_is_no_event_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        parse(**changes)


@pytest.mark.parametrize("name", sorted(set(EVENT) - {"task_id", "policy_bundle_id"}))
def test_what_lacks_a_field_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        EventEnvelopeV1.model_validate_json(
            json.dumps({k: v for k, v in EVENT.items() if k != name})
        )


def test_events_do_not_change() -> None:
    with pytest.raises(ValidationError):
        setattr(parse(), "event_type", "artifact.build.failed.v1")  # noqa: B010 - mypy sees it


def test_bounds_of_the_canonical_bytes() -> None:
    room = MAX_EVENT_BYTES - len(parse(payload={"text": ""}).canonical_bytes())
    assert len(parse(payload={"text": "a" * room}).canonical_bytes()) == MAX_EVENT_BYTES
    with pytest.raises(EventTooLargeError):
        parse(payload={"text": "a" * (room + 1)}).canonical_bytes()


keys = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=8)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-MAX_NUMBER, MAX_NUMBER)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)
payloads = st.dictionaries(keys, values, max_size=4)


@settings(deadline=None)
@given(payloads)
def test_canonical_bytes_are_rfc_8785(payload: dict[str, Any]) -> None:
    assert parse(payload=payload).canonical_bytes() == canonical_json(EVENT | {"payload": payload})


@settings(deadline=None)
@given(st.lists(payloads, min_size=1, max_size=4), st.uuids())
def test_recorded_events_read_back(contents: list[dict[str, Any]], workflow: UUID) -> None:
    head = ChainHead()
    for payload in contents:
        event = parse(payload=payload, workflow_id=str(workflow))
        canonical = event.canonical_bytes()
        assert workflow_of(canonical) == str(workflow)
        before, head = head, head.append(canonical)
        prev = before.hash if before.seq else None
        read = recorded_event(canonical, seq=head.seq, prev=prev, this=head.hash)
        received = recorded_json(canonical, seq=head.seq, prev=prev, this=head.hash)
        assert EventEnvelopeV1.model_validate_json(received) == read
        assert read.canonical_bytes() == canonical
        assert (read.seq, read.this_event_hash) == (head.seq, head.hash.hex())


def test_a_recorded_event_whose_hash_is_another_is_refused() -> None:
    canonical = parse().canonical_bytes()
    head = ChainHead().append(canonical)
    with pytest.raises(ValidationError, match="not the hash"):
        recorded_event(canonical.replace(b"board", b"bored"), seq=1, prev=None, this=head.hash)


def test_the_workflow_is_at_the_end_or_nowhere() -> None:
    canonical = parse().canonical_bytes()
    assert canonical[-WORKFLOW_SUFFIX_BYTES:].decode() == f',"workflow_id":"{WORKFLOW}"}}'
    nested = canonical_json({"payload": {"a": 1, "workflow_id": WORKFLOW}})
    for other in (b"", b"{}", nested, canonical.upper(), canonical + b"\n"):
        assert workflow_of(other) is None


def test_a_task_has_the_specified_defaults() -> None:
    task = TaskEnvelopeV1.model_validate_json(json.dumps(TASK))
    assert (task.ttl_seconds, task.retry_limit, task.schema_version) == (300, 3, "v1")


@pytest.mark.parametrize(
    "changes",
    [
        {"ttl_seconds": 9},
        {"ttl_seconds": 3601},
        {"retry_limit": 6},
        {"retry_limit": -1},
        {"schema_version": "v2"},
        {"task_type": "dance"},
        {"agent_role": "Researcher!"},
        {"budget": {"eau_cap": 10}},
        {"budget": TASK["budget"] | {"eau_cap": 1.5}},
        {"surprise": True},
    ],
)
def test_what_is_no_task_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TaskEnvelopeV1.model_validate_json(json.dumps(TASK | changes))
