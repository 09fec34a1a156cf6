"""Observe a PolicyBundle, decide, act; and have all who judge know it."""

import asyncio
from typing import TYPE_CHECKING
from uuid import UUID

from venture_core.policy.compile import BundleError, compile_bundle
from venture_core.policy.contenthash import content_of
from venture_core.policy.governing import BundleName, Known
from venture_core.record.bundles import BundleUnavailableError
from venture_crds.v1alpha1.policybundle import BundlePhase, PolicyBundle
from venture_crds.v1alpha1.reasons import CommonReason

from venture_operator.domain.conditions import Standing
from venture_operator.domain.facts import Subject
from venture_operator.domain.plan import stalled_plan, waiting_plan
from venture_operator.errors import TransientError
from venture_operator.kinds.policybundle.decide import Observed, Store, decide, is_stored

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from enum import StrEnum

    from venture_core.policy.governing import Governing
    from venture_core.policy.snapshot import Snapshot
    from venture_core.record.bundles import Bundles
    from venture_crds.v1alpha1.meta import ObjectMeta
    from venture_crds.v1alpha1.policybundle import PolicyBundleStatus

    from venture_operator.domain.facts import Fact
    from venture_operator.kinds.policybundle.decide import BundlePlan


class PolicyBundleService:
    """What is special about PolicyBundles (see `services.reconciler.Service`)."""

    def __init__(
        self, governing: Governing, bundles: Bundles, pinned_to: Callable[[str, str], int]
    ) -> None:
        self._governing = governing
        self._bundles = bundles
        self._pinned_to = pinned_to

    def subject(self, metadata: ObjectMeta) -> Subject:
        """Return the bundle itself."""
        return Subject(UUID(metadata.uid))

    def phase(self, work: PolicyBundle, standing: Standing) -> StrEnum:
        """Return the phase for people."""
        if standing is Standing.STALLED:
            return BundlePhase.INVALID
        return work.status.phase or BundlePhase.DRAFT

    def waiting(
        self, work: PolicyBundle, reason: str, message: str, after_seconds: float, now: datetime
    ) -> BundlePlan:
        """Return the plan for what does not answer."""
        phase = self.phase(work, Standing.WORKING)
        return waiting_plan(work, reason, message, now, after_seconds=after_seconds, phase=phase)

    def stalled(self, work: PolicyBundle, reason: str, message: str, now: datetime) -> BundlePlan:
        """Return the plan for what only the author can mend."""
        return stalled_plan(work, reason, message, now, phase=BundlePhase.INVALID)

    async def decide(self, work: PolicyBundle, now: datetime) -> BundlePlan:
        """Compile and decide."""
        snapshot, problems = await asyncio.to_thread(_compiled, work)
        if snapshot is None or is_stored(work, snapshot):
            self._make_known(work, snapshot)
        used_by = 0 if snapshot is None else self._pinned_to(work.metadata.namespace, snapshot.hash)
        return decide(Observed(work, snapshot, problems, used_by), now)

    async def act(
        self, work: PolicyBundle, action: Store, status: PolicyBundleStatus | None, now: datetime
    ) -> PolicyBundleStatus | None:
        """Keep what the bundle says; only then does it govern."""
        del action, now
        try:
            hash_ = await self._bundles.store(content_of(work.spec.to_json()))
            snapshot = await self._bundles.snapshot(hash_)
        except BundleUnavailableError as error:
            raise TransientError(CommonReason.RECORD_UNAVAILABLE, str(error)) from error
        self._make_known(work, snapshot)
        return status

    async def gone(self, metadata: ObjectMeta) -> Sequence[Fact]:
        """Forget a deleted bundle. What it said stays, for what is pinned to it."""
        self._governing.remove(BundleName(metadata.namespace, metadata.name), metadata.uid)
        return ()

    def _make_known(self, bundle: PolicyBundle, snapshot: Snapshot | None) -> None:
        metadata, spec = bundle.metadata, bundle.spec
        known = Known(metadata.uid, spec.version, spec.state, snapshot)
        self._governing.put(BundleName(metadata.namespace, metadata.name), known)


def _compiled(bundle: PolicyBundle) -> tuple[Snapshot | None, str]:
    try:
        return compile_bundle(content_of(bundle.spec.to_json())), ""
    except BundleError as error:
        return None, str(error)
