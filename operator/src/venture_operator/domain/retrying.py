"""Work that is tried again: which attempt it is at, whether it ended, when it goes."""

from datetime import timedelta
from typing import TYPE_CHECKING, Protocol, override

from venture_operator.domain import conditions

if TYPE_CHECKING:
    from datetime import datetime

    from venture_crds.v1alpha1.lifecycle import (
        RerunnableSpec,
        RerunnableStatus,
        RetryingStatus,
    )
    from venture_crds.v1alpha1.meta import ObjectMeta


class Rerunnable(Protocol):
    """An object of a bounded kind that `spec.retry` starts once more."""

    @property
    def metadata(self) -> ObjectMeta:
        """Its metadata."""

    @property
    def spec(self) -> RerunnableSpec:
        """What its user asks for."""

    @property
    def status(self) -> RerunnableStatus:
        """What became of it."""


class Retrying(Rerunnable, Protocol):
    """One whose work is done by a Job, and tried again."""

    @property
    @override
    def status(self) -> RetryingStatus:
        """What became of it."""


def wants_rerun(work: Rerunnable) -> bool:
    """Return whether `spec.retry` holds a value that was not acted on yet."""
    return bool(work.spec.retry) and work.spec.retry != work.status.handled_retry


def is_finished(work: Rerunnable) -> bool:
    """Return whether the work ended, well or not, and no new run of it is wanted."""
    return not wants_rerun(work) and conditions.has_ended(work.status)


def is_settled(work: Rerunnable) -> bool:
    """Return whether nothing is left to do until the spec changes."""
    return is_finished(work) and work.status.observed_generation == work.metadata.generation


def last_attempt(work: Retrying) -> int:
    """Return the attempt that was begun last, 0 where none was."""
    return work.status.job.attempt if work.status.job else 0


def current_attempt(work: Retrying) -> int:
    """Return the attempt that is running, or shall run next: 1 for new work."""
    if wants_rerun(work) or work.status.retry_at is not None:
        return last_attempt(work) + 1
    return last_attempt(work) or 1


def job_uid(work: Retrying, attempt: int) -> str:
    """Return the uid of the Job that was created for that attempt, empty where none is known."""
    job = work.status.job
    return job.uid if job is not None and job.attempt == attempt else ""


def seconds_to_live(
    work: Rerunnable, status: RerunnableStatus, default_ttl_seconds: int | None, now: datetime
) -> float | None:
    """Return in how many seconds work that ended with `status` is to be deleted; None: it stays."""
    ttl = work.spec.ttl_seconds_after_finished
    ttl = default_ttl_seconds if ttl is None else ttl
    if ttl is None or status.finished_at is None:
        return None
    return max(0.0, (status.finished_at + timedelta(seconds=ttl) - now).total_seconds())
