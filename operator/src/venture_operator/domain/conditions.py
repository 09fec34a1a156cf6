"""kstatus conditions: the states an object can be in, each as a full set of conditions.

Reconciling and Stalled are never True together (kstatus stops at the first it meets), and
Stalled is the only way to say that we gave up: Ready=False alone reads as "in progress".
Bounded kinds mirror Ready into Succeeded; a long-lived object never succeeds, it is ready.
"""

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from venture_crds.v1alpha1.conditions import Condition, ConditionStatus, ConditionType
from venture_crds.v1alpha1.lifecycle import BoundedStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from venture_crds.v1alpha1.lifecycle import LifecycleStatus

MESSAGE_MAX_LENGTH = 1024

TRUE, FALSE, UNKNOWN = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN


class Standing(Enum):
    """Where an object stands; phases and conditions follow from it."""

    WORKING = "working"
    SUSPENDED = "suspended"
    STALLED = "stalled"
    READY = "ready"


@dataclass(frozen=True, slots=True)
class State:
    """What the conditions shall say: a standing, with one reason and message for all."""

    standing: Standing
    reason: str
    message: str


def working(reason: str, message: str) -> State:
    """Return the state of an object we are busy with, or wait for something with."""
    return State(Standing.WORKING, reason, message)


def suspended(message: str) -> State:
    """Return the state of an object whose user holds it back."""
    return State(Standing.SUSPENDED, "Suspended", message)


def stalled(reason: str, message: str) -> State:
    """Return the state of an object that failed for good: its user must act."""
    return State(Standing.STALLED, reason, message)


def ready(reason: str, message: str) -> State:
    """Return the state of an object that is what its spec asks for; of a bounded one, its end."""
    return State(Standing.READY, reason, message)


def is_true(conditions: Iterable[Condition], kind: ConditionType) -> bool:
    """Return whether the condition of that type is True."""
    return any(each.type == kind and each.status is TRUE for each in conditions)


def is_at_work(body: Mapping[str, Any]) -> bool:
    """Return whether an object, as it is watched, says that work on it goes on or waits."""
    given = body.get("status", {}).get("conditions", ())
    return any(
        each["type"] == ConditionType.RECONCILING and each["status"] == TRUE for each in given
    )


def has_ended(status: LifecycleStatus) -> bool:
    """Return whether the conditions say that the object is ready or stalled."""
    return any(
        is_true(status.conditions, kind) for kind in (ConditionType.READY, ConditionType.STALLED)
    )


def merge(
    status: LifecycleStatus, state: State, *, generation: int, now: datetime
) -> tuple[Condition, ...]:
    """Return the conditions of `state`; a transition time moves only where the truth changed."""
    before = {each.type: each for each in status.conditions}
    truths = _TRUTHS[state.standing]
    if isinstance(status, BoundedStatus):
        truths = {**truths, ConditionType.SUCCEEDED: truths[ConditionType.READY]}
    merged = []
    for kind, truth in truths.items():
        old = before.get(kind)
        unchanged = old is not None and old.status == truth
        merged.append(
            Condition(
                type=kind,
                status=truth,
                reason=state.reason,
                message=state.message[:MESSAGE_MAX_LENGTH],
                last_transition_time=old.last_transition_time if old and unchanged else now,
                observed_generation=generation,
            )
        )
    return tuple(merged)


def _truths(
    reconciling: ConditionStatus, stalled: ConditionStatus, ready: ConditionStatus
) -> Mapping[ConditionType, ConditionStatus]:
    return {
        ConditionType.RECONCILING: reconciling,
        ConditionType.STALLED: stalled,
        ConditionType.READY: ready,
    }


_TRUTHS: Mapping[Standing, Mapping[ConditionType, ConditionStatus]] = {
    Standing.WORKING: _truths(TRUE, FALSE, UNKNOWN),
    Standing.SUSPENDED: _truths(FALSE, FALSE, UNKNOWN),
    Standing.STALLED: _truths(FALSE, TRUE, FALSE),
    Standing.READY: _truths(FALSE, FALSE, TRUE),
}
