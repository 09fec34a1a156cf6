"""How events change the read models of tasks: pure, one event and one row at a time."""

from typing import TYPE_CHECKING, Final

from venture_core.events.types.task import (
    TaskBlockedV1,
    TaskCancelledV1,
    TaskFailedV1,
    TaskPayload,
    TaskQueuedV1,
    TaskRetryingV1,
    TaskSkippedV1,
    TaskStartedV1,
    TaskSucceededV1,
    task_id,
)
from venture_core.record.projection.models import TaskRow
from venture_core.record.projection.rows import Move, next_phase, show_last

if TYPE_CHECKING:
    from venture_core.record.projection.rows import Logged, Moves

_LIVE: Final = {"Queued", "Running", "Retrying"}

TASK_MOVES: Final[Moves] = {
    # A retry of the Workflow runs again what failed or was cancelled, and what that blocked.
    TaskQueuedV1: Move("Queued", {"Queued", "Blocked", "Failed", "Cancelled"}),
    TaskStartedV1: Move("Running", _LIVE),
    TaskRetryingV1: Move("Retrying", _LIVE),
    TaskSucceededV1: Move("Succeeded", _LIVE),
    TaskFailedV1: Move("Failed", _LIVE),
    TaskBlockedV1: Move("Blocked", {"Queued"}),
    TaskCancelledV1: Move("Cancelled", _LIVE | {"Blocked"}),
    TaskSkippedV1: Move("Skipped", {"Queued"}),
}


def show_task(row: TaskRow | None, payload: TaskPayload, logged: Logged) -> TaskRow:
    """Return the row of a task as it is after the event.

    An event that does not follow from the row's phase, or is of an attempt before the row's,
    changes nothing.
    """
    phase = next_phase(TASK_MOVES, None if row is None else row.phase, payload)
    if row is None:
        row = TaskRow(
            task_id=task_id(payload.workflow_uid, payload.task),
            workflow_id=payload.workflow_uid,
            namespace=payload.namespace,
            workflow=payload.workflow,
            task=payload.task,
            attempt=0,
            cash_cents=0,
            llm_cents=0,
        )
    if phase is None or payload.attempt < row.attempt:
        return row
    row.phase, row.attempt = phase, payload.attempt
    _show_progress(row, payload, logged)
    show_last(row, logged)
    return row


def _show_progress(row: TaskRow, payload: TaskPayload, logged: Logged) -> None:
    at = logged.event.created_at
    match payload:
        case TaskQueuedV1():
            _begin(row)
            row.queued_at = at
        case TaskStartedV1():
            row.child_kind, row.child_name = payload.child.kind, payload.child.name
            row.reason, row.started_at = None, at
        case TaskRetryingV1():
            row.reason = payload.reason
        case TaskSucceededV1():
            row.output_digest, row.reason, row.finished_at = payload.output_digest, None, at
        case TaskBlockedV1():
            row.blocked_by = payload.blocked_by
        case TaskFailedV1() | TaskCancelledV1() | TaskSkippedV1():
            row.reason, row.finished_at = payload.reason, at
        case _:
            raise TypeError(f"no rule shows a {type(payload).__name__}")
    if isinstance(payload, TaskRetryingV1 | TaskSucceededV1 | TaskFailedV1 | TaskCancelledV1):
        row.cash_cents, row.llm_cents = payload.cost.cash_cents, payload.cost.llm_cents


def _begin(row: TaskRow) -> None:
    """Start over, but for what the task has cost."""
    row.child_kind = row.child_name = row.output_digest = row.reason = row.blocked_by = None
    row.started_at = row.finished_at = None
