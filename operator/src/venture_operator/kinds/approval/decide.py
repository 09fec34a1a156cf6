"""What to do about an Approval: record it once, and say whether its target is there."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from uuid import UUID

from venture_core.approvals import Ruling, objection
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


_VOID: Final = {
    Ruling.CHANGED: (ApprovalReason.CHANGED_SINCE, "what {} asks now has another digest"),
    Ruling.OWN_REQUEST: (ApprovalReason.OWN_REQUEST, "whoever asked for {} has no say in it"),
    Ruling.NO_PERSON: (ApprovalReason.NO_PERSON, "only people have a say in {}"),
}


@dataclass(frozen=True, slots=True)
class Target:
    """What was decided on, as it is now."""

    uid: str
    digest: str | None
    """Of what it asks people now; None where it asks nobody."""
    requester: str


@dataclass(frozen=True, slots=True)
class Observed:
    """All that a decision depends on: `target` is the object of the target's name."""

    approval: Approval
    target: Target | None


def decide(observed: Observed, now: datetime) -> ApprovalPlan:
    """Return what to do next. Among others' words its target says whether it counts."""
    approval, reference = observed.approval, observed.approval.spec.target_ref
    named, target = f"{reference.kind} {reference.name}", observed.target
    if target is None:
        reason = ApprovalReason.TARGET_NOT_FOUND
        return stalled_plan(approval, reason, f"there is no {named}", now, phase=ApprovalPhase.VOID)
    if target.uid != reference.uid:
        reason = ApprovalReason.TARGET_REPLACED
        message = f"{named} is another object than the one that was decided on"
        return stalled_plan(approval, reason, message, now, phase=ApprovalPhase.VOID)
    if approval.status.phase is None:
        return replace(_new(approval, target, named, now), facts=(_given(approval),))
    # What was said when it was given stands: its target may ask something else by now.
    return plan.Plan()


def _new(approval: Approval, target: Target, named: str, now: datetime) -> ApprovalPlan:
    ruling = None
    if target.digest is not None:
        ruling = objection(approval.spec, target.digest, target.requester)
    if ruling is not None:
        reason, message = _VOID[ruling]
        void = ApprovalPhase.VOID
        return stalled_plan(approval, reason, message.format(named), now, phase=void)
    state = conditions.ready(ApprovalReason.GIVEN, f"the status of {named} says whether it counts")
    return plan.Plan(status=with_state(approval, state, now, phase=ApprovalPhase.GIVEN))


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
