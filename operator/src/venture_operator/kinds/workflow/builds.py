"""ArtifactBuilds that tasks of Workflows ask for: created, looked at and deleted."""

from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError
from venture_core.kubernetes.errors import ForbiddenError, InvalidError
from venture_core.workflows.references import MissingValueError, TooMuchError, fill
from venture_crds.v1alpha1.workflowstatus import WorkflowReason

from venture_operator.domain.stubs import is_settled
from venture_operator.kinds.workflow.childbuild import build_of, build_outcome, build_spec, is_ours
from venture_operator.kinds.workflow.errors import RefusedError
from venture_operator.kinds.workflow.values import values_of
from venture_operator.storage.watched import ObjectKey

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue
    from venture_crds.v1alpha1.workflow import Workflow
    from venture_crds.v1alpha1.workflowstatus import TaskChild, WorkflowStatus
    from venture_crds.v1alpha1.workflowtask import Task

    from venture_operator.kinds.workflow.outcome import Outcome
    from venture_operator.storage.objects import Objects
    from venture_operator.storage.watched import WatchedObjects

type Body = dict[str, Any]

KIND: Final = "ArtifactBuild"
_DENIED: Final = "denied"
"""Stands in what an admission rule says, and not where the operator lacks a right."""


class Builds:
    """The builds of Workflows. Everything may raise KubernetesError."""

    def __init__(self, objects: Objects, watched: Mapping[str, WatchedObjects]) -> None:
        self._objects = objects
        self._watched = watched

    async def outcome(self, namespace: str, child: TaskChild) -> Outcome | None:
        """Return what the build says; None where it is not there, or is another one.

        A child without a uid is one that nobody knows to have been created.
        """
        if not child.uid:
            return None
        key = ObjectKey(namespace, child.name)
        known = self._watched[KIND].get(key)
        if known is None or known["metadata"]["uid"] != child.uid or is_settled(known):
            # Only the API server can say that it is gone, and what is kept of an ended one is
            # too little.
            known = await self._objects.get(namespace, child.name)
        if known is None or known["metadata"]["uid"] != child.uid:
            return None
        return build_outcome(known)

    async def create(
        self, workflow: Workflow, task: Task, status: WorkflowStatus, name: str
    ) -> Body:
        """Create the build of a task, or find it created before. Raises RefusedError."""
        wanted = self._wanted(workflow, task, status, name)
        try:
            made, is_new = await self._objects.create(wanted)
        except InvalidError as error:
            raise RefusedError(WorkflowReason.CHILD_REFUSED, error.message) from error
        except ForbiddenError as error:
            if _DENIED not in error.message:
                raise
            raise RefusedError(WorkflowReason.CHILD_REFUSED, error.message) from error
        if not is_new and not is_ours(made, wanted, workflow.metadata.uid):
            message = f"there is another ArtifactBuild {name}: delete it, and retry"
            raise RefusedError(WorkflowReason.CHILD_REFUSED, message)
        return made

    async def delete(self, namespace: str, child: TaskChild) -> None:
        """Delete a build, unless another one has its name."""
        await self._objects.delete(namespace, child.name, child.uid)

    def _wanted(self, workflow: Workflow, task: Task, status: WorkflowStatus, name: str) -> Body:
        order = task.artifact
        if order is None:
            raise AssertionError("asked for artifact tasks")
        inline: dict[str, JsonValue] | None = None
        try:
            if order.source.inline is not None:
                filled = fill(order.source.inline, values_of(workflow, status))
                inline = filled if isinstance(filled, dict) else None
            return build_of(workflow, task.name, name, build_spec(task, order, inline))
        except (MissingValueError, TooMuchError) as error:
            raise RefusedError(WorkflowReason.OUTPUT_MISSING, str(error)) from error
        except ValidationError as error:
            raise RefusedError(WorkflowReason.CHILD_REFUSED, "the document is too large") from error
