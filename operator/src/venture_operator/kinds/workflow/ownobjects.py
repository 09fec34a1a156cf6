"""Objects of one kind of ours that tasks of Workflows ask for: created, looked at, deleted."""

from typing import TYPE_CHECKING, Any, Final

from venture_core.kubernetes.errors import ForbiddenError, InvalidError
from venture_crds.v1alpha1.workflowstatus import WorkflowReason

from venture_operator.domain.stubs import is_settled
from venture_operator.kinds.workflow.childobject import is_ours
from venture_operator.kinds.workflow.errors import RefusedError
from venture_operator.storage.watched import ObjectKey

if TYPE_CHECKING:
    from collections.abc import Mapping

    from venture_crds.base import SpecModel
    from venture_crds.v1alpha1.workflow import Workflow
    from venture_crds.v1alpha1.workflowstatus import TaskChild

    from venture_operator.storage.objects import Objects
    from venture_operator.storage.watched import WatchedObjects

type Body = dict[str, Any]

_DENIED: Final = "denied"
"""Stands in what an admission rule says, and not where the operator lacks a right."""


class OwnObjects:
    """The children of one kind. Everything may raise KubernetesError."""

    def __init__(
        self,
        kind: str,
        spec_type: type[SpecModel],
        objects: Objects,
        watched: Mapping[str, WatchedObjects],
    ) -> None:
        self._kind = kind
        self._spec_type = spec_type
        self._objects = objects
        self._watched = watched

    async def find(self, namespace: str, child: TaskChild) -> Body | None:
        """Return the child whole; None where it is not there, or is another one.

        A child without a uid is one that nobody knows to have been created.
        """
        if not child.uid:
            return None
        known = self._watched[self._kind].get(ObjectKey(namespace, child.name))
        if known is None or known["metadata"]["uid"] != child.uid or is_settled(known):
            # Only the API server can say that it is gone, and what is kept of an ended one is
            # too little.
            known = await self._objects.get(namespace, child.name)
        if known is None or known["metadata"]["uid"] != child.uid:
            return None
        return known

    async def create(self, workflow: Workflow, wanted: Body) -> Body:
        """Create a child, or find it created before. Raises RefusedError."""
        try:
            made, is_new = await self._objects.create(wanted)
        except InvalidError as error:
            raise RefusedError(WorkflowReason.CHILD_REFUSED, error.message) from error
        except ForbiddenError as error:
            if _DENIED not in error.message:
                raise
            raise RefusedError(WorkflowReason.CHILD_REFUSED, error.message) from error
        if not is_new and not is_ours(made, wanted, workflow.metadata.uid, self._spec_type):
            name = wanted["metadata"]["name"]
            message = f"there is another {self._kind} {name}: delete it, and retry"
            raise RefusedError(WorkflowReason.CHILD_REFUSED, message)
        return made

    async def delete(self, namespace: str, child: TaskChild) -> None:
        """Delete a child, unless another one has its name."""
        await self._objects.delete(namespace, child.name, child.uid)
