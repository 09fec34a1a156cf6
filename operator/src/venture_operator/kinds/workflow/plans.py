"""The plans for a Workflow: what the board means for its conditions, phase and record."""

from dataclasses import replace
from typing import TYPE_CHECKING, Final
from uuid import UUID

from venture_core.canonical import canonical_json, sha256_hex
from venture_crds.v1alpha1.reasons import CommonReason
from venture_crds.v1alpha1.workflowstatus import (
    Shutdown,
    Spent,
    TaskPhase,
    WorkflowPhase,
    WorkflowReason,
    WorkflowStatus,
)

from venture_operator.domain import conditions, plan
from venture_operator.domain.facts import Subject
from venture_operator.domain.plan import Transition, with_state
from venture_operator.kinds.workflow.board import LIVE, Action, Board, StartTask
from venture_operator.kinds.workflow.childobject import takes_budget
from venture_operator.kinds.workflow.facts import Facts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from venture_crds.v1alpha1.workflow import Workflow
    from venture_crds.v1alpha1.workflowstatus import TaskStatus

    from venture_operator.domain.conditions import State
    from venture_operator.domain.facts import Fact

type Plan = plan.Plan[WorkflowStatus, Action]

NO_BUNDLE_HASH: Final = "sha256:" + sha256_hex(canonical_json({}))
"""Stands for the policy bundle of Workflows that no bundle governs: the digest of an empty one."""
FAILURES_SHOWN: Final = 3
NAMES_SHOWN: Final = 5


def run_of(workflow: Workflow) -> str:
    """Return the word of `spec.retry` that the run answers which goes on now."""
    return workflow.status.handled_retry


def owes_budget(workflow: Workflow) -> bool:
    """Return whether the work ended, and its budget is not known to be released."""
    return workflow.status.budget_open and conditions.has_ended(workflow.status)


def stalled_plan(workflow: Workflow, reason: str, message: str, now: datetime) -> Plan:
    """Return the plan for a workflow that ends before its tasks do: its user must act."""
    given: Plan = plan.stalled_plan(
        workflow,
        reason,
        message,
        now,
        phase=WorkflowPhase.FAILED,
        finished_at=now,
        handled_retry=workflow.spec.retry,
        target_digest=None,
    )
    fact = Facts(workflow, workflow.spec.retry).failed(reason, workflow.status.cost or Spent())
    again = 0 if workflow.status.budget_open else None
    return told_of_control(workflow, replace(given, facts=(fact,), requeue_after_seconds=again))


def waiting_plan(
    workflow: Workflow, reason: str, message: str, now: datetime, *, after_seconds: float
) -> Plan:
    """Return the plan for something that does not answer, or is not there yet."""
    if owes_budget(workflow):
        # It has ended, whatever keeps its budget from being released.
        return plan.Plan(requeue_after_seconds=after_seconds)
    phase = workflow.status.phase or WorkflowPhase.PENDING
    if phase is WorkflowPhase.RUNNING and not any(map(_is_at_work, workflow.status.tasks)):
        phase = WorkflowPhase.WAITING
    given: Plan = plan.waiting_plan(
        workflow, reason, message, now, after_seconds=after_seconds, phase=phase
    )
    return told_of_control(workflow, given)


def _is_at_work(task: TaskStatus) -> bool:
    return task.phase is TaskPhase.RUNNING and task.child is not None and bool(task.child.uid)


def told_of_control(workflow: Workflow, given: Plan) -> Plan:
    """Have a plan say that the user halted the workflow or let it go on, where that is news."""
    suspended = workflow.spec.suspend
    if given.status is None or suspended == workflow.status.suspended:
        return given
    about = Facts(workflow, run_of(workflow))
    # What begins is said to before it is halted.
    facts = (*given.facts, about.suspended()) if suspended else (about.resumed(), *given.facts)
    update = {"suspended": suspended}
    return replace(
        given,
        facts=facts,
        intent=given.intent and given.intent.model_copy(update=update),
        status=given.status.model_copy(update=update),
    )


def board_plan(board: Board, *, begins: bool, frozen: str = "") -> Plan:
    """Return the plan that carries out what happened on the board."""
    workflow, now = board.workflow, board.now
    ended = not any(each.phase in LIVE for each in board.tasks.values())
    state, phase = _end(board) if ended else _at_work(board, frozen)
    fields: dict[str, object] = {
        "phase": phase,
        "tasks": tuple(board.tasks.values()),
        "cost": board.cost(),
        "handled_retry": board.run,
        "policy_bundle": board.pinned,
        "budget_open": _has_used_budget(board),
    }
    if begins:
        trace = Subject(UUID(workflow.metadata.uid)).trace_id
        fields |= {"started_at": now, "finished_at": None, "trace_id": str(trace)}
    if ended:
        fields["finished_at"] = now
    status = with_state(workflow, state, now, **fields)
    facts = [*board.facts, *_end_facts(board, state, phase)] if ended else board.facts
    starts = any(isinstance(each, StartTask) for each in board.actions)
    return plan.Plan(
        facts=tuple(facts),
        # What is created must be known to be ours before it is.
        intent=status if starts and _knows_more(status, workflow.status) else None,
        actions=tuple(sorted(board.actions, key=lambda each: _needs_budget(board, each))),
        status=status,
        transition=_transition(workflow, state, ended=ended),
        requeue_after_seconds=0 if ended and status.budget_open else None,
    )


def _has_used_budget(board: Board) -> bool:
    """Return whether anything began that has the budget set aside."""
    if board.workflow.spec.budget is None:
        return False
    return any(
        each.attempt and takes_budget(board.spec_of(each.name)) for each in board.tasks.values()
    )


def _needs_budget(board: Board, action: Action) -> bool:
    """Return whether an action waits for the wallet: others are not kept waiting by it."""
    return isinstance(action, StartTask) and takes_budget(board.spec_of(action.task))


def _knows_more(status: WorkflowStatus, before: WorkflowStatus) -> bool:
    """Return whether a status says more than how people are told of it.

    While what starts has to wait (for funds, or a service), the conditions say so between two
    tries, and another try is no news.
    """
    said = {each: getattr(before, each) for each in ("conditions", "phase", "observed_generation")}
    return status.model_copy(update=said) != before


def _transition(workflow: Workflow, state: State, *, ended: bool) -> Transition | None:
    before = next((each.reason for each in workflow.status.conditions), "")
    if not ended and before == state.reason:
        return None
    failed = state.standing is conditions.Standing.STALLED
    return Transition(state.reason, state.message, warning=failed)


def _at_work(board: Board, frozen: str) -> tuple[State, WorkflowPhase]:
    spec = board.workflow.spec
    done = len(board.in_phase(TaskPhase.SUCCEEDED))
    running = board.in_phase(TaskPhase.RUNNING)
    asked = [each for each in running if _asks(board, each)]
    counted = f"{done} of {len(board.tasks)} tasks are done"
    if spec.suspend and spec.shutdown is None:
        still = f"; still at work: {_names(running)}" if running else ""
        return conditions.suspended(f"spec.suspend is true: {counted}{still}"), (
            WorkflowPhase.SUSPENDED
        )
    if frozen:
        still = f"; still at work: {_names(running)}" if running else ""
        state = conditions.working(CommonReason.FROZEN, f"{frozen}; {counted}{still}")
        return state, WorkflowPhase.WAITING
    if len(running) > len(asked):
        names = _names([each for each in running if each not in asked])
        state = conditions.working(WorkflowReason.RUNNING, f"{counted}; at work: {names}")
        return state, WorkflowPhase.RUNNING
    if asked:
        message = f"{counted}; waiting for approval: {_names(asked)}"
        state = conditions.working(WorkflowReason.AWAITING_APPROVAL, message)
        return state, WorkflowPhase.WAITING
    short = [
        each
        for each in board.tasks.values()
        if each.phase in LIVE and each.reason == WorkflowReason.BUDGET_EXHAUSTED
    ]
    if short:
        message = f"{counted}; {_names(short)} cannot go on: raise spec.budget.llmCents"
        state = conditions.working(WorkflowReason.BUDGET_EXHAUSTED, message)
        return state, WorkflowPhase.WAITING
    return conditions.working(WorkflowReason.RUNNING, counted), WorkflowPhase.RUNNING


def _asks(board: Board, task: TaskStatus) -> bool:
    waits = task.reason == WorkflowReason.AWAITING_APPROVAL
    return waits or board.spec_of(task.name).approval is not None


def _end(board: Board) -> tuple[State, WorkflowPhase]:
    spec, tasks = board.workflow.spec, board.tasks.values()
    if all(each.phase is TaskPhase.SUCCEEDED for each in tasks):
        message = f"all {len(board.tasks)} tasks succeeded"
        return conditions.ready(WorkflowReason.COMPLETED, message), WorkflowPhase.SUCCEEDED
    if any(each.reason == WorkflowReason.DEADLINE_EXCEEDED for each in tasks):
        message = f"it took longer than spec.deadlineSeconds, which are {spec.deadline_seconds}"
        state = conditions.stalled(WorkflowReason.DEADLINE_EXCEEDED, message)
        return state, WorkflowPhase.FAILED
    if any(each.phase is TaskPhase.CANCELLED for each in tasks):
        reason = (
            WorkflowReason.TERMINATED
            if spec.shutdown is Shutdown.TERMINATE
            else WorkflowReason.STOPPED
        )
        message = "it was shut down; take spec.shutdown away and set spec.retry to go on"
        return conditions.stalled(reason, message), WorkflowPhase.CANCELLED
    failed = board.in_phase(TaskPhase.FAILED)
    shown = "; ".join(
        f"{each.name} ({each.reason}): {each.message}" for each in failed[:FAILURES_SHOWN]
    )
    more = f"; and {len(failed) - FAILURES_SHOWN} more" if len(failed) > FAILURES_SHOWN else ""
    state = conditions.stalled(WorkflowReason.TASKS_FAILED, f"failed: {shown}{more}")
    return state, WorkflowPhase.FAILED


def _end_facts(board: Board, state: State, phase: WorkflowPhase) -> tuple[Fact, ...]:
    cost = board.cost()
    match phase:
        case WorkflowPhase.SUCCEEDED:
            return (board.about.completed(cost),)
        case WorkflowPhase.CANCELLED:
            return (board.about.cancelled(cost),)
        case _:
            return (board.about.failed(state.reason, cost),)


def _names(tasks: Sequence[TaskStatus]) -> str:
    more = " …" if len(tasks) > NAMES_SHOWN else ""
    return ", ".join(each.name for each in tasks[:NAMES_SHOWN]) + more
