"""Compile Jobs that are started ahead: which of them wait, and which build one was given.

One waits while no label names an owner. Naming one, once, is the claim: the API server lets only
one of two writers have it. From then on the labels say of it what they say of any Job.
"""

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from venture_core.artifacts.limits import INLINE_MAX_BYTES
from venture_core.canonical import canonical_json, sha256_hex

from venture_operator.domain.labels import (
    ATTEMPT_LABEL,
    CLAIMED_LABEL,
    OWNER_UID_LABEL,
    WORKER_LABEL,
)
from venture_operator.domain.podoutcome import Ended, Lost, Running, Waiting
from venture_operator.domain.references import owner_labels

if TYPE_CHECKING:
    from collections.abc import Mapping

    from venture_crds.v1alpha1.artifactbuild import ArtifactBuild

    from venture_operator.builders.job import PodSettings
    from venture_operator.domain.podoutcome import PodOutcome
    from venture_operator.domain.references import Reference
    from venture_operator.kinds.artifactbuild.plans import Prepared

WAITS_FOR: Final = timedelta(minutes=10)
"""How long a Job waits for a build before it ends; another takes its place."""
NOT_CLAIMED_WITHIN: Final = timedelta(seconds=20)
"""How long before that it is given none any more."""
MAKE_LENGTH: Final = 16
DOCUMENT_MAX_BYTES: Final = INLINE_MAX_BYTES
"""The largest document that such a Job is given."""


def make_of(pod: PodSettings) -> str:
    """Return what tells the pods of these settings from others: they are of this installation."""
    return sha256_hex(canonical_json(asdict(pod)))[:MAKE_LENGTH]


def of_that_make(pod: PodSettings) -> PodSettings:
    """Return the settings of pods that are started ahead, which say of which make they are."""
    return replace(pod, labels={**pod.labels, WORKER_LABEL: make_of(pod)})


def claim(owner: Reference, attempt: int, now: datetime) -> dict[str, str]:
    """Return the labels that give a Job to an attempt of a build."""
    at = str(int(now.timestamp()))
    return {**owner_labels(owner), ATTEMPT_LABEL: str(attempt), CLAIMED_LABEL: at}


def is_worker(job: Mapping[str, Any]) -> bool:
    """Return whether a Job was started ahead."""
    return WORKER_LABEL in _labels(job)


def waits(job: Mapping[str, Any]) -> bool:
    """Return whether a Job was started ahead, and no build has it."""
    labels = _labels(job)
    going = job["metadata"].get("deletionTimestamp")
    return WORKER_LABEL in labels and OWNER_UID_LABEL not in labels and not going


def is_of(job: Mapping[str, Any], make: str) -> bool:
    """Return whether a Job that was started ahead is of that make."""
    return _labels(job).get(WORKER_LABEL) == make


def belongs_to(job: Mapping[str, Any], owner_uid: str, attempt: int) -> bool:
    """Return whether a Job that was started ahead was given to that attempt."""
    labels = _labels(job)
    return labels.get(OWNER_UID_LABEL) == owner_uid and labels.get(ATTEMPT_LABEL) == str(attempt)


def has_time(job: Mapping[str, Any], now: datetime) -> bool:
    """Return whether a Job that waits will do so long enough to be given a build."""
    created = datetime.fromisoformat(job["metadata"]["creationTimestamp"])
    return now < created + WAITS_FOR - NOT_CLAIMED_WITHIN


def since_claimed(job: Mapping[str, Any], pod: PodOutcome) -> PodOutcome:
    """Return the outcome of a claimed Job's pod with the time of the claim as its beginning."""
    claimed = _labels(job).get(CLAIMED_LABEL, "")
    if not claimed.isdigit():
        return pod
    at = datetime.fromtimestamp(int(claimed), UTC)
    match pod:
        case Running():
            return replace(pod, started_at=max(at, pod.started_at))
        case Waiting():
            return replace(pod, since=max(at, pod.since))
        case Ended() | Lost():
            return pod


def suits(build: ArtifactBuild, prepared: Prepared) -> bool:
    """Return whether a build may be given to a Job that was started ahead.

    What is large, brings files, is laid out by native programs or has failed before gets one of its
    own, whose process has done nothing else.
    """
    small = len(prepared.document) <= DOCUMENT_MAX_BYTES and not build.spec.assets
    return small and prepared.warm and not build.status.failures


def _labels(job: Mapping[str, Any]) -> Mapping[str, str]:
    labels: Mapping[str, str] = job["metadata"].get("labels") or {}
    return labels
