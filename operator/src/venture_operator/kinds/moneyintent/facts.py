"""What the record says of a MoneyIntent as an object; of its money the treasury says it."""

import re
from typing import TYPE_CHECKING, Any
from uuid import UUID

from venture_core.events.types import money

from venture_operator.domain.facts import Fact

if TYPE_CHECKING:
    from datetime import datetime

    from venture_crds.v1alpha1.decision import PolicyDecision
    from venture_crds.v1alpha1.moneyintent import MoneyIntent


def _of(intent: MoneyIntent) -> dict[str, Any]:
    metadata = intent.metadata
    return {
        "namespace": metadata.namespace,
        "name": metadata.name,
        "uid": UUID(metadata.uid),
        "generation": metadata.generation,
    }


def requested(intent: MoneyIntent, expires_at: datetime) -> Fact:
    """Say that it was asked for."""
    spec = intent.spec
    payload = money.IntentRequestedV1(
        **_of(intent),
        currency=spec.currency,
        cap_cents=spec.cap_cents,
        per_transaction_cents=spec.per_transaction_cents,
        merchant_id=spec.merchant.id,
        expires_at=expires_at,
    )
    return Fact("money.intent.requested.v1", payload)


def awaiting(intent: MoneyIntent, decision: PolicyDecision) -> Fact:
    """Say that people are asked."""
    payload = money.IntentAwaitingApprovalV1(
        **_of(intent),
        decision=_decision(decision, decision.reason_code),
        hold=money.Hold(pending_cents=0, posted_cents=0),
    )
    return Fact("money.intent.awaiting_approval.v1", payload)


def rejected(intent: MoneyIntent, decision: PolicyDecision, code: str) -> Fact:
    """Say that it may not be spent."""
    payload = money.IntentRejectedV1(**_of(intent), decision=_decision(decision, code))
    return Fact("money.intent.rejected.v1", payload)


def _decision(decision: PolicyDecision, code: str) -> money.Decision:
    return money.Decision(
        reason_code=re.sub(r"[^A-Z0-9_]", "_", code.upper())[:64],
        rule=decision.rule or None,
        bundle_hash=decision.bundle_hash,
    )
