"""The terms on which an approved intent is held: its own, within its bundle's ceilings. Pure."""

from typing import TYPE_CHECKING
from uuid import UUID

from venture_core.treasury.models import IntentDecision, IntentTerms, Velocity

from venture_operator.kinds.moneyintent.decide import expires_at

if TYPE_CHECKING:
    from venture_core.policy.ceilings import MoneyCeilings
    from venture_crds.v1alpha1.moneyintent import MoneyIntent


def terms_of(intent: MoneyIntent, ceilings: MoneyCeilings, workflow_uid: str | None) -> IntentTerms:
    """Return the terms. Of two bundles' velocities one is made that is no wider than either."""
    spec, decision = intent.spec, intent.status.decision
    assert decision is not None  # noqa: S101 - it is held after the decision only
    velocities = ceilings.velocities
    velocity = (
        Velocity(
            cents=min(each.cents for each in velocities),
            transactions=min(each.transactions for each in velocities),
            window_seconds=max(each.window_seconds for each in velocities),
        )
        if velocities
        else None
    )
    window = spec.window
    return IntentTerms(
        namespace=intent.metadata.namespace,
        name=intent.metadata.name,
        generation=intent.metadata.generation,
        workflow_uid=None if workflow_uid is None else UUID(workflow_uid),
        role=spec.role,
        tasks=() if spec.workflow_ref is None else spec.workflow_ref.tasks,
        currency=spec.currency,
        cap_cents=spec.cap_cents,
        per_transaction_cents=min(spec.per_transaction_cents, ceilings.per_transaction_cents),
        merchant=spec.merchant.id,
        categories=spec.categories,
        not_before=None if window is None else window.not_before,
        expires_at=expires_at(intent),
        velocity=velocity,
        per_day_cents=ceilings.per_day_cents,
        decision=IntentDecision(
            reason_code=decision.reason_code,
            rule=decision.rule or None,
            bundle_hash=decision.bundle_hash,
        ),
    )
