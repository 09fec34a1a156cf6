"""Approvals for the operator's loop."""

from typing import TYPE_CHECKING, Final
from uuid import UUID

from venture_core.kubernetes.errors import NotFoundError
from venture_core.kubernetes.resources import Resource
from venture_crds.resource import GROUP
from venture_crds.v1alpha1.approval import Approval, ApprovalPhase

from venture_operator.domain.conditions import Standing
from venture_operator.domain.facts import Subject
from venture_operator.domain.plan import stalled_plan, waiting_plan
from venture_operator.kinds.approval.decide import Observed, Target, decide

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from enum import StrEnum

    from venture_core.kubernetes.client import Body, KubernetesClient
    from venture_crds.v1alpha1.approval import ApprovalStatus, TargetRef
    from venture_crds.v1alpha1.meta import ObjectMeta

    from venture_operator.domain.facts import Fact
    from venture_operator.kinds.approval.decide import ApprovalPlan

TARGETS: Final = {
    "MoneyIntent": Resource(GROUP, "v1alpha1", "moneyintents", "MoneyIntent"),
    "Workflow": Resource(GROUP, "v1alpha1", "workflows", "Workflow"),
}


class ApprovalService:
    """What is special about Approvals (see `services.reconciler.Service`)."""

    def __init__(self, client: KubernetesClient) -> None:
        self._client = client

    def subject(self, metadata: ObjectMeta) -> Subject:
        """Return the approval itself."""
        return Subject(UUID(metadata.uid))

    def phase(self, work: Approval, standing: Standing) -> StrEnum:
        """Return the phase for people."""
        del work
        return ApprovalPhase.VOID if standing is Standing.STALLED else ApprovalPhase.GIVEN

    def waiting(
        self, work: Approval, reason: str, message: str, after_seconds: float, now: datetime
    ) -> ApprovalPlan:
        """Return the plan for what does not answer."""
        return waiting_plan(work, reason, message, now, after_seconds=after_seconds)

    def stalled(self, work: Approval, reason: str, message: str, now: datetime) -> ApprovalPlan:
        """Return the plan for what cannot count."""
        return stalled_plan(work, reason, message, now, phase=ApprovalPhase.VOID)

    async def decide(self, work: Approval, now: datetime) -> ApprovalPlan:
        """Look for the target, and decide."""
        target = work.spec.target_ref
        try:
            body = await self._client.get(
                TARGETS[target.kind], target.name, work.metadata.namespace
            )
        except NotFoundError:
            body = None
        return decide(Observed(work, None if body is None else _target(body, target)), now)

    async def act(
        self, work: Approval, action: None, status: ApprovalStatus | None, now: datetime
    ) -> ApprovalStatus | None:
        """Do nothing: the target acts."""
        del work, action, now
        return status

    async def gone(self, metadata: ObjectMeta) -> Sequence[Fact]:
        """Record nothing: what was decided by it stands."""
        del metadata
        return ()


def _target(body: Body, reference: TargetRef) -> Target:
    """Return what matters of an object, or of a task of it."""
    status = body.get("status", {})
    asking = status
    if reference.task_name is not None:
        tasks = status.get("tasks", [])
        asking = next((each for each in tasks if each["name"] == reference.task_name), {})
    requester = body["spec"].get("requester") or {}
    return Target(
        uid=body["metadata"]["uid"],
        digest=asking.get("targetDigest"),
        requester=requester.get("user", ""),
    )
