"""Where all tasks of a Workflow stand while it is decided what is next: the moves they make.

Pure: moves change the board, which a decision makes anew each time, and note what they mean.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from venture_core.canonical import canonical_json
from venture_core.events.models import Cost
from venture_core.workflows.graph import descendants
from venture_crds.v1alpha1.reasons import CommonReason
from venture_crds.v1alpha1.workflowstatus import (
    OUTPUTS_MAX_BYTES,
    TASK_MESSAGE_MAX,
    Spent,
    TaskApprovals,
    TaskChild,
    TaskPhase,
    TaskStatus,
    WorkflowReason,
)

from venture_operator.domain.backoff import after_failed_job
from venture_operator.kinds.workflow.childobject import APPROVAL, child_kind, child_of
from venture_operator.kinds.workflow.facts import Facts
from venture_operator.kinds.workflow.outcome import Done, Exhausted, Failed, Working

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from pydantic import JsonValue
    from venture_crds.v1alpha1.policyref import PinnedBundle
    from venture_crds.v1alpha1.workflow import Workflow
    from venture_crds.v1alpha1.workflowtask import Task

    from venture_operator.domain.facts import Fact
    from venture_operator.kinds.workflow.costs import Costs
    from venture_operator.kinds.workflow.outcome import Outcome

LIVE: Final = frozenset({TaskPhase.QUEUED, TaskPhase.RUNNING, TaskPhase.RETRYING})
"""Phases of tasks that have not come to an end."""
UNDONE: Final = frozenset({TaskPhase.FAILED, TaskPhase.CANCELLED, TaskPhase.BLOCKED})
"""Phases that a retry of the workflow runs again."""
WAITING: Final = frozenset({TaskPhase.QUEUED, TaskPhase.RETRYING})


@dataclass(frozen=True, slots=True)
class StartTask:
    """Create the child of a task's attempt; it may exist already."""

    task: str


@dataclass(frozen=True, slots=True)
class EndChild:
    """Delete what does a task's work."""

    child: TaskChild


@dataclass(frozen=True, slots=True)
class Expire:
    """Delete the workflow itself: its time after the end is over."""


@dataclass(frozen=True, slots=True)
class Release:
    """Give back what the workflow has set aside and did not spend, and end its leave to spend."""


type Action = StartTask | EndChild | Expire | Release


@dataclass(slots=True)
class Board:
    """The tasks of one Workflow by name, in the order of its spec, and what their moves mean."""

    workflow: Workflow
    run: str
    """The word of `spec.retry` that the present run answers; empty for the first."""
    now: datetime
    tasks: dict[str, TaskStatus]
    pinned: PinnedBundle | None = None
    """The bundle that governs."""
    frozen: bool = False
    """Whether a Freeze holds, by which agents that run are refused what they ask for."""
    costs: Costs | None = None
    """What the treasury says; None where nothing is known that the status does not say."""
    facts: list[Fact] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Take over what the tasks have cost."""
        known = self.costs.tasks if self.costs else {}
        for task in list(self.tasks.values()):
            if task.name in known:
                self._put(task, cost_cents=known[task.name])

    @property
    def about(self) -> Facts:
        """The facts of this run."""
        return Facts(self.workflow, self.run)

    def spec_of(self, name: str) -> Task:
        """Return what a task is."""
        return next(each for each in self.workflow.spec.tasks if each.name == name)

    def after(self, names: Collection[str]) -> frozenset[str]:
        """Return the tasks that depend on any of these, through others too."""
        return descendants(names, {each.name: each for each in self.workflow.spec.tasks})

    def in_phase(self, *phases: TaskPhase) -> list[TaskStatus]:
        """Return the tasks that stand there."""
        return [each for each in self.tasks.values() if each.phase in phases]

    def queue(self, task: TaskStatus) -> None:
        """Have a task run, at first or again; what it has cost stays."""
        queued = self._put(
            TaskStatus(
                name=task.name,
                phase=TaskPhase.QUEUED,
                attempt=task.attempt,
                cost_cents=task.cost_cents,
            )
        )
        self.facts.append(self.about.queued(queued))

    def start(self, task: TaskStatus, cap_cents: int) -> None:
        """Begin the next attempt of a task, which may cost so much."""
        attempt = task.attempt + 1
        child = TaskChild(
            kind=child_kind(self.spec_of(task.name)),
            name=child_of(self.workflow, task.name, attempt),
        )
        started = self._put(
            task,
            phase=TaskPhase.RUNNING,
            attempt=attempt,
            child=child,
            cap_cents=cap_cents,
            started_at=self.now,
            finished_at=None,
            retry_at=None,
            reason=None,
            message="",
        )
        self.facts.append(self.about.task_started(started, child))
        self.actions.append(StartTask(task.name))

    def start_again(self, task: TaskStatus) -> None:
        """Create what an attempt should have that began before: we died, or were refused."""
        self.actions.append(StartTask(task.name))

    def settle(self, task: TaskStatus, outcome: Outcome) -> None:
        """Take over what the child of a running task says."""
        if not isinstance(outcome, Working) and outcome.transcript is not None:
            task = self._put(task, transcript=outcome.transcript)
        match outcome:
            case Working():
                self._wait(task, outcome)
            case Done():
                self._succeed(task, outcome)
            case Exhausted(at):
                self._exhaust(task, at)
            case Failed():
                self.fail(task, outcome)

    def fail(self, task: TaskStatus, failure: Failed) -> None:
        """End an attempt that failed: another follows, where that may help and is left.

        A Freeze that is seen to hold costs none: it is no failure of the task.
        """
        counts = not (self.frozen and failure.reason == CommonReason.FROZEN)
        failures = task.failures + counts
        at = failure.at or self.now
        left = failures <= self.spec_of(task.name).retries.limit or not counts
        again = failure.may_pass and left
        ended = self._put(
            task,
            phase=TaskPhase.RETRYING if again else TaskPhase.FAILED,
            failures=failures,
            reason=failure.reason,
            message=cut(failure.message),
            finished_at=at,
            retry_at=at + timedelta(seconds=after_failed_job(failures or 1)) if again else None,
            cap_cents=0,
        )
        say = self.about.retrying if again else self.about.task_failed
        self.facts.append(say(ended, failure.reason, self.cost_of(ended)))

    def cancel(self, task: TaskStatus, reason: WorkflowReason) -> None:
        """End a task before it is done, and what does its work."""
        self.end_child(task)
        ended = self._put(
            task,
            phase=TaskPhase.CANCELLED,
            reason=reason,
            message="",
            finished_at=self.now,
            retry_at=None,
            cap_cents=0,
        )
        self.facts.append(self.about.task_cancelled(ended, reason, self.cost_of(ended)))

    def end_child(self, task: TaskStatus) -> None:
        """Delete what does the work of a running task; an approval has nothing to delete."""
        if task.phase is TaskPhase.RUNNING and task.child and task.child.kind != APPROVAL:
            self.actions.append(EndChild(task.child))

    def block(self, task: TaskStatus, blocked_by: str) -> None:
        """Have a task wait in vain for one that it depends on."""
        blocked = self._put(
            task, phase=TaskPhase.BLOCKED, message=f"{blocked_by} did not succeed", reason=None
        )
        self.facts.append(self.about.blocked(blocked, blocked_by))

    def hold_back(self, task: TaskStatus, reason: WorkflowReason, message: str) -> None:
        """Say why a task that could start does not."""
        self._put(task, reason=reason, message=cut(message))

    def cost(self) -> Spent:
        """Return what the workflow has cost so far."""
        return self.costs.whole if self.costs else self.workflow.status.cost or Spent()

    def cost_of(self, task: TaskStatus) -> Cost:
        """Return what a task has cost so far: out of its intents, or for its model."""
        cost = task.cost_cents
        if self.spec_of(task.name).money is not None:
            return Cost(cash_cents=cost, llm_cents=0)
        return Cost(cash_cents=0, llm_cents=cost)

    def llm_cents_left(self) -> int:
        """Return what is left of the budget for models, beside what running agents may use."""
        budget = self.workflow.spec.budget
        promised = sum(each.cap_cents for each in self.in_phase(TaskPhase.RUNNING))
        return (budget.llm_cents if budget else 0) - self.cost().llm_cents - promised

    def _wait(self, task: TaskStatus, outcome: Working) -> None:
        message, asked = cut(outcome.message), outcome.asked
        if asked is None:
            self._put(task, reason=outcome.reason, message=message, target_digest=None)
            return
        self._put(
            task,
            reason=WorkflowReason.AWAITING_APPROVAL,
            message=message,
            target_digest=asked.digest,
            approvals=TaskApprovals(required=asked.required, granted=len(asked.by), by=asked.by),
        )

    def _succeed(self, task: TaskStatus, done: Done) -> None:
        outputs = [each.output for each in self.tasks.values() if each.output is not None]
        if sum(map(_size, outputs)) + _size(done.output) > OUTPUTS_MAX_BYTES:
            message = f"the outputs of all tasks may have {OUTPUTS_MAX_BYTES} bytes together"
            reason = WorkflowReason.OUTPUT_TOO_LARGE
            self.fail(task, Failed(reason, message, done.at))
            return
        ended = self._put(
            task,
            phase=TaskPhase.SUCCEEDED,
            output=dict(done.output),
            reason=None,
            message="",
            finished_at=done.at,
            cap_cents=0,
            target_digest=None,
        )
        self.facts.append(self.about.succeeded(ended, self.cost_of(ended)))

    def _exhaust(self, task: TaskStatus, at: datetime) -> None:
        """End an attempt whose budget was too small; the next one needs more than was left."""
        own, spent = agent_cap(self.spec_of(task.name)), task.cost_cents
        reason = WorkflowReason.BUDGET_EXHAUSTED
        ended = self._put(
            task,
            phase=TaskPhase.RETRYING,
            reason=reason,
            message="",
            finished_at=at,
            retry_at=at,
            cap_cents=0,
        )
        left = max(0, self.llm_cents_left())
        if own is not None and own - spent <= left:
            message = f"the task's own llmCents are {own}, and {spent} are spent: it needs more"
            self.fail(ended, Failed(reason, message, at))
            return
        ended = self._put(ended, needs_cents=left)
        self.facts.append(self.about.retrying(ended, reason, self.cost_of(ended)))

    def _put(self, task: TaskStatus, **changes: object) -> TaskStatus:
        changed = task.model_copy(update=changes)
        self.tasks[task.name] = changed
        return changed


def _size(output: Mapping[str, JsonValue]) -> int:
    return len(canonical_json(output))


def cut(sentence: str) -> str:
    """Return as much of a sentence as a task's status may hold."""
    return sentence.encode()[:TASK_MESSAGE_MAX].decode(errors="ignore")


def agent_cap(task: Task) -> int | None:
    """Return the most that all attempts of an agent may cost, None where only the budget bounds."""
    return task.agent.llm_cents if task.agent is not None else None
