"""Plans: what shall happen to an object, as data, and the rules that make them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from venture_operator.domain import conditions

if TYPE_CHECKING:
    from datetime import datetime

    from venture_crds.v1alpha1.lifecycle import LifecycleStatus
    from venture_crds.v1alpha1.meta import ObjectMeta

    from venture_operator.domain.conditions import State
    from venture_operator.domain.facts import Fact


class Managed[S: LifecycleStatus](Protocol):
    """An object whose status we write."""

    @property
    def metadata(self) -> ObjectMeta:
        """Its metadata."""

    @property
    def status(self) -> S:
        """Its status."""


@dataclass(frozen=True, slots=True)
class Snapshot[S: LifecycleStatus]:
    """The part of an object that its conditions follow from, whatever its kind."""

    metadata: ObjectMeta
    status: S


@dataclass(frozen=True, slots=True)
class Transition:
    """A Kubernetes Event to post; `warning` colours it."""

    reason: str
    message: str
    warning: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan[S: LifecycleStatus, A]:
    """What shall happen, in this order; every step is safe to repeat from the first.

    `facts` are recorded: what is not in the record does not happen. `intent` is a status that is
    written before anything is done: what has to be known if we die while doing it. Then come the
    actions, the status, and the Event. A plan without anything means: nothing until something
    changes.
    """

    facts: tuple[Fact, ...] = ()
    intent: S | None = None
    actions: tuple[A, ...] = ()
    status: S | None = None
    transition: Transition | None = None
    requeue_after_seconds: float | None = None


type Rule[O, S: LifecycleStatus, A] = Callable[[O, datetime], Plan[S, A] | None]
"""Has an opinion about what is observed, or None."""


def first_opinion[O, S: LifecycleStatus, A](
    rules: Sequence[Rule[O, S, A]], observed: O, now: datetime
) -> Plan[S, A]:
    """Return the plan of the first rule that has an opinion: their order is the state machine."""
    for rule in rules:
        if (plan := rule(observed, now)) is not None:
            return plan
    raise AssertionError("the last rule always has an opinion")


def with_state[S: LifecycleStatus](
    managed: Managed[S], state: State, now: datetime, **fields: object
) -> S:
    """Return the object's status as `state` and `fields` change it, for its current generation."""
    generation = managed.metadata.generation
    merged = conditions.merge(managed.status, state, generation=generation, now=now)
    update = {"observed_generation": generation, "conditions": merged, **fields}
    return managed.status.model_copy(update=update)


def seen[S: LifecycleStatus](managed: Managed[S]) -> S:
    """Return the object's status with nothing changed but the generation it is about."""
    generation = managed.metadata.generation
    moved = tuple(
        each.model_copy(update={"observed_generation": generation})
        for each in managed.status.conditions
    )
    return managed.status.model_copy(
        update={"observed_generation": generation, "conditions": moved}
    )


def waiting_plan[S: LifecycleStatus, A](
    managed: Managed[S],
    reason: str,
    message: str,
    now: datetime,
    *,
    after_seconds: float,
    **fields: object,
) -> Plan[S, A]:
    """Return the plan for something that is not there yet: say so, and look again."""
    status = with_state(managed, conditions.working(reason, message), now, **fields)
    return Plan(status=status, requeue_after_seconds=after_seconds)


def stalled_plan[S: LifecycleStatus, A](
    managed: Managed[S], reason: str, message: str, now: datetime, **fields: object
) -> Plan[S, A]:
    """Return the plan for what only the user can mend: say so, once."""
    status = with_state(managed, conditions.stalled(reason, message), now, **fields)
    return Plan(status=status, transition=Transition(reason, message, warning=True))
