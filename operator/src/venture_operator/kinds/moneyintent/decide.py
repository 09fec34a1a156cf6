"""What to do about a MoneyIntent: pure, from the object, the policy, people and the ledger."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from venture_core.approvals import Standing, Verdict
from venture_crds.v1alpha1.decision import PolicyDecision
from venture_crds.v1alpha1.moneyintent import (
    IntentApprovals,
    IntentHold,
    IntentPhase,
    IntentReason,
    MoneyIntent,
    MoneyIntentStatus,
)
from venture_crds.v1alpha1.reasons import CommonReason

from venture_operator.domain import conditions, plan
from venture_operator.domain.decisions import kept_decision
from venture_operator.domain.plan import Transition, first_opinion, seen, with_state
from venture_operator.kinds.moneyintent import facts

if TYPE_CHECKING:
    from datetime import datetime

    from venture_core.policy.admission import Admission
    from venture_core.treasury.models import Intent

ENDED: Final = frozenset(
    {IntentPhase.CONSUMED, IntentPhase.EXPIRED, IntentPhase.REVOKED, IntentPhase.REJECTED}
)
LEDGER_SECONDS: Final = 3.0
"""How often the ledger is asked what became of an approved intent."""
SOON_SECONDS: Final = 0.2
POLICY_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Observed:
    """All that a decision depends on. What cannot matter any more is None."""

    intent: MoneyIntent
    digest: str
    """Of what people are asked to approve."""
    ledger: Intent | None
    """What the treasury says; None where nothing was ever held."""
    admission: Admission | None
    """What the policy says to one that is not decided yet."""
    standing: Standing | None
    """What people say to one that waits for them."""
    frozen: str | None
    """Why nothing may be spent now, in a sentence."""
    killed: bool
    """Whether what was allowed is to be taken back, too."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Have the treasury hold the cap, on the terms of the object and its bundle."""


@dataclass(frozen=True, slots=True)
class Void:
    """Have the treasury release what is held."""


type Action = Hold | Void
type IntentPlan = plan.Plan[MoneyIntentStatus, Action]


def expires_at(intent: MoneyIntent) -> datetime:
    """Return when the leave ends: the earlier of its window's end and its life."""
    created = intent.metadata.creation_timestamp
    assert created is not None  # noqa: S101 - the API server sets it
    life = created + timedelta(seconds=intent.spec.ttl_seconds)
    window = intent.spec.window
    if window is None or window.not_after is None:
        return life
    return min(life, window.not_after)


def decide(observed: Observed, now: datetime) -> IntentPlan:
    """Return what to do next."""
    rules = (
        _rule_ended,
        _rule_void,
        _rule_ledger,
        _rule_over,
        _rule_undecided,
        _rule_people,
        _rule_frozen,
        _rule_hold,
    )
    return first_opinion(rules, observed, now)


def _rule_ended(observed: Observed, now: datetime) -> IntentPlan | None:
    del now
    intent = observed.intent
    if intent.status.phase not in ENDED:
        return None
    if intent.status.observed_generation == intent.metadata.generation:
        return plan.Plan()
    return plan.Plan(status=seen(intent))


def _rule_void(observed: Observed, now: datetime) -> IntentPlan | None:
    """Whoever revokes it, or a Freeze that kills, takes it back, held or not."""
    if not (observed.intent.spec.revoke or observed.killed):
        return None
    if observed.ledger is None:
        return _ended(observed, IntentPhase.REVOKED, IntentReason.REVOKED, "it was taken back", now)
    if observed.ledger.state == "Approved":
        return plan.Plan(actions=(Void(),), requeue_after_seconds=SOON_SECONDS)
    return None


def _rule_ledger(observed: Observed, now: datetime) -> IntentPlan | None:
    """Have the status follow the ledger."""
    ledger = observed.ledger
    if ledger is None:
        return None
    if ledger.state == "Consumed":
        message = "all of it was spent"
        return _ended(observed, IntentPhase.CONSUMED, IntentReason.CONSUMED, message, now)
    if ledger.state == "Expired":
        message = "its time is over, and what was not spent is released"
        return _ended(observed, IntentPhase.EXPIRED, IntentReason.EXPIRED, message, now)
    if ledger.state == "Revoked":
        message = "it was taken back, and what was not spent is released"
        return _ended(observed, IntentPhase.REVOKED, IntentReason.REVOKED, message, now)
    message = f"{ledger.pending_cents} of {ledger.cap_cents} are held and can be spent"
    is_new = observed.intent.status.phase is not IntentPhase.APPROVED
    status = with_state(
        observed.intent,
        conditions.ready(IntentReason.APPROVED, message),
        now,
        phase=IntentPhase.APPROVED,
        hold=_hold(ledger),
        approvals=_approvals(observed),
    )
    left = max((ledger.expires_at - now).total_seconds(), 0) + SOON_SECONDS
    return plan.Plan(
        status=status,
        transition=Transition(IntentReason.APPROVED, message) if is_new else None,
        requeue_after_seconds=min(LEDGER_SECONDS, left),
    )


def _rule_over(observed: Observed, now: datetime) -> IntentPlan | None:
    if now < expires_at(observed.intent):
        return None
    message = "its time was over before it was approved: no answer is a denial"
    return _rejected(observed, IntentReason.NOT_APPROVED, "INTENT_EXPIRED", message, now)


def _rule_undecided(observed: Observed, now: datetime) -> IntentPlan | None:
    """Ask the policy, once: what governs an intent does not change afterwards."""
    intent, said = observed.intent, observed.admission
    if intent.status.decision is not None:
        return None
    pin = None if said is None else said.pin
    if said is None or said.missing or said.decision is None or pin is None:
        message = (said.missing if said else "") or "no bundle governs yet: publish one"
        state = conditions.working(CommonReason.BUNDLE_UNAVAILABLE, message)
        status = with_state(intent, state, now, phase=IntentPhase.REQUESTED)
        return plan.Plan(status=status, requeue_after_seconds=POLICY_SECONDS)
    found = said.decision
    decision = kept_decision(found, pin, now)
    fields = {"decision": decision, "policy_bundle": pin, "target_digest": observed.digest}
    requested = facts.requested(intent, expires_at(intent))
    if said.problems:
        message = "; ".join(said.problems)
        given = _rejected(
            observed, CommonReason.POLICY_DENIES, decision.reason_code, message, now, **fields
        )
        return plan.Plan(
            facts=(requested, *given.facts), status=given.status, transition=given.transition
        )
    waits = decision.action == "RequireApproval"
    reason = IntentReason.AWAITING_APPROVAL if waits else IntentReason.WAITING_FOR_FUNDS
    message = "people are asked" if waits else "its cap is being held"
    phase = IntentPhase.AWAITING_APPROVAL if waits else IntentPhase.REQUESTED
    status = with_state(
        intent, conditions.working(reason, message), now, phase=phase, started_at=now, **fields
    )
    news = (facts.awaiting(intent, decision),) if waits else ()
    return plan.Plan(
        facts=(requested, *news),
        status=status,
        transition=Transition(reason, found.message) if waits else None,
        requeue_after_seconds=SOON_SECONDS,
    )


def _rule_people(observed: Observed, now: datetime) -> IntentPlan | None:
    standing = observed.standing
    if standing is None or standing.verdict is Verdict.APPROVED:
        return None
    if standing.verdict is Verdict.DENIED:
        message = f"{standing.denied_by} said no"
        return _rejected(observed, IntentReason.DENIED, "DENIED_BY_APPROVER", message, now)
    if standing.verdict is Verdict.EXPIRED:
        message = "people did not agree in time, which is a denial"
        return _rejected(observed, IntentReason.NOT_APPROVED, "APPROVAL_EXPIRED", message, now)
    message = f"{standing.granted} of {standing.required} approvals are given"
    state = conditions.working(IntentReason.AWAITING_APPROVAL, message)
    status = with_state(
        observed.intent,
        state,
        now,
        phase=IntentPhase.AWAITING_APPROVAL,
        approvals=_approvals(observed),
    )
    left = (expires_at(observed.intent) - now).total_seconds()
    return plan.Plan(status=status, requeue_after_seconds=max(min(left, 60.0), SOON_SECONDS))


def _rule_frozen(observed: Observed, now: datetime) -> IntentPlan | None:
    if observed.frozen is None:
        return None
    state = conditions.working(IntentReason.FROZEN, observed.frozen)
    status = with_state(observed.intent, state, now, approvals=_approvals(observed))
    return plan.Plan(status=status, requeue_after_seconds=POLICY_SECONDS)


def _rule_hold(observed: Observed, now: datetime) -> IntentPlan | None:
    """Everything that was asked said yes: hold it, and look at the ledger again."""
    state = conditions.working(IntentReason.WAITING_FOR_FUNDS, "its cap is being held")
    status = with_state(observed.intent, state, now, approvals=_approvals(observed))
    return plan.Plan(actions=(Hold(),), status=status, requeue_after_seconds=SOON_SECONDS)


def _hold(ledger: Intent) -> IntentHold:
    return IntentHold(
        pending_cents=ledger.pending_cents,
        posted_cents=ledger.posted_cents,
        expires_at=ledger.expires_at,
    )


def _approvals(observed: Observed) -> IntentApprovals | None:
    standing = observed.standing
    if standing is None:
        return observed.intent.status.approvals
    return IntentApprovals(
        required=standing.required, granted=standing.granted, by=standing.by[:10]
    )


def _ended(
    observed: Observed, phase: IntentPhase, reason: IntentReason, message: str, now: datetime
) -> IntentPlan:
    """End as the ledger has it: its own events say so already."""
    done = phase is IntentPhase.CONSUMED
    state = conditions.ready(reason, message) if done else conditions.stalled(reason, message)
    hold = {} if observed.ledger is None else {"hold": _hold(observed.ledger)}
    status = with_state(observed.intent, state, now, phase=phase, finished_at=now, **hold)
    return plan.Plan(status=status, transition=Transition(reason, message, warning=not done))


def _rejected(
    observed: Observed,
    reason: str,
    code: str,
    message: str,
    now: datetime,
    **fields: object,
) -> IntentPlan:
    intent = observed.intent
    decision = fields.get("decision", intent.status.decision)
    given = decision if isinstance(decision, PolicyDecision) else None
    status = with_state(
        intent,
        conditions.stalled(reason, message),
        now,
        phase=IntentPhase.REJECTED,
        finished_at=now,
        approvals=_approvals(observed),
        **fields,
    )
    news = () if given is None or not given.bundle_hash else (facts.rejected(intent, given, code),)
    return plan.Plan(
        facts=news, status=status, transition=Transition(reason, message, warning=True)
    )
