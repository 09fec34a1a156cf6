"""Conditions, through which every kind tells people and tools (kstatus) where it stands."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from venture_crds.base import StatusModel
from venture_crds.markers import ListMap, Matches
from venture_crds.v1alpha1.scalars import Generation, Message, Reason, Timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable


class ConditionType(StrEnum):
    """The conditions that the kinds share."""

    RECONCILING = "Reconciling"
    """Work on the current generation goes on."""
    STALLED = "Stalled"
    """Nothing will happen until a person acts; never true together with Reconciling."""
    READY = "Ready"
    """The object is what its spec asks for."""
    SUCCEEDED = "Succeeded"
    """A bounded piece of work ended well; Unknown while it runs."""


class ConditionStatus(StrEnum):
    """Whether a condition holds."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Condition(StatusModel):
    """One observation about the object, with its reason."""

    type: Annotated[
        str,
        Field(max_length=64),
        Matches("^[A-Z][A-Za-z0-9]*$", "must be one CamelCase word"),
    ]
    """What is observed, for instance `Ready`."""

    status: ConditionStatus
    """Whether it holds: `True`, `False`, or `Unknown`."""

    reason: Reason
    """Why, in one CamelCase word for programs."""

    message: Message
    """Why, in a sentence for people. May be empty."""

    last_transition_time: Timestamp
    """When `status` last changed."""

    observed_generation: Generation
    """The `metadata.generation` that this observation is about."""


type Conditions = Annotated[tuple[Condition, ...], Field(max_length=16), ListMap("type")]
"""Conditions, at most one of a type."""


def find_condition(conditions: Iterable[Condition], type_: str) -> Condition | None:
    """Give the condition of that type, or None where it has not been observed."""
    return next((condition for condition in conditions if condition.type == type_), None)
