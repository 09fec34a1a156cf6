"""The ArtifactBuild of a task: how it is made, and what it says."""

from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError
from venture_crds.v1alpha1.artifactbuild import ArtifactBuild, ArtifactBuildSpec, Source
from venture_crds.v1alpha1.conditions import Condition, ConditionType, find_condition

from venture_operator.builders.owners import is_owned_by, owner_reference
from venture_operator.domain.conditions import is_true
from venture_operator.domain.labels import (
    MANAGED_BY,
    MANAGED_BY_LABEL,
    TASK_LABEL,
    WORKFLOW_LABEL,
)
from venture_operator.kinds.workflow.outcome import Done, Failed, Working

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pydantic import JsonValue
    from venture_crds.v1alpha1.workflow import Workflow
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


def build_of(workflow: Workflow, task: str, name: str, spec: Body) -> Body:
    """Return the ArtifactBuild of a task's attempt, which goes when the workflow goes."""
    metadata = workflow.metadata
    owner = {
        "apiVersion": workflow.api_version,
        "kind": workflow.kind,
        "metadata": {"name": metadata.name, "uid": metadata.uid},
    }
    return {
        "apiVersion": workflow.api_version,
        "kind": "ArtifactBuild",
        "metadata": {
            "name": name,
            "namespace": metadata.namespace,
            "labels": {
                MANAGED_BY_LABEL: MANAGED_BY,
                WORKFLOW_LABEL: metadata.name,
                TASK_LABEL: task,
            },
            "ownerReferences": [owner_reference(owner)],
        },
        "spec": spec,
    }


def is_ours(found: Mapping[str, Any], wanted: Mapping[str, Any], workflow_uid: str) -> bool:
    """Return whether an object of the name asks for what we want built: others can make one too."""
    try:
        same = _parsed(found) == _parsed(wanted)
    except ValidationError:
        return False
    return same and is_owned_by(found, workflow_uid)


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
    return Working(_said(ready))


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


def _said(ready: Condition) -> str:
    return f"{ready.reason}: {ready.message}".rstrip(": ")


def _parsed(body: Mapping[str, Any]) -> ArtifactBuildSpec:
    controls = {"suspend", "retry", "ttlSecondsAfterFinished"}
    return ArtifactBuildSpec.model_validate(
        {key: value for key, value in body["spec"].items() if key not in controls}
    )
