"""What people are asked by approval tasks, and what they said."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError
from venture_core.approvals import Target, Verdict, count, target_digest
from venture_core.workflows.graph import ancestors
from venture_core.workflows.references import MissingValueError, fill_text
from venture_crds.v1alpha1.approval import Approval
from venture_crds.v1alpha1.workflowstatus import WorkflowReason

from venture_operator.kinds.workflow.admitted import KIND, digest_of
from venture_operator.kinds.workflow.outcome import Asked, Done, Failed, Working
from venture_operator.kinds.workflow.values import values_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from venture_core.approvals import Standing
    from venture_crds.v1alpha1.workflow import Workflow
    from venture_crds.v1alpha1.workflowstatus import TaskStatus
    from venture_crds.v1alpha1.workflowtask import ApprovalTask, Task

    from venture_operator.kinds.workflow.outcome import Outcome
    from venture_operator.storage.watched import WatchedObjects


@dataclass(frozen=True, slots=True)
class Asking:
    """Approval tasks of Workflows."""

    approvals: WatchedObjects

    def outcome(
        self, workflow: Workflow, task: Task, status: TaskStatus, now: datetime
    ) -> Outcome | None:
        """Return what people said to a task; None where it does not ask."""
        question, requester = task.approval, workflow.spec.requester
        if question is None:
            return None
        if requester is None:
            message = "spec.requester is missing: whose word would be their own cannot be told"
            return Failed(WorkflowReason.REQUESTER_UNKNOWN, message, now)
        target = Target(
            uid=workflow.metadata.uid,
            digest=_digest(workflow, task, status.attempt),
            requester=requester.user,
            since=status.started_at or now,
            quorum=question.quorum,
            ttl_seconds=question.ttl_seconds,
            task=task.name,
            groups=frozenset(question.approvers.groups if question.approvers else ()),
        )
        standing = count(self._of(workflow.metadata.namespace), target, now)
        match standing.verdict:
            case Verdict.APPROVED:
                return Done({"decision": "Approve", "approvals": standing.granted}, now)
            case Verdict.DENIED:
                return Failed(
                    WorkflowReason.APPROVAL_DENIED, f"{standing.denied_by} denied it", now
                )
            case Verdict.EXPIRED:
                message = f"nobody decided within {question.ttl_seconds} s"
                return Failed(WorkflowReason.APPROVAL_EXPIRED, message, target.expires_at)
            case Verdict.WAITING:
                asked = Asked(target.digest, standing.required, standing.by)
                message = _question(workflow, question)
                return Working(message, due=target.expires_at, asked=asked)

    def to_begin(self, workflow: Workflow, now: datetime) -> Standing | None:
        """Return what people say to a workflow that the policy lets nobody begin but them."""
        decision, requester = workflow.status.decision, workflow.spec.requester
        if decision is None or requester is None or workflow.status.tasks:
            return None
        target = Target(
            uid=workflow.metadata.uid,
            digest=digest_of(workflow, workflow.status.handled_retry),
            requester=requester.user,
            since=decision.decided_at.replace(microsecond=0),
            quorum=decision.quorum,
            ttl_seconds=decision.ttl_seconds,
        )
        return count(self._of(workflow.metadata.namespace), target, now)

    def _of(self, namespace: str) -> Iterator[Approval]:
        for body in self.approvals.all(namespace):
            try:
                yield Approval.model_validate(body)
            except ValidationError:
                continue


def _digest(workflow: Workflow, task: Task, attempt: int) -> str:
    """Return the digest of what is approved: the workflow, and what came out before the task.

    A retry asks anew.
    """
    before = ancestors(task.name, {each.name: each for each in workflow.spec.tasks})
    outputs = {each.name: each.output for each in workflow.status.tasks if each.name in before}
    uid, spec = workflow.metadata.uid, workflow.spec.to_json()
    return target_digest(KIND, uid, spec, outputs, occasion=str(attempt) if attempt > 1 else "")


def _question(workflow: Workflow, question: ApprovalTask) -> str:
    try:
        return fill_text(question.message, values_of(workflow, workflow.status))
    except MissingValueError, ValueError:
        return question.message
