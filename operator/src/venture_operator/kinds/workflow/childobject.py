"""The object of ours that does a task's work, beside its Workflow: how it is made and known."""

from typing import TYPE_CHECKING, Any, Final

from venture_operator.builders.owners import is_owned_by, owner_reference
from venture_operator.domain.labels import (
    MANAGED_BY,
    MANAGED_BY_LABEL,
    TASK_LABEL,
    WORKFLOW_LABEL,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from venture_crds.base import SpecModel
    from venture_crds.v1alpha1.conditions import Condition
    from venture_crds.v1alpha1.workflow import Workflow

type Body = dict[str, Any]

CONTROLS: Final = frozenset({"suspend", "retry", "ttlSecondsAfterFinished", "revoke"})
"""Fields that people change on a child; the others say what it was made for."""


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
