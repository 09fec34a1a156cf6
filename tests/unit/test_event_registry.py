from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError
from venture_core.events.envelope import EventEnvelopeV1, Service
from venture_core.events.models import EventPayload
from venture_core.events.registry import (
    EventRefusedError,
    EventType,
    Registry,
    UnknownEventTypeError,
)
from venture_core.events.types import REGISTRY
from venture_core.events.types.artifact import BuildGatesV1, BuildStartedV1, Gate

UID = UUID("0190a6e2-7d1c-4aaa-8bbb-0123456789ab")
STARTED = BuildStartedV1(
    namespace="default",
    name="board-deck",
    uid=UID,
    generation=1,
    attempt=1,
    job="board-deck-compile-1",
    cache_key="sha256:" + "a" * 64,
)


def new_event(payload: EventPayload, registry: Registry = REGISTRY) -> EventEnvelopeV1:
    return registry.new_event(
        payload,
        event_id=UUID(int=1),
        trace_id=UUID(int=2),
        workflow_id=UID,
        created_at=datetime(2026, 11, 23, tzinfo=UTC),
    )


class Paid(EventPayload):
    """An event of a test."""

    cents: int


def test_type_and_source_follow_from_the_payload() -> None:
    event = new_event(STARTED)
    assert event.event_type == "artifact.build.started.v1"
    assert event.source_service is Service.ORCHESTRATOR
    assert event.payload["cacheKey"] == STARTED.cache_key
    assert REGISTRY.check(event) == STARTED


def test_lists_in_payloads_read_back() -> None:
    gates = BuildGatesV1(
        namespace="default",
        name="board-deck",
        uid=UID,
        generation=1,
        attempt=1,
        gates=(Gate(name="contrast", passed=True, findings=0),),
    )
    assert REGISTRY.check(new_event(gates)) == gates


def test_an_unknown_payload_or_type_is_refused() -> None:
    with pytest.raises(UnknownEventTypeError):
        new_event(Paid(cents=1))
    with pytest.raises(UnknownEventTypeError):
        REGISTRY.check(new_event(STARTED).model_copy(update={"event_type": "money.a.b.v1"}))


@pytest.mark.parametrize(
    "change",
    [
        {"surprise": 1},
        {"attempt": 0},
        {"attempt": "1"},
        {"cacheKey": "md5:1"},
        {"generation": None},
    ],
)
def test_a_payload_that_does_not_fit_is_refused(change: dict[str, Any]) -> None:
    event = new_event(STARTED)
    with pytest.raises(EventRefusedError, match=next(iter(change))):
        REGISTRY.check(event.model_copy(update={"payload": event.payload | change}))


def test_an_unknown_field_is_refused_where_it_is_made() -> None:
    with pytest.raises(ValidationError):
        Paid.model_validate({"cents": 1, "more": 2})


def test_an_event_of_another_service_is_refused() -> None:
    event = new_event(STARTED).model_copy(update={"source_service": Service.TREASURY_API})
    with pytest.raises(EventRefusedError, match="venture-orchestrator"):
        REGISTRY.check(event)


@pytest.mark.parametrize(
    "name", ["money.paid.v1", "tool.call.executed.v1", "money.intent.paid", "money..paid.v1"]
)
def test_malformed_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="an event type has a root"):
        Registry([EventType(name, Paid, Service.TREASURY_API, "Paid.")])


def test_nothing_is_registered_twice() -> None:
    paid = EventType("money.intent.paid.v1", Paid, Service.TREASURY_API, "Paid.")
    with pytest.raises(ValueError, match="twice"):
        Registry([paid, paid])
    with pytest.raises(ValueError, match="twice"):
        Registry([paid, EventType("money.intent.paid.v2", Paid, Service.TREASURY_API, "Paid.")])


def test_every_type_is_described_and_holds_only_what_events_may_hold() -> None:
    for each in REGISTRY:
        assert each.description.endswith("."), each.name
        assert each.payload.__doc__, each.name
        schema = str(each.payload.model_json_schema(by_alias=True))
        assert "'number'" not in schema, f"{each.name}: events hold whole numbers"
        assert "'additionalProperties': True" not in schema, each.name


def test_fields_have_one_spelling() -> None:
    event = new_event(STARTED)
    fields = dict(event.payload)
    fields["cache_key"] = fields.pop("cacheKey")
    with pytest.raises(EventRefusedError, match="cache_key"):
        REGISTRY.check(event.model_copy(update={"payload": fields}))
