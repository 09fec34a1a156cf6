"""kstatus conditions: the four states an object can be in, each as a full set of conditions.

Reconciling and Stalled are never True together (kstatus stops at the first it meets), and
Stalled is the only way to say that we gave up: Ready=False alone reads as "in progress".
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from venture_crds.v1alpha1.conditions import Condition, ConditionStatus, ConditionType

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

MESSAGE_MAX_LENGTH = 1024


TRUE, FALSE, UNKNOWN = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN


@dataclass(frozen=True, slots=True)
class State:
    """What the conditions shall say: a truth per type, with one reason and message for all."""

    truths: Mapping[ConditionType, ConditionStatus]
    reason: str
    message: str


def working(reason: str, message: str) -> State:
    """Return the state of an object we are busy with."""
    return _state(reason, message, reconciling=TRUE, stalled=FALSE, ready=UNKNOWN)


def suspended(message: str) -> State:
    """Return the state of an object whose user holds it back."""
    return _state("Suspended", message, reconciling=FALSE, stalled=FALSE, ready=UNKNOWN)


def stalled(reason: str, message: str) -> State:
    """Return the state of an object that failed for good: its user must act."""
    return _state(reason, message, reconciling=FALSE, stalled=TRUE, ready=FALSE)


def succeeded(reason: str, message: str) -> State:
    """Return the state of a bounded object that is done."""
    return _state(reason, message, reconciling=FALSE, stalled=FALSE, ready=TRUE)


def is_true(conditions: Iterable[Condition], kind: ConditionType) -> bool:
    """Return whether the condition of that type is True."""
    return any(each.type == kind and each.status is TRUE for each in conditions)


def merge(
    existing: Iterable[Condition], state: State, *, generation: int, now: datetime
) -> tuple[Condition, ...]:
    """Return the conditions of `state`; a transition time moves only where the truth changed."""
    before = {each.type: each for each in existing}
    merged = []
    for kind, truth in state.truths.items():
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


def _state(
    reason: str,
    message: str,
    *,
    reconciling: ConditionStatus,
    stalled: ConditionStatus,
    ready: ConditionStatus,
) -> State:
    """Bounded kinds mirror Succeeded into Ready, so one truth serves both."""
    truths = {
        ConditionType.RECONCILING: reconciling,
        ConditionType.STALLED: stalled,
        ConditionType.READY: ready,
        ConditionType.SUCCEEDED: ready,
    }
    return State(truths, reason, message)
