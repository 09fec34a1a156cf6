"""The object that does a task's work: its kind and name, how it is made and known."""

from typing import TYPE_CHECKING, Any, Final

from venture_operator.builders.owners import is_owned_by, owner_reference
from venture_operator.domain.labels import (
    MANAGED_BY,
    MANAGED_BY_LABEL,
    TASK_LABEL,
    WORKFLOW_LABEL,
)
from venture_operator.domain.names import child_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from venture_crds.base import SpecModel
    from venture_crds.v1alpha1.conditions import Condition
    from venture_crds.v1alpha1.workflow import Workflow
    from venture_crds.v1alpha1.workflowtask import Task

type Body = dict[str, Any]

APPROVAL: Final = "Approval"
JOB: Final = "Job"
CONTROLS: Final = frozenset({"suspend", "retry", "ttlSecondsAfterFinished", "revoke"})
"""Fields that people change on a child; the others say what it was made for."""


def child_kind(task: Task) -> str:
    """Return the kind of the object that does a task's work."""
    if task.artifact is not None:
        return "ArtifactBuild"
    if task.money is not None:
        return "MoneyIntent"
    return APPROVAL if task.approval is not None else JOB


def takes_a_place(task: Task) -> bool:
    """Return whether a task that runs is one of `parallelism`: what waits for people is not."""
    return task.agent is not None or task.artifact is not None


def takes_budget(task: Task) -> bool:
    """Return whether a task uses the workflow's budget, which is set aside before it starts."""
    return task.agent is not None or task.money is not None


def child_of(workflow: Workflow, task: str, attempt: int) -> str:
    """Return the name of the child of that attempt, whoever creates it.

    The task is in the hash too: names that are cut must not meet.
    """
    metadata = workflow.metadata
    return child_name(metadata.name, f"{metadata.uid}/{task}", task, attempt)


def child_object(workflow: Workflow, task: str, *, kind: str, name: str, spec: Body) -> Body:
    """Return the child of a task's attempt, which goes when the workflow goes."""
    metadata = workflow.metadata
    owner = {
        "apiVersion": workflow.api_version,
        "kind": workflow.kind,
        "metadata": {"name": metadata.name, "uid": metadata.uid},
    }
    return {
        "apiVersion": workflow.api_version,
        "kind": kind,
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


def is_ours(
    found: Mapping[str, Any],
    wanted: Mapping[str, Any],
    workflow_uid: str,
    spec_type: type[SpecModel],
) -> bool:
    """Return whether an object of the name asks for what we want: others can make one too."""
    try:
        same = _parsed(found, spec_type) == _parsed(wanted, spec_type)
    except ValueError:
        return False
    return same and is_owned_by(found, workflow_uid)


def said(ready: Condition) -> str:
    """Return what a child that is at work waits for, in a sentence."""
    return f"{ready.reason}: {ready.message}".rstrip(": ")


def _parsed(body: Mapping[str, Any], spec_type: type[SpecModel]) -> SpecModel:
    return spec_type.model_validate(
        {key: value for key, value in body["spec"].items() if key not in CONTROLS}
    )
