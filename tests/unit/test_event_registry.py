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
from venture_core.events.types.money import IntentRequestedV1
from venture_core.events.types.task import TaskQueuedV1, task_id

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


def test_a_task_event_names_its_workflow_and_its_task() -> None:
    queued = TaskQueuedV1(
        namespace="default", workflow="launch", workflow_uid=UID, task="research", attempt=1
    )
    task = task_id(UID, "research")
    event = REGISTRY.new_event(
        queued,
        event_id=UUID(int=1),
        trace_id=UUID(int=2),
        workflow_id=UID,
        task_id=task,
        created_at=datetime(2026, 11, 23, tzinfo=UTC),
    )
    assert REGISTRY.check(event) == queued
    for change in ({"task_id": None}, {"task_id": UID}, {"workflow_id": task}):
        with pytest.raises(EventRefusedError, match=next(iter(change))):
            REGISTRY.check(event.model_copy(update=change))
    with pytest.raises(EventRefusedError, match="task_id"):
        new_event(queued)


def test_a_tasks_id_follows_from_its_workflow_and_name() -> None:
    assert task_id(UID, "research") == UUID("272ecd7d-6da4-5b36-be1c-f31401e757d6")
    others = {task_id(UID, "review"), task_id(UUID(int=1), "research")}
    assert len(others | {task_id(UID, "research")}) == 3


def intent(**change: Any) -> IntentRequestedV1:
    fields: dict[str, Any] = {
        "namespace": "default",
        "name": "ads-48",
        "uid": UID,
        "generation": 1,
        "currency": "USD",
        "cap_cents": 50_000,
        "per_transaction_cents": 5_000,
        "merchant_id": "acme-ads",
        "expires_at": datetime(2026, 11, 24, tzinfo=UTC),
    }
    return IntentRequestedV1(**fields | change)


def test_the_treasury_alone_speaks_of_money_and_the_operator_of_the_object() -> None:
    event = new_event(intent())
    assert event.source_service is Service.ORCHESTRATOR
    assert REGISTRY.check(event) == intent()
    owners = {each.owner for each in REGISTRY if each.name.startswith("ledger.")}
    owners |= {REGISTRY.get(f"money.intent.{each}.v1").owner for each in ("approved", "consumed")}
    assert owners == {Service.TREASURY_API}


@pytest.mark.parametrize(
    "change",
    [
        {"currency": "usd"},
        {"cap_cents": -1},
        {"cap_cents": 0.5},
        {"cap_cents": 2**53},
        {"cap_cents": 4_999},
        {"merchant_id": ""},
        {"approver": "alice"},
    ],
)
def test_an_intent_that_does_not_fit_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        intent(**change)
