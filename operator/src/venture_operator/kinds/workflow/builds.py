"""ArtifactBuilds that tasks of Workflows ask for."""

from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError
from venture_core.workflows.references import MissingValueError, TooMuchError, fill
from venture_crds.v1alpha1.workflowstatus import WorkflowReason

from venture_operator.kinds.workflow.childbuild import build_outcome, build_spec
from venture_operator.kinds.workflow.childobject import child_object
from venture_operator.kinds.workflow.errors import RefusedError
from venture_operator.kinds.workflow.values import values_of

if TYPE_CHECKING:
    from datetime import datetime

    from pydantic import JsonValue
    from venture_crds.v1alpha1.workflow import Workflow
    from venture_crds.v1alpha1.workflowstatus import TaskStatus, WorkflowStatus
    from venture_crds.v1alpha1.workflowtask import Task

    from venture_operator.kinds.workflow.outcome import Outcome
    from venture_operator.kinds.workflow.ownobjects import OwnObjects

type Body = dict[str, Any]

KIND: Final = "ArtifactBuild"


class Builds:
    """The builds of Workflows. Everything may raise KubernetesError."""

    def __init__(self, objects: OwnObjects) -> None:
        self._objects = objects

    async def outcome(
        self, workflow: Workflow, task: Task, status: TaskStatus, now: datetime
    ) -> Outcome | None:
        """Return what the build of a task says; None where it is not there, or is another one."""
        del task, now
        if status.child is None:
            return None
        found = await self._objects.find(workflow.metadata.namespace, status.child)
        return None if found is None else build_outcome(found)

    async def create(
        self, workflow: Workflow, task: Task, status: WorkflowStatus, name: str
    ) -> Body:
        """Create the build of a task, or find it created before. Raises RefusedError."""
        return await self._objects.create(workflow, _wanted(workflow, task, status, name))


def _wanted(workflow: Workflow, task: Task, status: WorkflowStatus, name: str) -> Body:
    order = task.artifact
    if order is None:
        raise AssertionError("asked for artifact tasks")
    inline: dict[str, JsonValue] | None = None
    try:
        if order.source.inline is not None:
            filled = fill(order.source.inline, values_of(workflow, status))
            inline = filled if isinstance(filled, dict) else None
        spec = build_spec(task, order, inline)
    except (MissingValueError, TooMuchError) as error:
        raise RefusedError(WorkflowReason.OUTPUT_MISSING, str(error)) from error
    except ValidationError as error:
        raise RefusedError(WorkflowReason.CHILD_REFUSED, "the document is too large") from error
    return child_object(workflow, task.name, kind=KIND, name=name, spec=spec)
