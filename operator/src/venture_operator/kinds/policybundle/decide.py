"""What to do about a PolicyBundle: say what is wrong with it, or publish it once."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from venture_crds.v1alpha1.policybundle import (
    BundlePhase,
    BundleReason,
    BundleState,
    PolicyBundle,
    PolicyBundleStatus,
)

from venture_operator.domain import conditions, plan
from venture_operator.domain.plan import Transition, first_opinion, stalled_plan, with_state
from venture_operator.kinds.policybundle import facts

if TYPE_CHECKING:
    from datetime import datetime

    from venture_core.policy.snapshot import Snapshot

    from venture_operator.domain.facts import Fact

HASH_SHOWN: Final = 19
COUNT_AGAIN_SECONDS: Final = 60.0
"""How often it is counted what goes on under a bundle."""


@dataclass(frozen=True, slots=True)
class Observed:
    """All that a decision depends on: `snapshot` is None where `problems` says why."""

    bundle: PolicyBundle
    snapshot: Snapshot | None
    problems: str = ""
    used_by: int = 0
    """How much work of its namespace goes on under it."""


@dataclass(frozen=True, slots=True)
class Store:
    """Keep what the bundle says, by its hash."""


type BundlePlan = plan.Plan[PolicyBundleStatus, Store]


def decide(observed: Observed, now: datetime) -> BundlePlan:
    """Return what to do next."""
    return first_opinion((_rule_invalid, _rule_draft, _rule_published), observed, now)


def is_stored(bundle: PolicyBundle, snapshot: Snapshot) -> bool:
    """Return whether the status says that what the bundle says is kept."""
    status = bundle.status
    return status.published_at is not None and status.content_hash == snapshot.hash


def _rule_invalid(observed: Observed, now: datetime) -> BundlePlan | None:
    if observed.snapshot is not None:
        return None
    bundle, reason = observed.bundle, BundleReason.INVALID
    given: BundlePlan = stalled_plan(
        bundle, reason, observed.problems, now, phase=BundlePhase.INVALID, content_hash=None
    )
    return given


def _rule_draft(observed: Observed, now: datetime) -> BundlePlan | None:
    bundle, snapshot = observed.bundle, _required(observed.snapshot)
    if bundle.spec.state is not BundleState.DRAFT:
        return None
    state = conditions.ready(
        BundleReason.DRAFT, "a draft: it governs nothing until it is published"
    )
    fields = {"phase": BundlePhase.DRAFT, "content_hash": snapshot.hash}
    return plan.Plan(status=with_state(bundle, state, now, **fields))


def _rule_published(observed: Observed, now: datetime) -> BundlePlan | None:
    bundle, snapshot = observed.bundle, _required(observed.snapshot)
    stored = is_stored(bundle, snapshot)
    news: tuple[Fact, ...] = () if stored else (facts.published(bundle, snapshot.hash),)
    phase, reason = BundlePhase.PUBLISHED, BundleReason.PUBLISHED
    message = f"version {bundle.spec.version} governs, as {snapshot.hash[:HASH_SHOWN]}"
    if bundle.spec.state is BundleState.DEPRECATED:
        phase, reason = BundlePhase.DEPRECATED, BundleReason.DEPRECATED
        message = f"version {bundle.spec.version} governs what is pinned to it, and nothing new"
        if bundle.status.phase is not phase:
            news += (facts.deprecated(bundle, snapshot.hash),)
    status = with_state(
        bundle,
        conditions.ready(reason, message),
        now,
        phase=phase,
        content_hash=snapshot.hash,
        published_at=bundle.status.published_at if stored else now,
        used_by=observed.used_by,
    )
    return plan.Plan(
        facts=news,
        actions=() if stored else (Store(),),
        status=status,
        transition=Transition(reason, message) if news else None,
        requeue_after_seconds=COUNT_AGAIN_SECONDS,
    )


def _required(snapshot: Snapshot | None) -> Snapshot:
    if snapshot is None:
        raise AssertionError("the first rule has an opinion about what cannot be compiled")
    return snapshot
