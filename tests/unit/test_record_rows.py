"""How read models of workflows, tasks and money intents follow their events: a table and laws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import inspect
from venture_core.events.types import REGISTRY
from venture_core.events.types.money import IntentPayload
from venture_core.events.types.task import TaskPayload
from venture_core.events.types.workflow import WorkflowPayload
from venture_core.record.projection.intentrows import INTENT_MOVES, show_intent
from venture_core.record.projection.rows import Logged
from venture_core.record.projection.taskrows import TASK_MOVES, show_task
from venture_core.record.projection.workflowrows import WORKFLOW_MOVES, show_workflow
from workflowevents import COST, HASH, Flow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from venture_core.events.envelope import EventEnvelopeV1
    from venture_core.record.projection.models import Base, IntentRow, TaskRow, WorkflowRow
    from venture_core.record.projection.rows import Moves

PAYLOADS: dict[str, Any] = {each.name: each.payload for each in REGISTRY}
FLOW = Flow()


def event(name: str, attempt: int = 1) -> EventEnvelopeV1:
    """Return the event `task.started`, for example."""
    root, _, what = name.partition(".")
    thing = "intent" if root == "money" else "run"
    payload = PAYLOADS[f"{root}.{thing}.{what}.v1"]
    match root:
        case "task":
            return FLOW.task(payload, attempt)
        case "money":
            return FLOW.intent(payload)
        case _:
            return FLOW.workflow(payload)


def show(row: Any, shown: EventEnvelopeV1, number: int = 0) -> Any:
    payload, logged = REGISTRY.check(shown), Logged(shown, number + 1, number)
    if isinstance(payload, TaskPayload):
        return show_task(row, payload, logged)
    if isinstance(payload, IntentPayload):
        return show_intent(row, payload, logged)
    return show_workflow(row, payload, logged)


def told(events: Iterable[EventEnvelopeV1]) -> Any:
    row = None
    for number, each in enumerate(events):
        row = show(row, each, number)
    return row


def fields(row: Base) -> dict[str, Any]:
    return {each.key: getattr(row, each.key) for each in inspect(type(row)).column_attrs}


@pytest.mark.parametrize(
    ("root", "names", "phase"),
    [
        ("task", "queued", "Queued"),
        ("task", "queued started", "Running"),
        ("task", "queued started retrying", "Retrying"),
        ("task", "queued started retrying started", "Running"),
        ("task", "queued started succeeded", "Succeeded"),
        ("task", "queued started failed", "Failed"),
        ("task", "queued failed", "Failed"),
        ("task", "queued blocked", "Blocked"),
        ("task", "queued blocked queued", "Queued"),
        ("task", "queued blocked cancelled", "Cancelled"),
        ("task", "queued skipped", "Skipped"),
        ("task", "queued cancelled", "Cancelled"),
        ("task", "queued started failed queued", "Queued"),
        ("task", "queued started cancelled queued started", "Running"),
        ("task", "succeeded", "Succeeded"),
        ("task", "queued started succeeded queued", "Succeeded"),
        ("task", "queued skipped started", "Skipped"),
        ("task", "queued started failed succeeded", "Failed"),
        ("task", "queued started cancelled retrying", "Cancelled"),
        ("task", "queued started blocked", "Running"),
        ("task", "queued started queued", "Running"),
        ("task", "queued blocked started", "Blocked"),
        ("money", "requested", "Requested"),
        ("money", "requested awaiting_approval", "AwaitingApproval"),
        ("money", "requested approved", "Approved"),
        ("money", "requested awaiting_approval approved", "Approved"),
        ("money", "requested awaiting_approval rejected", "Rejected"),
        ("money", "requested approved consumed", "Consumed"),
        ("money", "requested approved expired", "Expired"),
        ("money", "requested approved revoked", "Revoked"),
        ("money", "requested awaiting_approval revoked", "Revoked"),
        ("money", "requested consumed", "Requested"),
        ("money", "requested approved rejected", "Approved"),
        ("money", "requested approved revoked approved", "Revoked"),
        ("money", "requested rejected approved", "Rejected"),
        ("money", "consumed requested", "Consumed"),
        ("workflow", "requested", "Requested"),
        ("workflow", "requested started", "Running"),
        ("workflow", "requested started suspended", "Suspended"),
        ("workflow", "requested started suspended resumed", "Running"),
        ("workflow", "requested suspended resumed", "Requested"),
        ("workflow", "requested started completed", "Succeeded"),
        ("workflow", "requested started suspended cancelled", "Cancelled"),
        ("workflow", "requested started failed", "Failed"),
        ("workflow", "requested started failed requested started", "Running"),
        ("workflow", "requested started completed requested", "Succeeded"),
        ("workflow", "requested started cancelled resumed", "Cancelled"),
    ],
)
def test_a_story_ends_in_its_phase(root: str, names: str, phase: str) -> None:
    assert told(event(f"{root}.{name}") for name in names.split()).phase == phase


def test_a_task_says_what_its_events_said() -> None:
    events = [
        event("task.queued", 0),
        event("task.started", 1),
        event("task.retrying", 1),
        event("task.started", 2),
        event("task.succeeded", 2),
    ]
    row: TaskRow = told(events)
    assert (row.workflow_id, row.workflow, row.task) == (FLOW.uid, "launch", "work")
    assert row.task_id == events[0].task_id
    assert (row.child_kind, row.child_name, row.attempt) == ("Job", "launch-research-1", 2)
    assert (row.cash_cents, row.llm_cents) == (COST.cash_cents, COST.llm_cents)
    assert (row.output_digest, row.reason) == (HASH, None)
    assert (row.started_at, row.finished_at) == (events[3].created_at, events[4].created_at)
    assert (row.last_event_id, row.last_event_seq) == (events[4].event_id, 5)


def test_a_task_that_runs_again_forgets_all_but_its_cost() -> None:
    row: TaskRow = told([event("task.started", 1), event("task.failed", 1), event("task.queued")])
    assert (row.reason, row.child_name, row.finished_at) == (None, None, None)
    assert (row.cash_cents, row.attempt) == (COST.cash_cents, 1)


def test_an_event_of_an_earlier_attempt_changes_nothing() -> None:
    events = [event("task.started", 2), event("task.failed", 1), event("task.succeeded", 1)]
    row: TaskRow = told(events)
    assert (row.phase, row.attempt, row.last_event_seq) == ("Running", 2, 1)


def test_an_intent_says_what_its_events_said() -> None:
    names = ("requested", "awaiting_approval", "approved", "revoked")
    events = [event(f"money.{name}") for name in names]
    row: IntentRow = told(events)
    assert (row.currency, row.cap_cents, row.per_transaction_cents) == ("USD", 50_000, 5_000)
    assert (row.merchant_id, row.rule, row.bundle_hash) == ("acme-ads", "no-night-spend", HASH)
    assert (row.reason_code, row.posted_cents) == ("FREEZE_MODE_ACTIVE", 5_000)
    assert (row.decided_at, row.finished_at) == (events[2].created_at, events[3].created_at)


def test_a_rejected_intent_holds_nothing() -> None:
    names = ("requested", "awaiting_approval", "rejected")
    row: IntentRow = told(event(f"money.{name}") for name in names)
    assert (row.pending_cents, row.reason_code) == (0, "WITHIN_POLICY")


def test_a_workflow_row_counts_what_is_no_part_of_its_course() -> None:
    row: WorkflowRow = told([event("workflow.requested")])
    task = event("task.queued")
    row = show_workflow(row, REGISTRY.check(task), Logged(task, 2, 1))
    assert (row.namespace, row.name, row.phase) == ("default", "launch", "Requested")
    assert (row.events, row.last_event_type) == (2, "task.run.queued.v1")


@pytest.mark.parametrize(
    ("base", "moves"),
    [(TaskPayload, TASK_MOVES), (IntentPayload, INTENT_MOVES), (WorkflowPayload, WORKFLOW_MOVES)],
)
def test_every_type_has_its_move(base: type, moves: Moves) -> None:
    assert set(moves) == {each.payload for each in REGISTRY if issubclass(each.payload, base)}


def steps(root: str) -> st.SearchStrategy[list[EventEnvelopeV1]]:
    names = [
        f"{root}.{each.name.split('.')[2]}"
        for each in REGISTRY
        if each.name.startswith((f"{root}.run.", f"{root}.intent."))
    ]
    one = st.builds(event, st.sampled_from(names), st.integers(min_value=1, max_value=3))
    return st.lists(one, max_size=12)


REOPENED_BY = {
    "task": {
        "Succeeded": set(),
        "Skipped": set(),
        "Failed": {"task.run.queued.v1"},
        "Cancelled": {"task.run.queued.v1"},
    },
    "money": {"Rejected": set(), "Consumed": set(), "Expired": set(), "Revoked": set()},
    "workflow": {
        "Succeeded": set(),
        "Failed": {"workflow.run.requested.v1"},
        "Cancelled": {"workflow.run.requested.v1"},
    },
}
ALWAYS_CHANGES = {"events", "last_event_at", "last_event_type"}
LAST_EVENT = {"last_event_id", "last_event_seq", "last_log_index"}


@pytest.mark.parametrize("root", REOPENED_BY)
@given(data=st.data())
def test_what_is_over_stays_over(root: str, data: st.DataObject) -> None:
    row = None
    for number, each in enumerate(data.draw(steps(root))):
        before = None if row is None else fields(row)
        row = show(row, each, number)
        after = fields(row)
        assert after["phase"] is not None
        if before is None or root == "workflow":
            assert row.last_event_id == each.event_id
        if before is None:
            continue
        own = after.keys() - ALWAYS_CHANGES - (LAST_EVENT if root == "workflow" else set())
        unchanged = all(before[key] == after[key] for key in own)
        reopening = REOPENED_BY[root].get(before["phase"])
        assert unchanged or reopening is None or each.event_type in reopening
        assert unchanged or row.last_log_index == number
        assert after.get("attempt", 0) >= before.get("attempt", 0)
