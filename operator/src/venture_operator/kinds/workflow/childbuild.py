"""The ArtifactBuild of a task: what it is asked for, and what it says."""

from typing import TYPE_CHECKING, Any, Final

from venture_crds.v1alpha1.artifactbuild import ArtifactBuild, Source
from venture_crds.v1alpha1.conditions import ConditionType, find_condition

from venture_operator.domain.conditions import is_true
from venture_operator.kinds.workflow.childobject import said
from venture_operator.kinds.workflow.outcome import Done, Failed, Working

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pydantic import JsonValue
    from venture_crds.v1alpha1.workflowtask import ArtifactTask, Task

    from venture_operator.kinds.workflow.outcome import Outcome

type Body = dict[str, Any]

COMPILE_SECONDS_MAX: Final = 3600


def build_spec(task: Task, order: ArtifactTask, inline: dict[str, JsonValue] | None) -> Body:
    """Return the spec of the build, with the values of its inline document filled in."""
    ordered = (
        order if inline is None else order.model_copy(update={"source": Source(inline=inline)})
    )
    return ordered.to_json() | {"timeoutSeconds": min(task.timeout_seconds, COMPILE_SECONDS_MAX)}


def build_outcome(body: Mapping[str, Any]) -> Outcome:
    """Return what a build says; one that is ended is given whole."""
    build = ArtifactBuild.model_validate(body)
    status = build.status
    ready = find_condition(status.conditions, ConditionType.READY)
    if ready is None or status.observed_generation != build.metadata.generation:
        return Working()
    at = status.finished_at or ready.last_transition_time
    if is_true(status.conditions, ConditionType.STALLED):
        return Failed(ready.reason, ready.message, at)
    if is_true(status.conditions, ConditionType.READY) and status.artifact is not None:
        return _done(build, at)
    return Working(said(ready))


def _done(build: ArtifactBuild, at: datetime) -> Done:
    artifact = build.status.artifact
    if artifact is None:
        raise AssertionError("asked for builds that have one")
    output: dict[str, JsonValue] = {
        "name": build.metadata.name,
        "uri": artifact.uri,
        "sha256": artifact.sha256,
        "sizeBytes": artifact.size_bytes,
        "mediaType": artifact.media_type,
    }
    return Done(output, at)
