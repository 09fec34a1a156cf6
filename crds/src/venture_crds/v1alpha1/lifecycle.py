"""What the kinds share: the fields of all, of bounded ones, of those that run again or retry."""

from typing import Annotated

from pydantic import Field

from venture_crds.base import SpecModel, StatusModel
from venture_crds.v1alpha1.conditions import Conditions
from venture_crds.v1alpha1.scalars import Generation, ObjectName, Timestamp


class LifecycleStatus(StatusModel):
    """The status that every kind has; as it stands, that of a long-lived one.

    A kind adds a `phase` of its own, which is derived from the conditions for people.
    """

    observed_generation: Generation | None = None
    """The `metadata.generation` that this status is about."""

    conditions: Conditions = ()
    """Reconciling, Stalled and Ready; of bounded kinds Succeeded too."""


class BoundedStatus(LifecycleStatus):
    """The status of a piece of work that ends: its Ready is mirrored into Succeeded."""

    started_at: Timestamp | None = None
    """When the work on this generation started."""

    finished_at: Timestamp | None = None
    """When it ended, well or not."""


class JobStatus(StatusModel):
    """The Job of the latest attempt."""

    name: ObjectName
    """The name of the Job, in the work namespace of the installation."""

    attempt: Annotated[int, Field(ge=1, le=1_000_000)]
    """The number of the attempt, counted from 1."""

    uid: Annotated[str, Field(max_length=64)] = ""
    """The uid of the Job, once it is created: no other Job's result counts."""


class RerunnableStatus(BoundedStatus):
    """The status of work that `spec.suspend` halts and `spec.retry` starts once more."""

    handled_retry: Annotated[str, Field(max_length=64)] = ""
    """The value of `spec.retry` that was acted on last."""

    suspended: bool = False
    """Whether the record says that the work is suspended."""


class RetryingStatus(RerunnableStatus):
    """The status of one Job's work, which is tried again by itself for what may pass."""

    job: JobStatus | None = None
    """The Job of the latest attempt; absent where none was needed."""

    failures: Annotated[int, Field(ge=0, le=1000)] = 0
    """How many attempts failed for reasons that may pass, such as a lost node."""

    retry_at: Timestamp | None = None
    """When the next attempt starts, after one that failed."""


class RerunnableSpec(SpecModel):
    """The control that bounded work has, whatever does the work."""

    retry: Annotated[str, Field(max_length=64)] = ""
    """Any new value starts once more, also after a failure; for instance a date."""

    ttl_seconds_after_finished: Annotated[int, Field(ge=0, le=315_360_000)] | None = None
    """Seconds after which the finished object is deleted. Unset: as the installation decides."""


class RetryingSpec(RerunnableSpec):
    """The control that one Job's work has; everything else in its spec is immutable."""

    suspend: bool = False
    """While true nothing new starts, and a running attempt is stopped."""
