"""What decisions about an ArtifactBuild leave in the record."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from venture_core.events.types import artifact as events

from venture_operator.domain.facts import Fact

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from venture_crds.v1alpha1.artifactbuild import ArtifactBuild, GateOutcome
    from venture_crds.v1alpha1.meta import ObjectMeta

    from venture_operator.kinds.artifactbuild.cacheentry import CacheEntry

MESSAGE_MAX_LENGTH = 1024


def requested(build: ArtifactBuild, cache_key: str) -> Fact:
    """Say that a run of the build was accepted and its document read."""
    payload = events.BuildRequestedV1(
        **_about(build.metadata),
        target=str(build.spec.target),
        cache_key=cache_key,
        retry=build.spec.retry,
    )
    return Fact("artifact.build.requested.v1", payload)


def started(build: ArtifactBuild, cache_key: str, job: str, attempt: int) -> Fact:
    """Say that a Job is started."""
    payload = events.BuildStartedV1(
        **_about(build.metadata), attempt=attempt, job=job, cache_key=cache_key
    )
    return Fact("artifact.build.started.v1", payload)


def gates(build: ArtifactBuild, outcomes: Sequence[GateOutcome], attempt: int) -> Fact:
    """Say what the gates found."""
    payload = events.BuildGatesV1(
        **_about(build.metadata),
        attempt=attempt,
        gates=tuple(
            events.Gate(
                name=each.name,
                passed=each.passed,
                findings=len(each.findings) + each.findings_omitted,
            )
            for each in outcomes
        ),
    )
    return Fact("artifact.build.gates.v1", payload)


def completed(build: ArtifactBuild, entry: CacheEntry) -> Fact:
    """Say what was delivered."""
    payload = events.BuildCompletedV1(
        **_about(build.metadata), **_delivered(entry), attempt=entry.attempt
    )
    return Fact("artifact.build.completed.v1", payload)


def cache_hit(build: ArtifactBuild, entry: CacheEntry) -> Fact:
    """Say what was delivered without building it."""
    payload = events.BuildCacheHitV1(**_about(build.metadata), **_delivered(entry))
    return Fact("artifact.build.cache_hit.v1", payload)


def retrying(
    build: ArtifactBuild, attempt: int, reason: str, message: str, retry_at: datetime
) -> Fact:
    """Say that an attempt failed and another follows."""
    payload = events.BuildRetryingV1(
        **_about(build.metadata),
        attempt=attempt,
        reason=reason,
        message=message[:MESSAGE_MAX_LENGTH],
        retry_at=retry_at,
    )
    return Fact("artifact.build.retrying.v1", payload)


def failed(build: ArtifactBuild, attempt: int, reason: str, message: str) -> Fact:
    """Say that the build failed for good."""
    payload = events.BuildFailedV1(
        **_about(build.metadata),
        attempt=attempt,
        reason=reason,
        message=message[:MESSAGE_MAX_LENGTH],
    )
    return Fact("artifact.build.failed.v1", payload)


def suspended(build: ArtifactBuild) -> Fact:
    """Say that the user halted the build."""
    return Fact("artifact.build.suspended.v1", events.BuildSuspendedV1(**_about(build.metadata)))


def resumed(build: ArtifactBuild) -> Fact:
    """Say that the user let the build go on."""
    return Fact("artifact.build.resumed.v1", events.BuildResumedV1(**_about(build.metadata)))


def deleted(metadata: ObjectMeta) -> Fact:
    """Say that the object is gone, as it was seen last."""
    return Fact("artifact.build.deleted.v1", events.BuildDeletedV1(**_about(metadata)))


def _about(metadata: ObjectMeta) -> dict[str, Any]:
    return {
        "namespace": metadata.namespace,
        "name": metadata.name,
        "uid": UUID(metadata.uid),
        "generation": metadata.generation,
    }


def _delivered(entry: CacheEntry) -> dict[str, Any]:
    return {
        "cache_key": entry.cache_key,
        "artifact": events.Artifact(
            uri=entry.uri,
            sha256=entry.sha256,
            size_bytes=entry.size_bytes,
            media_type=entry.media_type,
        ),
        "provenance": events.Provenance(
            uri=entry.provenance_uri, sha256=entry.provenance_sha256, key_id=entry.key_id
        ),
    }
