"""Freezes for the operator's loop."""

from typing import TYPE_CHECKING
from uuid import UUID

from venture_crds.v1alpha1.freeze import Freeze, FreezePhase

from venture_operator.domain.facts import Subject
from venture_operator.domain.plan import stalled_plan, waiting_plan
from venture_operator.kinds.freeze.decide import decide, lifted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from enum import StrEnum

    from venture_crds.v1alpha1.freeze import FreezeStatus
    from venture_crds.v1alpha1.meta import ObjectMeta

    from venture_operator.domain.conditions import Standing
    from venture_operator.domain.facts import Fact
    from venture_operator.kinds.freeze.decide import FreezePlan


class FreezeService:
    """What is special about Freezes (see `services.reconciler.Service`)."""

    def subject(self, metadata: ObjectMeta) -> Subject:
        """Return the freeze itself."""
        return Subject(UUID(metadata.uid))

    def phase(self, work: Freeze, standing: Standing) -> StrEnum:
        """Return the phase for people: it holds whatever the operator thinks of it."""
        del work, standing
        return FreezePhase.HOLDS

    def waiting(
        self, work: Freeze, reason: str, message: str, after_seconds: float, now: datetime
    ) -> FreezePlan:
        """Return the plan for what does not answer."""
        return waiting_plan(work, reason, message, now, after_seconds=after_seconds)

    def stalled(self, work: Freeze, reason: str, message: str, now: datetime) -> FreezePlan:
        """Return the plan for what cannot go on."""
        return stalled_plan(work, reason, message, now)

    async def decide(self, work: Freeze, now: datetime) -> FreezePlan:
        """Decide."""
        return decide(work, now)

    async def act(
        self, work: Freeze, action: None, status: FreezeStatus | None, now: datetime
    ) -> FreezeStatus | None:
        """Do nothing: whoever can start or spend something heeds the object itself."""
        del work, action, now
        return status

    async def gone(self, metadata: ObjectMeta) -> Sequence[Fact]:
        """Record that it was lifted."""
        return (lifted(metadata),)
