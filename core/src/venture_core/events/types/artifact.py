"""Events of ArtifactBuilds: a deliverable asked for, compiled, checked, delivered or refused.

Their workflow id is the uid of the ArtifactBuild, unless a Workflow asked for it.
"""

from typing import Annotated, Final

from pydantic import Field, StringConstraints

from venture_core.events.envelope import Service
from venture_core.events.models import (
    MAX_NUMBER,
    DigestUri,
    EventPayload,
    Id,
    Message,
    Name,
    Reason,
    Sha256Hex,
    UtcTime,
)
from venture_core.events.registry import EventType

Attempt = Annotated[int, Field(ge=1, le=2**31 - 1)]


class ArtifactBuildPayload(EventPayload):
    """Which ArtifactBuild an event is about."""

    namespace: Name
    """The namespace of the ArtifactBuild."""

    name: Name
    """Its name."""

    uid: Id
    """Its uid: a name may be used again, a uid never is."""

    generation: Annotated[int, Field(ge=1, le=MAX_NUMBER)]
    """The generation of the object that was acted on."""


class Artifact(EventPayload):
    """The bytes a build delivered."""

    uri: Annotated[str, StringConstraints(min_length=1, max_length=1024)]
    """Where they are kept: an s3:// URI made of their digest."""

    sha256: Sha256Hex
    """The digest of the bytes."""

    size_bytes: Annotated[int, Field(ge=0, le=MAX_NUMBER)]
    """How many bytes there are."""

    media_type: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    """What kind of file they are."""


class Provenance(EventPayload):
    """The signed statement of an artifact's origin."""

    uri: Annotated[str, StringConstraints(min_length=1, max_length=1024)]
    """Where the statement is kept."""

    sha256: Sha256Hex
    """The digest of the statement."""

    key_id: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    """The key that signed it."""


class Gate(EventPayload):
    """The result of one quality gate."""

    name: Name
    """Which gate."""

    passed: bool
    """Whether the artifact passed it."""

    findings: Annotated[int, Field(ge=0, le=2**31 - 1)]
    """How many faults the gate found. Their text is in the object's status, not in the record."""


class BuildRequestedV1(ArtifactBuildPayload):
    """What was asked for."""

    target: Name
    """The format of the artifact."""

    cache_key: DigestUri
    """The digest of everything the artifact's bytes follow from."""

    retry: Annotated[str, StringConstraints(max_length=64)] = ""
    """The word by which a new build past the cache was asked for; empty for the first."""


class BuildStartedV1(ArtifactBuildPayload):
    """Which Job compiles it."""

    attempt: Attempt
    """Which attempt of the build it is."""

    job: Name
    """The Job's name."""

    cache_key: DigestUri
    """The digest of everything the artifact's bytes follow from."""


class BuildGatesV1(ArtifactBuildPayload):
    """What the quality gates found."""

    attempt: Attempt
    """The attempt whose artifact was checked."""

    gates: Annotated[tuple[Gate, ...], Field(strict=False, max_length=32)]
    """The gates that were run, in their order."""


class BuildCompletedV1(ArtifactBuildPayload):
    """What was delivered."""

    attempt: Attempt
    """The attempt that made it."""

    cache_key: DigestUri
    """The key under which it is found again."""

    artifact: Artifact
    """The bytes."""

    provenance: Provenance
    """The signed statement of their origin."""


class BuildCacheHitV1(ArtifactBuildPayload):
    """What was delivered without building it again."""

    cache_key: DigestUri
    """The key under which it was found."""

    artifact: Artifact
    """The bytes."""

    provenance: Provenance
    """The signed statement of their origin."""


class BuildRetryingV1(ArtifactBuildPayload):
    """Why an attempt failed that is worth another."""

    attempt: Attempt
    """The attempt that failed."""

    reason: Reason
    """Why."""

    message: Message
    """Why, in a sentence."""

    retry_at: UtcTime
    """When the next attempt starts at the earliest."""


class BuildFailedV1(ArtifactBuildPayload):
    """Why there is no artifact and, unless the user acts, will be none."""

    attempt: Annotated[int, Field(ge=0, le=2**31 - 1)]
    """The attempt that failed last; 0 where none was started."""

    reason: Reason
    """Why."""

    message: Message
    """Why, in a sentence."""


class BuildSuspendedV1(ArtifactBuildPayload):
    """That the user halted it."""


class BuildResumedV1(ArtifactBuildPayload):
    """That the user let it go on."""


class BuildDeletedV1(ArtifactBuildPayload):
    """That the object is gone: deleted by a user, with its namespace, or at the end of its life."""


def _type(name: str, payload: type[EventPayload], description: str) -> EventType:
    return EventType(f"artifact.build.{name}.v1", payload, Service.ORCHESTRATOR, description)


EVENT_TYPES: Final = (
    _type("requested", BuildRequestedV1, "An ArtifactBuild was accepted and its document read."),
    _type("started", BuildStartedV1, "A Job was started to compile the artifact."),
    _type("gates", BuildGatesV1, "The quality gates were run on a compiled artifact."),
    _type("completed", BuildCompletedV1, "The artifact was built, stored and signed for."),
    _type("cache_hit", BuildCacheHitV1, "The artifact had been built before and was delivered."),
    _type("retrying", BuildRetryingV1, "An attempt failed for a reason that may pass."),
    _type("failed", BuildFailedV1, "The build failed for good."),
    _type("suspended", BuildSuspendedV1, "The user suspended the build."),
    _type("resumed", BuildResumedV1, "The user resumed a suspended build."),
    _type("deleted", BuildDeletedV1, "The object was deleted; its artifact stays."),
)
