"""Observe a Workflow, decide, act."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol
from uuid import UUID

import structlog
from venture_crds.v1alpha1.policybundle import Governed
from venture_crds.v1alpha1.workflowstatus import TaskPhase, WorkflowPhase, WorkflowStatus

from venture_operator import metrics
from venture_operator.domain.conditions import Standing
from venture_operator.domain.facts import Subject
from venture_operator.domain.references import Reference
from venture_operator.errors import WaitingError
from venture_operator.kinds.workflow import plans
from venture_operator.kinds.workflow.board import Board, EndChild, Expire, Release, StartTask
from venture_operator.kinds.workflow.childobject import JOB
from venture_operator.kinds.workflow.decide import (
    Observed,
    decide,
    is_settled,
    wants_rerun,
)
from venture_operator.kinds.workflow.errors import RefusedError
from venture_operator.kinds.workflow.outcome import Failed, Outcome, Working
from venture_operator.services.admission import request_of
from venture_operator.services.turns import Share

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from enum import StrEnum

    from venture_core.freezes import Freezes
    from venture_core.policy.admission import Admission
    from venture_crds.v1alpha1.meta import ObjectMeta
    from venture_crds.v1alpha1.workflow import Workflow
    from venture_crds.v1alpha1.workflowstatus import TaskStatus
    from venture_crds.v1alpha1.workflowtask import Task

    from venture_operator.domain.facts import Fact
    from venture_operator.kinds.workflow.agents import Agents
    from venture_operator.kinds.workflow.asking import Asking
    from venture_operator.kinds.workflow.board import Action
    from venture_operator.kinds.workflow.budgets import Budgets
    from venture_operator.kinds.workflow.costs import Costs
    from venture_operator.kinds.workflow.ownobjects import OwnObjects
    from venture_operator.kinds.workflow.plans import Plan
    from venture_operator.services.admission import Admitting
    from venture_operator.services.turns import Turns
    from venture_operator.storage.objects import Objects
    from venture_operator.storage.record import Record

type Body = dict[str, Any]

KIND: Final = "Workflow"


@dataclass(frozen=True, slots=True)
class Place:
    """The place of an agent's Job among those that may run."""

    namespace: str
    workflow: str
    job: str


log = structlog.get_logger(__name__)


class Doer(Protocol):
    """What has tasks of one kind done."""

    async def outcome(
        self, workflow: Workflow, task: Task, status: TaskStatus, now: datetime
    ) -> Outcome | None:
        """Return what the child of a task says; None where it is not there, or is another."""

    async def create(
        self, workflow: Workflow, task: Task, status: WorkflowStatus, name: str
    ) -> Body:
        """Create the child of a task, or find it created before. Raises RefusedError."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What the service works with."""

    workflows: Objects
    doers: Mapping[str, Doer]
    """By the kind of the child; people do approvals."""
    own: Mapping[str, OwnObjects]
    """The children in the namespace of their Workflow, by kind."""
    agents: Agents
    budgets: Budgets
    asking: Asking
    freezes: Freezes
    turns: Turns[Place]
    record: Record
    admitting: Admitting
    wake: Callable[[Reference], None]


class WorkflowService:
    """What is special about Workflows (see `services.reconciler.Service`)."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def subject(self, metadata: ObjectMeta) -> Subject:
        """Return the workflow: all of its events have one chain."""
        return Subject(UUID(metadata.uid))

    def phase(self, work: Workflow, standing: Standing) -> StrEnum:
        """Return the phase for people."""
        return {
            Standing.WORKING: work.status.phase or WorkflowPhase.PENDING,
            Standing.SUSPENDED: WorkflowPhase.SUSPENDED,
            Standing.STALLED: WorkflowPhase.FAILED,
            Standing.READY: WorkflowPhase.SUCCEEDED,
        }[standing]

    def waiting(
        self, work: Workflow, reason: str, message: str, after_seconds: float, now: datetime
    ) -> Plan:
        """Return the plan for what is not there yet."""
        return plans.waiting_plan(work, reason, message, now, after_seconds=after_seconds)

    def stalled(self, work: Workflow, reason: str, message: str, now: datetime) -> Plan:
        """Return the plan for what only the user can mend."""
        return plans.stalled_plan(work, reason, message, now)

    async def decide(self, work: Workflow, now: datetime) -> Plan:
        """Observe the children of running tasks, and decide."""
        outcomes: dict[str, Outcome] = {}
        if is_settled(work):
            return decide(Observed(work), now)
        for task in work.status.tasks:
            outcome = await self._outcome(work, task, now)
            if outcome is not None:
                outcomes[task.name] = outcome
        judged = bool(work.status.tasks or (work.status.decision and not wants_rerun(work)))
        frozen = self._tools.freezes.standing(work.metadata.namespace)
        seen = Observed(
            work,
            outcomes,
            costs=await self._costs(work, outcomes),
            admission=None if judged else await self._admission(work, now),
            standing=self._tools.asking.to_begin(work, now) if judged else None,
            frozen=frozen.sentence if frozen else "",
            killed=frozen is not None and frozen.is_kill,
        )
        return self._in_turn(work, decide(seen, now))

    async def act(
        self, work: Workflow, action: Action, status: WorkflowStatus | None, now: datetime
    ) -> WorkflowStatus | None:
        """Carry out one action."""
        tools, metadata = self._tools, work.metadata
        match action:
            case StartTask(name):
                if status is None:
                    raise AssertionError("plans that start tasks carry a status")
                return await self._start(work, name, status, now)
            case EndChild(child) if child.kind == JOB:
                await tools.agents.delete(child)
            case EndChild(child):
                await tools.own[child.kind].delete(metadata.namespace, child)
            case Release():
                await tools.budgets.release(metadata.uid)
            case Expire():
                await tools.workflows.delete(metadata.namespace, metadata.name, metadata.uid)
        return status

    async def gone(self, metadata: ObjectMeta) -> Sequence[Fact]:
        """End the agents of a deleted workflow; other children go by their owner references."""
        agents = self._tools.agents
        for job in await agents.children.jobs_of(metadata.uid):
            name = job["metadata"]["name"]
            self._tools.turns.leave(_place(metadata, name))
            await agents.children.delete_job(name)
        await self._tools.budgets.release(metadata.uid)
        return ()

    async def _admission(self, work: Workflow, now: datetime) -> Admission:
        spec = work.spec
        asked = request_of(Governed.WORKFLOW, work.metadata, spec.to_json(), spec.requester, now)
        return await self._tools.admitting.judge(asked)

    async def _costs(self, work: Workflow, outcomes: Mapping[str, Outcome]) -> Costs | None:
        """Ask the treasury while agents run; none is taken to have ended whose cost is unknown."""
        agents = [
            outcomes.get(each.name)
            for each in work.status.tasks
            if each.phase is TaskPhase.RUNNING and each.child and each.child.kind == JOB
        ]
        if not agents:
            return None
        try:
            return await self._tools.budgets.costs(work)
        except WaitingError:
            if work.spec.shutdown is None and not all(isinstance(e, Working) for e in agents):
                raise
            return None

    def _in_turn(self, work: Workflow, plan: Plan) -> Plan:
        """Take note of the agents that run, and give back the places of those that do not."""
        turns, metadata = self._tools.turns, work.metadata
        running = {
            each.child.name
            for each in (plan.status or work.status).tasks
            if each.phase is TaskPhase.RUNNING and each.child and each.child.kind == JOB
        }
        shares = {each.name: Share(each.agent.role) for each in work.spec.tasks if each.agent}
        for task in work.status.tasks:
            if task.child is None or task.child.kind != JOB:
                continue
            place = _place(metadata, task.child.name)
            if task.child.name not in running:
                turns.leave(place)
            elif task.child.uid:
                turns.occupy(place, metadata.namespace, shares.get(task.name))
        return plan

    async def _outcome(self, work: Workflow, task: TaskStatus, now: datetime) -> Outcome | None:
        if task.phase is not TaskPhase.RUNNING or task.child is None:
            return None
        spec = next(each for each in work.spec.tasks if each.name == task.name)
        if spec.approval is not None:
            return self._tools.asking.outcome(work, spec, task, now)
        return await self._tools.doers[task.child.kind].outcome(work, spec, task, now)

    async def _start(
        self, work: Workflow, name: str, status: WorkflowStatus, now: datetime
    ) -> WorkflowStatus:
        """Create the child of a task, and know it by its uid from now on."""
        task = next(each for each in status.tasks if each.name == name)
        spec = next(each for each in work.spec.tasks if each.name == name)
        if task.child is None:
            raise AssertionError("a task that starts knows its child's name")
        if spec.approval is not None:
            # Nothing is created: people create Approvals.
            return status
        if spec.agent is not None:
            share = await self._tools.agents.share(status, spec.agent)
            metadata = work.metadata
            place = _place(metadata, task.child.name)
            if not self._tools.turns.enter(place, metadata.namespace, share):
                waiting = task.model_copy(update={"message": _turn(share)})
                return _with_task(status, waiting)
        doer = self._tools.doers[task.child.kind]
        try:
            made = await doer.create(work, spec, status, task.child.name)
        except RefusedError as refused:
            return await self._refuse(work, task, status, refused, now)
        except WaitingError:
            if not _has_news(status, work.status):
                raise
            # What started besides is written first; the next look says what this one waits for.
            self._tools.wake(Reference(KIND, work.metadata.namespace, work.metadata.name))
            return status
        metrics.CHILDREN_CREATED.labels(KIND, task.child.kind).inc()
        log.info("task_started", task=name, child=task.child.name, attempt=task.attempt)
        known = task.child.model_copy(update={"uid": made["metadata"]["uid"]})
        return _with_task(status, task.model_copy(update={"child": known}))

    async def _refuse(
        self,
        work: Workflow,
        task: TaskStatus,
        status: WorkflowStatus,
        refused: RefusedError,
        now: datetime,
    ) -> WorkflowStatus:
        """End a task whose child nobody will create; what follows from it is decided next."""
        board = Board(work, status.handled_retry, now, {each.name: each for each in status.tasks})
        board.fail(task, Failed(refused.reason, refused.message, now))
        metadata = work.metadata
        await self._tools.record.append(self.subject(metadata), board.facts, now)
        self._tools.wake(Reference(KIND, metadata.namespace, metadata.name))
        return _with_task(status, board.tasks[task.name])


def _place(metadata: ObjectMeta, job: str) -> Place:
    return Place(metadata.namespace, metadata.name, job)


def _turn(share: Share) -> str:
    bound = f": at most {share.most} of the role {share.name} run at once" if share.most else ""
    return f"it waits for its turn to run{bound}"


def _has_news(status: WorkflowStatus, before: WorkflowStatus) -> bool:
    """Return whether a status knows of children that the one before it does not know of."""
    known = {each.child.uid for each in before.tasks if each.child}
    return any(each.child and each.child.uid not in known | {""} for each in status.tasks)


def _with_task(status: WorkflowStatus, task: TaskStatus) -> WorkflowStatus:
    tasks = tuple(task if each.name == task.name else each for each in status.tasks)
    return status.model_copy(update={"tasks": tasks})
