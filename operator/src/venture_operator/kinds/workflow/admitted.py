"""Whether a Workflow may begin: what its bundle says, and the people whom the bundle asks."""

from typing import TYPE_CHECKING, Final

from venture_core.approvals import Standing, Verdict, target_digest
from venture_core.policy.decision import Action
from venture_crds.v1alpha1.reasons import CommonReason
from venture_crds.v1alpha1.workflowstatus import TaskApprovals, WorkflowPhase, WorkflowReason

from venture_operator.domain import conditions, plan
from venture_operator.domain.decisions import kept_decision
from venture_operator.domain.plan import Transition, with_state
from venture_operator.kinds.workflow.plans import Plan, stalled_plan, waiting_plan

if TYPE_CHECKING:
    from datetime import datetime

    from venture_core.policy.admission import Admission
    from venture_core.policy.decision import Decision
    from venture_crds.v1alpha1.policyref import PinnedBundle
    from venture_crds.v1alpha1.workflow import Workflow

KIND: Final = "Workflow"
PROBLEMS_SHOWN: Final = 5
POLICY_LOOK_AGAIN_SECONDS: Final = 5.0
PEOPLE_LOOK_AGAIN_SECONDS: Final = 60.0


def digest_of(workflow: Workflow, run: str) -> str:
    """Return the digest of what people approve who let a run of a workflow begin."""
    uid, spec = workflow.metadata.uid, workflow.spec.to_json()
    return target_digest(KIND, uid, spec, occasion=run)


def obstacle(
    workflow: Workflow, admission: Admission | None, standing: Standing | None, now: datetime
) -> Plan | None:
    """Return the plan for what is in the way of its begin; None where nothing is.

    `standing` is what people say to one that waits for them.
    """
    if admission is not None:
        return _judged(workflow, admission, now)
    if standing is None or standing.verdict is Verdict.APPROVED:
        return None
    if standing.verdict is Verdict.DENIED:
        message = f"{standing.denied_by} denied that it begins"
        return stalled_plan(workflow, WorkflowReason.APPROVAL_DENIED, message, now)
    if standing.verdict is Verdict.EXPIRED:
        message = "nobody decided in time whether it may begin"
        return stalled_plan(workflow, WorkflowReason.APPROVAL_EXPIRED, message, now)
    decision = workflow.status.decision
    rule = decision.rule if decision else ""
    return _waiting(workflow, rule, _approvals(standing), now, run=workflow.status.handled_retry)


def approved(workflow: Workflow, standing: Standing | None) -> Workflow:
    """Return the workflow with who let it begin, where people were asked."""
    if standing is None:
        return workflow
    update = {"approvals": _approvals(standing), "target_digest": None}
    return workflow.model_copy(update={"status": workflow.status.model_copy(update=update)})


def _judged(workflow: Workflow, admission: Admission, now: datetime) -> Plan | None:
    if admission.missing:
        return waiting_plan(
            workflow,
            CommonReason.BUNDLE_UNAVAILABLE,
            admission.missing,
            now,
            after_seconds=POLICY_LOOK_AGAIN_SECONDS,
        )
    if admission.problems:
        message = " · ".join(admission.problems[:PROBLEMS_SHOWN])
        return stalled_plan(workflow, CommonReason.POLICY_DENIES, message, now)
    decision, pin = admission.decision, admission.pin
    if decision is None or pin is None or decision.action is not Action.REQUIRE_APPROVAL:
        return None
    if workflow.spec.requester is None:
        message = "spec.requester is missing: whose word would be their own cannot be told"
        return stalled_plan(workflow, WorkflowReason.REQUESTER_UNKNOWN, message, now)
    return _asking(workflow, decision, pin, now)


def _asking(workflow: Workflow, found: Decision, pin: PinnedBundle, now: datetime) -> Plan:
    """Pin it to the bundle that asks, and ask; whoever is asked may have answered already."""
    run = workflow.spec.retry
    fields = {
        "policy_bundle": pin,
        "decision": kept_decision(found, pin, now),
        "handled_retry": run,
        "finished_at": None,
    }
    asked = TaskApprovals(required=found.quorum, granted=0)
    return _waiting(workflow, found.rule, asked, now, run=run, after_seconds=0, **fields)


def _waiting(
    workflow: Workflow,
    rule: str,
    approvals: TaskApprovals,
    now: datetime,
    *,
    run: str,
    after_seconds: float = PEOPLE_LOOK_AGAIN_SECONDS,
    **fields: object,
) -> Plan:
    name = workflow.metadata.name
    message = (
        f"rule {rule} asks people: {approvals.granted} of {approvals.required} approvals are "
        f"given; venture approve workflow/{name}"
    )
    state = conditions.working(WorkflowReason.AWAITING_APPROVAL, message)
    status = with_state(
        workflow,
        state,
        now,
        phase=WorkflowPhase.WAITING,
        target_digest=digest_of(workflow, run),
        approvals=approvals,
        **fields,
    )
    is_new = bool(fields)
    return plan.Plan(
        status=status,
        transition=Transition(state.reason, message) if is_new else None,
        requeue_after_seconds=after_seconds,
    )


def _approvals(standing: Standing) -> TaskApprovals:
    return TaskApprovals(
        required=standing.required, granted=standing.granted, by=standing.by[: standing.required]
    )
