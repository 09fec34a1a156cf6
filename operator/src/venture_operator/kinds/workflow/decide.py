"""What to do about a Workflow: `decide(observed, now) -> Plan`.

All that has to be remembered stands in the status. Killed anywhere and asked again with what can be
observed then, a decision arrives at the same children, each created once.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from venture_core.workflows.checks import check
from venture_crds.v1alpha1.reasons import CommonReason
from venture_crds.v1alpha1.workflowstatus import (
    Shutdown,
    TaskPhase,
    TaskStatus,
    WorkflowReason,
)

from venture_operator.domain import plan, retrying
from venture_operator.domain.conditions import has_ended
from venture_operator.domain.plan import first_opinion, seen
from venture_operator.kinds.workflow.admitted import PROBLEMS_SHOWN, approved, obstacle
from venture_operator.kinds.workflow.board import LIVE, UNDONE, WAITING, Board, Expire, Release
from venture_operator.kinds.workflow.outcome import Failed, Working
from venture_operator.kinds.workflow.plans import (
    NO_BUNDLE_HASH,
    Plan,
    board_plan,
    owes_budget,
    stalled_plan,
    told_of_control,
)
from venture_operator.kinds.workflow.starting import block_the_hopeless, start_what_can

if TYPE_CHECKING:
    from collections.abc import Mapping

    from venture_core.approvals import Standing
    from venture_core.policy.admission import Admission
    from venture_crds.v1alpha1.policyref import PinnedBundle
    from venture_crds.v1alpha1.workflow import Workflow

    from venture_operator.kinds.workflow.costs import Costs
    from venture_operator.kinds.workflow.outcome import Outcome

LONGEST_TIMER_SECONDS: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Observed:
    """All that a decision depends on.

    `outcomes` are those of the children of running tasks, by task. Of a child that is not there,
    or is not the one that was created, there is none.
    """

    workflow: Workflow
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    costs: Costs | None = None
    """What the treasury says that was spent; None where it was not asked, or does not answer."""
    admission: Admission | None = None
    """What the policy says to a workflow that begins; None once it was decided."""
    standing: Standing | None = None
    """What people say, of one that may not begin without them."""
    frozen: str = ""
    """Why nothing may start, where a freeze says so."""
    killed: bool = False
    """Whether the freeze ends agents that run, too."""


def decide(observed: Observed, now: datetime) -> Plan:
    """Return what to do next; an empty plan means: nothing until something changes."""
    given = first_opinion(_RULES, observed, now)
    return told_of_control(observed.workflow, given)


def wants_rerun(workflow: Workflow) -> bool:
    """Return whether `spec.retry` asks for another run, and nothing forbids it."""
    return retrying.wants_rerun(workflow) and workflow.spec.shutdown is None


def is_finished(workflow: Workflow) -> bool:
    """Return whether the work ended, and no other run of it is wanted."""
    return has_ended(workflow.status) and not wants_rerun(workflow)


def is_settled(workflow: Workflow) -> bool:
    """Return whether no task matters any more; what is set aside may have to be released."""
    return is_finished(workflow) or owes_budget(workflow)


def _rule_released(observed: Observed, now: datetime) -> Plan | None:
    """Give back what a run that ended did not spend, before another may begin."""
    del now
    workflow = observed.workflow
    if not owes_budget(workflow):
        return None
    released = workflow.status.model_copy(update={"budget_open": False})
    return plan.Plan(actions=(Release(),), status=released, requeue_after_seconds=0)


def _rule_finished(observed: Observed, now: datetime) -> Plan | None:
    workflow = observed.workflow
    if not is_finished(workflow):
        return None
    left = retrying.seconds_to_live(workflow, workflow.status, None, now)
    if left == 0:
        return plan.Plan(actions=(Expire(),))
    again = None if left is None else min(left, LONGEST_TIMER_SECONDS)
    settled = workflow.status.observed_generation == workflow.metadata.generation
    return plan.Plan(status=None if settled else seen(workflow), requeue_after_seconds=again)


def _rule_invalid(observed: Observed, now: datetime) -> Plan | None:
    workflow = observed.workflow
    if workflow.status.tasks:
        # Checked when it began; what matters of the spec cannot change.
        return None
    problems = check(workflow.spec)
    if not problems:
        return None
    shown = " · ".join(map(str, problems[:PROBLEMS_SHOWN]))
    more = len(problems) - PROBLEMS_SHOWN
    message = shown + (f" · and {more} more" if more > 0 else "")
    return stalled_plan(workflow, WorkflowReason.INVALID_WORKFLOW, message, now)


def _rule_admitted(observed: Observed, now: datetime) -> Plan | None:
    return obstacle(observed.workflow, observed.admission, observed.standing, now)


def _rule_advance(observed: Observed, now: datetime) -> Plan | None:
    workflow = approved(observed.workflow, observed.standing)
    begins = not workflow.status.tasks or wants_rerun(workflow)
    board = Board(
        workflow,
        run=workflow.spec.retry if begins else workflow.status.handled_retry,
        now=now,
        tasks={each.name: each for each in workflow.status.tasks},
        pinned=_pinned(observed),
        frozen=bool(observed.frozen),
        costs=observed.costs,
    )
    if begins:
        _begin(board)
    _settle(board, observed.outcomes)
    if observed.killed:
        _kill(board)
    _shut_down(board, begins=begins)
    block_the_hopeless(board)
    if not (workflow.spec.suspend or workflow.spec.shutdown or observed.frozen):
        start_what_can(board)
    given = board_plan(board, begins=begins, frozen=observed.frozen)
    if given.status is None or has_ended(given.status):
        return given
    return replace(given, requeue_after_seconds=_look_again(board, observed.outcomes, begins))


_RULES: Final = (
    _rule_released,
    _rule_finished,
    _rule_invalid,
    _rule_admitted,
    _rule_advance,
)


def _begin(board: Board) -> None:
    """Queue all tasks, or those of an earlier run that did not succeed."""
    workflow = board.workflow
    board.facts.append(board.about.requested(board.pinned.hash if board.pinned else NO_BUNDLE_HASH))
    known = board.tasks
    again = _to_ask_again(board)
    board.tasks = {
        each.name: known.get(each.name, TaskStatus(name=each.name, phase=TaskPhase.QUEUED))
        for each in workflow.spec.tasks
    }
    for task in list(board.tasks.values()):
        if task.name not in known or task.phase in UNDONE or task.name in again:
            board.queue(task)
    board.facts.append(board.about.started())


def _to_ask_again(board: Board) -> frozenset[str]:
    """Return the money tasks whose leave ended with the run before, and is needed once more."""
    if not has_ended(board.workflow.status):
        return frozenset()
    undone = {each.name for each in board.in_phase(*UNDONE)}
    granted = (
        each for each in board.in_phase(TaskPhase.SUCCEEDED) if board.spec_of(each.name).money
    )
    return frozenset(each.name for each in granted if undone & board.after((each.name,)))


def _pinned(observed: Observed) -> PinnedBundle | None:
    """Return the bundle that governs to the end: the one that did when the workflow began."""
    if observed.admission is None:
        return observed.workflow.status.policy_bundle
    return observed.admission.pin


def _settle(board: Board, outcomes: Mapping[str, Outcome]) -> None:
    """Take over what the children of running tasks say."""
    for task in board.in_phase(TaskPhase.RUNNING):
        outcome = outcomes.get(task.name)
        if outcome is not None:
            board.settle(task, _in_time(board, task, outcome))
        elif task.child is None or not task.child.uid:
            board.start_again(task)
        else:
            message = f"{task.child.kind} {task.child.name} was deleted before it ended"
            reason = WorkflowReason.CHILD_DELETED
            board.fail(task, Failed(reason, message, may_pass=True))


def _in_time(board: Board, task: TaskStatus, outcome: Outcome) -> Outcome:
    """Return the outcome, or that the attempt took too long."""
    if not isinstance(outcome, Working) or outcome.since is None:
        return outcome
    seconds = board.spec_of(task.name).timeout_seconds
    due = outcome.since + timedelta(seconds=seconds)
    if board.now < due:
        return outcome
    board.end_child(task)
    return Failed(WorkflowReason.TIMEOUT, f"it ran longer than {seconds} s", due, may_pass=True)


def _kill(board: Board) -> None:
    """End the agents that run; another attempt follows when the freeze is lifted."""
    for task in board.in_phase(TaskPhase.RUNNING):
        if board.spec_of(task.name).agent is not None:
            board.end_child(task)
            message = "a freeze ended it"
            board.fail(task, Failed(CommonReason.FROZEN, message, board.now, may_pass=True))


def _shut_down(board: Board, *, begins: bool) -> None:
    """End what the user, or the deadline, wants ended."""
    shutdown = board.workflow.spec.shutdown
    if board.now >= _deadline(board, begins=begins):
        for task in board.in_phase(*LIVE):
            board.cancel(task, WorkflowReason.DEADLINE_EXCEEDED)
    elif shutdown is Shutdown.TERMINATE:
        for task in board.in_phase(*LIVE):
            board.cancel(task, WorkflowReason.TERMINATED)
    elif shutdown is Shutdown.STOP:
        for task in board.in_phase(*WAITING):
            board.cancel(task, WorkflowReason.STOPPED)


def _deadline(board: Board, *, begins: bool) -> datetime:
    started = board.now if begins else board.workflow.status.started_at or board.now
    return started + timedelta(seconds=board.workflow.spec.deadline_seconds)


def _look_again(board: Board, outcomes: Mapping[str, Outcome], begins: bool) -> float:
    """Return in how many seconds something is due, whatever happens until then."""
    due = [_deadline(board, begins=begins)]
    if not board.workflow.spec.suspend:
        pauses = (each.retry_at for each in board.in_phase(TaskPhase.RETRYING))
        due += [each for each in pauses if each is not None and each > board.now]
    for task in board.in_phase(TaskPhase.RUNNING):
        outcome = outcomes.get(task.name)
        if outcome is None and board.spec_of(task.name).approval is not None:
            # What people are asked is said at the next look, and no event of a child brings it.
            due.append(board.now)
        if isinstance(outcome, Working) and outcome.due is not None:
            due.append(outcome.due)
        if isinstance(outcome, Working) and outcome.since is not None:
            due.append(outcome.since + timedelta(seconds=board.spec_of(task.name).timeout_seconds))
    left = (min(due) - board.now).total_seconds()
    return max(0.0, min(left, LONGEST_TIMER_SECONDS))
