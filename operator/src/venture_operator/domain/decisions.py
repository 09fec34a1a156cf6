"""A policy's decision as a status keeps it, for as long as people are asked."""

from typing import TYPE_CHECKING

from venture_crds.v1alpha1.decision import PolicyDecision

if TYPE_CHECKING:
    from datetime import datetime

    from venture_core.policy.decision import Decision
    from venture_crds.v1alpha1.policyref import PinnedBundle


def kept_decision(found: Decision, pin: PinnedBundle, now: datetime) -> PolicyDecision:
    """Return what is kept of a decision; people are waited for from now on."""
    return PolicyDecision(
        action=found.action.value,
        reason_code=found.reason_code.value,
        rule=found.rule,
        bundle_hash=found.bundle_hash or pin.hash,
        quorum=found.quorum,
        ttl_seconds=found.ttl_seconds,
        decided_at=now,
    )
