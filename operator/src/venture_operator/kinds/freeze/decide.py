"""What to do about a Freeze: record it once, and say that it holds."""

from typing import TYPE_CHECKING
from uuid import UUID

from venture_core.events.types.control import FreezeLiftedV1, FreezeSetV1
from venture_crds.v1alpha1.freeze import (
    Freeze,
    FreezeMode,
    FreezePhase,
    FreezeReason,
    FreezeStatus,
)

from venture_operator.domain import conditions, plan
from venture_operator.domain.facts import Fact
from venture_operator.domain.plan import Transition, with_state

if TYPE_CHECKING:
    from datetime import datetime

    from venture_crds.v1alpha1.meta import ObjectMeta

type FreezePlan = plan.Plan[FreezeStatus, None]


def decide(freeze: Freeze, now: datetime) -> FreezePlan:
    """Return what to do next."""
    scope = freeze.spec.scope
    where = "everywhere" if scope.all else f"in namespace {scope.namespace}"
    ends = freeze.spec.mode is FreezeMode.KILL
    what = "nothing new starts, and what runs is ended" if ends else "nothing new starts"
    message = f"{what} {where} until this is deleted"
    state = conditions.ready(FreezeReason.HOLDS, message)
    is_new = freeze.status.phase is None
    return plan.Plan(
        facts=(_set(freeze),) if is_new else (),
        status=with_state(freeze, state, now, phase=FreezePhase.HOLDS),
        transition=Transition(FreezeReason.HOLDS, message, warning=True) if is_new else None,
    )


def lifted(metadata: ObjectMeta) -> Fact:
    """Return that a freeze holds no more."""
    payload = FreezeLiftedV1(name=metadata.name, uid=UUID(metadata.uid))
    return Fact("control.freeze.lifted.v1", payload)


def _set(freeze: Freeze) -> Fact:
    payload = FreezeSetV1(
        name=freeze.metadata.name,
        uid=UUID(freeze.metadata.uid),
        scope=freeze.spec.scope.namespace or "",
        kill=freeze.spec.mode is FreezeMode.KILL,
    )
    return Fact("control.freeze.set.v1", payload)
