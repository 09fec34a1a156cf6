"""The values that a task's references stand for: inputs, and outputs of tasks before it."""

from typing import TYPE_CHECKING

from venture_core.workflows.references import Values

if TYPE_CHECKING:
    from venture_crds.v1alpha1.workflow import Workflow
    from venture_crds.v1alpha1.workflowstatus import WorkflowStatus


def values_of(workflow: Workflow, status: WorkflowStatus) -> Values:
    """Return what every reference of the workflow stands for, as far as there are outputs."""
    return Values(
        inputs={each.name: each.value for each in workflow.spec.inputs},
        outputs={each.name: each.output for each in status.tasks if each.output is not None},
    )
