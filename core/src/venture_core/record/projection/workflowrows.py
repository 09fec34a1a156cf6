"""How events change the read models of workflows: pure, one event and one row at a time."""

from typing import TYPE_CHECKING, Final

from venture_core.events.types.workflow import (
    WorkflowCancelledV1,
    WorkflowCompletedV1,
    WorkflowEndedPayload,
    WorkflowFailedV1,
    WorkflowPayload,
    WorkflowRequestedV1,
    WorkflowResumedV1,
    WorkflowStartedV1,
    WorkflowSuspendedV1,
)
from venture_core.record.projection.models import WorkflowRow
from venture_core.record.projection.rows import Move, next_phase, show_last

if TYPE_CHECKING:
    from venture_core.record.projection.rows import Logged, Moves

_LIVE: Final = {"Requested", "Running", "Suspended"}

WORKFLOW_MOVES: Final[Moves] = {
    # A word to retry runs again what failed or was cancelled.
    WorkflowRequestedV1: Move("Requested", {"Requested", "Failed", "Cancelled"}),
    WorkflowStartedV1: Move("Running", {"Requested"}),
    WorkflowSuspendedV1: Move("Suspended", {"Requested", "Running"}),
    WorkflowResumedV1: Move("Running", {"Suspended"}),
    WorkflowCompletedV1: Move("Succeeded", _LIVE),
    WorkflowFailedV1: Move("Failed", _LIVE),
    WorkflowCancelledV1: Move("Cancelled", _LIVE),
}


def show_workflow(row: WorkflowRow | None, payload: object, logged: Logged) -> WorkflowRow:
    """Return the row of the event's workflow as it is after the event, whatever that tells of."""
    event = logged.event
    if row is None:
        row = WorkflowRow(
            workflow_id=event.workflow_id,
            trace_id=event.trace_id,
            policy_bundle_id=None,
            events=0,
            first_event_at=event.created_at,
        )
    row.events += 1
    row.policy_bundle_id = event.policy_bundle_id or row.policy_bundle_id
    row.last_event_at = event.created_at
    row.last_event_type = event.event_type
    if isinstance(payload, WorkflowPayload):
        _show_progress(row, payload, logged)
    show_last(row, logged)
    return row


def _show_progress(row: WorkflowRow, payload: WorkflowPayload, logged: Logged) -> None:
    """Show the Workflow's own course; an event that does not follow from its phase is no part."""
    phase = next_phase(WORKFLOW_MOVES, row.phase, payload)
    if phase is None:
        return
    row.namespace, row.name, row.phase = payload.namespace, payload.name, phase
    at = logged.event.created_at
    match payload:
        case WorkflowRequestedV1():
            row.reason = row.started_at = row.finished_at = None
        case WorkflowStartedV1():
            row.started_at = at
        case WorkflowResumedV1() if row.started_at is None:
            row.phase = "Requested"
        case WorkflowFailedV1():
            row.reason, row.finished_at = payload.reason, at
        case WorkflowEndedPayload():
            row.finished_at = at
        case _:
            pass
