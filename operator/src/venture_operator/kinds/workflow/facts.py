"""What decisions about a Workflow leave in the record."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from venture_core.canonical import canonical_json, sha256_hex
from venture_core.events.models import Cost
from venture_core.events.types import task as tasks
from venture_core.events.types import workflow as events

from venture_operator.domain.facts import Fact

if TYPE_CHECKING:
    from venture_core.events.models import EventPayload
    from venture_crds.v1alpha1.meta import ObjectMeta
    from venture_crds.v1alpha1.workflow import Workflow
    from venture_crds.v1alpha1.workflowstatus import Spent, TaskChild, TaskStatus


class Facts:
    """Facts about one Workflow, in a run: the first, or that of a word of `spec.retry`."""

    def __init__(self, workflow: Workflow, run: str) -> None:
        self._workflow = workflow
        self._run = run

    def requested(self, bundle_hash: str) -> Fact:
        """Say that the Workflow was accepted."""
        spec = self._workflow.spec
        budget = Cost(
            cash_cents=spec.budget.cash_cents if spec.budget else 0,
            llm_cents=spec.budget.llm_cents if spec.budget else 0,
        )
        payload = events.WorkflowRequestedV1(
            **_about(self._workflow.metadata),
            bundle_hash=bundle_hash,
            tasks=len(spec.tasks),
            budget=budget,
            retry=self._run,
        )
        return Fact("workflow.run.requested.v1", payload)

    def started(self) -> Fact:
        """Say that its first task may start."""
        payload = events.WorkflowStartedV1(**_about(self._workflow.metadata))
        return self._fact("workflow.run.started.v1", payload)

    def completed(self, cost: Spent) -> Fact:
        """Say that all tasks succeeded."""
        payload = events.WorkflowCompletedV1(**_about(self._workflow.metadata), cost=_cost(cost))
        return self._fact("workflow.run.completed.v1", payload)

    def failed(self, reason: str, cost: Spent) -> Fact:
        """Say why it ended, and not all tasks succeeded."""
        payload = events.WorkflowFailedV1(
            **_about(self._workflow.metadata), cost=_cost(cost), reason=reason
        )
        return self._fact("workflow.run.failed.v1", payload)

    def cancelled(self, cost: Spent) -> Fact:
        """Say that the user shut it down."""
        payload = events.WorkflowCancelledV1(**_about(self._workflow.metadata), cost=_cost(cost))
        return self._fact("workflow.run.cancelled.v1", payload)

    def suspended(self) -> Fact:
        """Say that the user halted it."""
        payload = events.WorkflowSuspendedV1(**_about(self._workflow.metadata))
        return self._fact("workflow.run.suspended.v1", payload)

    def resumed(self) -> Fact:
        """Say that the user let it go on."""
        payload = events.WorkflowResumedV1(**_about(self._workflow.metadata))
        return self._fact("workflow.run.resumed.v1", payload)

    def queued(self, task: TaskStatus) -> Fact:
        """Say that a task is to be run."""
        return self._fact("task.run.queued.v1", tasks.TaskQueuedV1(**self._of(task)))

    def task_started(self, task: TaskStatus, child: TaskChild) -> Fact:
        """Say what does a task's work."""
        payload = tasks.TaskStartedV1(
            **self._of(task), child=tasks.Child(kind=child.kind, name=child.name)
        )
        return self._fact("task.run.started.v1", payload)

    def succeeded(self, task: TaskStatus, cost: Cost) -> Fact:
        """Say that a task is done: its output by digest only, since it may hold anything."""
        digest = None if task.output is None else sha256_hex(canonical_json(task.output))
        payload = tasks.TaskSucceededV1(
            **self._of(task), output_digest=digest and f"sha256:{digest}", cost=cost
        )
        return self._fact("task.run.succeeded.v1", payload)

    def task_failed(self, task: TaskStatus, reason: str, cost: Cost) -> Fact:
        """Say why a task failed for good."""
        payload = tasks.TaskFailedV1(**self._of(task), reason=reason, cost=cost)
        return self._fact("task.run.failed.v1", payload)

    def retrying(self, task: TaskStatus, reason: str, cost: Cost) -> Fact:
        """Say why an attempt failed that another follows."""
        payload = tasks.TaskRetryingV1(**self._of(task), reason=reason, cost=cost)
        return self._fact("task.run.retrying.v1", payload)

    def blocked(self, task: TaskStatus, blocked_by: str) -> Fact:
        """Say which task that it depends on did not succeed."""
        payload = tasks.TaskBlockedV1(**self._of(task), blocked_by=blocked_by)
        return self._fact("task.run.blocked.v1", payload)

    def task_cancelled(self, task: TaskStatus, reason: str, cost: Cost) -> Fact:
        """Say that a task was ended before it was done."""
        payload = tasks.TaskCancelledV1(**self._of(task), reason=reason, cost=cost)
        return self._fact("task.run.cancelled.v1", payload)

    def _of(self, task: TaskStatus) -> dict[str, Any]:
        metadata = self._workflow.metadata
        return {
            "namespace": metadata.namespace,
            "workflow": metadata.name,
            "workflow_uid": UUID(metadata.uid),
            "task": task.name,
            "attempt": task.attempt,
        }

    def _fact(self, event_type: str, payload: EventPayload) -> Fact:
        # A later run says the same of what it runs again.
        return Fact(event_type, payload, occasion=self._run)


def _cost(spent: Spent) -> Cost:
    return Cost(cash_cents=spent.cash_cents, llm_cents=spent.llm_cents)


def _about(metadata: ObjectMeta) -> dict[str, Any]:
    return {
        "namespace": metadata.namespace,
        "name": metadata.name,
        "uid": UUID(metadata.uid),
        "generation": metadata.generation,
    }
