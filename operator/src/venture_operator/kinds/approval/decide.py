"""What to do about an Approval: record it once, and say whether its target is there."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from venture_core.events.types.control import ApprovalGivenV1
from venture_crds.v1alpha1.approval import (
    Approval,
    ApprovalDecision,
    ApprovalPhase,
    ApprovalReason,
    ApprovalStatus,
)

from venture_operator.domain import conditions, plan
from venture_operator.domain.facts import Fact
from venture_operator.domain.plan import stalled_plan, with_state

if TYPE_CHECKING:
    from datetime import datetime

type ApprovalPlan = plan.Plan[ApprovalStatus, None]


@dataclass(frozen=True, slots=True)
class Observed:
    """All that a decision depends on: `target_uid` is that of the object of the target's name."""

    approval: Approval
    target_uid: str | None


def decide(observed: Observed, now: datetime) -> ApprovalPlan:
    """Return what to do next. Whether it counts, the target decides and says in its own status."""
    approval, target = observed.approval, observed.approval.spec.target_ref
    named = f"{target.kind} {target.name}"
    if observed.target_uid is None:
        reason = ApprovalReason.TARGET_NOT_FOUND
        return stalled_plan(approval, reason, f"there is no {named}", now, phase=ApprovalPhase.VOID)
    if observed.target_uid != target.uid:
        reason = ApprovalReason.TARGET_REPLACED
        message = f"{named} is another object than the one that was decided on"
        return stalled_plan(approval, reason, message, now, phase=ApprovalPhase.VOID)
    state = conditions.ready(ApprovalReason.GIVEN, f"the status of {named} says whether it counts")
    is_new = approval.status.phase is None
    return plan.Plan(
        facts=(_given(approval),) if is_new else (),
        status=with_state(approval, state, now, phase=ApprovalPhase.GIVEN),
    )


def _given(approval: Approval) -> Fact:
    metadata, spec = approval.metadata, approval.spec
    payload = ApprovalGivenV1(
        namespace=metadata.namespace,
        name=metadata.name,
        uid=UUID(metadata.uid),
        target_kind=spec.target_ref.kind,
        target_uid=UUID(spec.target_ref.uid),
        target_digest=spec.target_digest,
        approve=spec.decision is ApprovalDecision.APPROVE,
    )
    return Fact("control.approval.given.v1", payload)
