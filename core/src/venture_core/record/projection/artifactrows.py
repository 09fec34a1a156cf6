"""How events change the read models of ArtifactBuilds: pure, one event and one row at a time."""

from typing import TYPE_CHECKING

from venture_core.events.types.artifact import (
    ArtifactBuildPayload,
    BuildCacheHitV1,
    BuildCompletedV1,
    BuildDeletedV1,
    BuildFailedV1,
    BuildGatesV1,
    BuildRequestedV1,
    BuildResumedV1,
    BuildRetryingV1,
    BuildStartedV1,
    BuildSuspendedV1,
)
from venture_core.record.projection.models import ArtifactRow
from venture_core.record.projection.rows import show_last

if TYPE_CHECKING:
    from venture_core.record.projection.rows import Logged


def show_artifact(
    row: ArtifactRow | None, payload: ArtifactBuildPayload, logged: Logged
) -> ArtifactRow:
    """Return the row of an ArtifactBuild as it is after the event."""
    if row is None:
        row = ArtifactRow(uid=payload.uid, phase="Requested", attempt=0, gates=[])
    row.workflow_id = logged.event.workflow_id
    row.namespace, row.name = payload.namespace, payload.name
    row.generation = payload.generation
    _show_progress(row, payload, logged)
    show_last(row, logged)
    return row


def _show_progress(row: ArtifactRow, payload: ArtifactBuildPayload, logged: Logged) -> None:
    match payload:
        case BuildRequestedV1():
            _begin(row, payload, logged)
        case BuildStartedV1():
            row.phase, row.attempt, row.cache_key = "Compiling", payload.attempt, payload.cache_key
        case BuildGatesV1():
            row.gates = [gate.model_dump(mode="json", by_alias=True) for gate in payload.gates]
        case BuildCompletedV1() | BuildCacheHitV1():
            _finish(row, payload, logged)
        case BuildRetryingV1():
            row.phase, row.attempt = "Retrying", payload.attempt
            row.reason, row.message = payload.reason, payload.message
        case BuildFailedV1():
            row.phase, row.attempt = "Failed", payload.attempt
            row.reason, row.message = payload.reason, payload.message
            row.finished_at = logged.event.created_at
        case BuildSuspendedV1():
            row.phase = "Suspended"
        case BuildResumedV1():
            row.phase = "Requested"
        case BuildDeletedV1():
            row.phase = "Deleted"
        case _:
            raise TypeError(f"no rule shows a {type(payload).__name__}")


def _begin(row: ArtifactRow, payload: BuildRequestedV1, logged: Logged) -> None:
    """Start over: a new word to retry asks for everything again."""
    row.phase, row.attempt, row.gates = "Requested", 0, []
    row.target, row.cache_key, row.cache_hit = payload.target, payload.cache_key, None
    row.artifact_uri = row.artifact_sha256 = row.artifact_media_type = None
    row.artifact_size_bytes = row.provenance_uri = row.reason = row.message = None
    row.requested_at, row.finished_at = logged.event.created_at, None


def _finish(row: ArtifactRow, payload: BuildCompletedV1 | BuildCacheHitV1, logged: Logged) -> None:
    row.phase, row.cache_key = "Ready", payload.cache_key
    row.cache_hit = isinstance(payload, BuildCacheHitV1)
    row.artifact_uri, row.artifact_sha256 = payload.artifact.uri, payload.artifact.sha256
    row.artifact_size_bytes = payload.artifact.size_bytes
    row.artifact_media_type = payload.artifact.media_type
    row.provenance_uri = payload.provenance.uri
    row.reason = row.message = None
    row.finished_at = logged.event.created_at
