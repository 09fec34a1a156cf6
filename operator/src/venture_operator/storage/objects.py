"""Objects of one kind in the cluster: their status, their Events, their end."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from venture_core.kubernetes.bounded import read_object
from venture_core.kubernetes.errors import AlreadyExistsError, ConflictError, NotFoundError
from venture_core.kubernetes.resources import EVENTS

from venture_operator.builders.event import transition_event
from venture_operator.domain.mergepatch import merge_patch

if TYPE_CHECKING:
    from venture_core.kubernetes.client import KubernetesClient
    from venture_core.kubernetes.resources import Resource

    from venture_operator.domain.plan import Transition

type Body = dict[str, Any]


class Objects:
    """Reads and writes the objects of one kind. Everything may raise KubernetesError."""

    def __init__(self, client: KubernetesClient, resource: Resource, *, reporter: str) -> None:
        self._client = client
        self._resource = resource
        self._reporter = reporter

    async def get(self, namespace: str, name: str) -> Body | None:
        """Return the whole object as it is now, None where there is none of that name.

        Of one that is too large to read there is no `spec` (`venture_core.kubernetes.bounded`).
        """
        return await self._client.get(self._resource, name, namespace, read=read_object)

    async def create(self, body: Body) -> tuple[Body, bool]:
        """Create an object, or find the one of its name; return it and whether it is new.

        Raises NotFoundError where it vanished meanwhile.
        """
        metadata = body["metadata"]
        try:
            return await self._client.create(self._resource, body, metadata["namespace"]), True
        except AlreadyExistsError:
            existing = await self.get(metadata["namespace"], metadata["name"])
        if existing is None:
            raise NotFoundError(404, "NotFound", f"{metadata['name']} vanished meanwhile")
        return existing, False

    async def write_status(self, body: Body, status: Body) -> Body | None:
        """Write what differs between the object's status and `status`; return the new object.

        Returns None where nothing differs. Raises ConflictError where the object changed since
        `body` was read, NotFoundError where it is gone.
        """
        patch = merge_patch(body.get("status", {}), status)
        if not patch:
            return None
        metadata = body["metadata"]
        change = {"metadata": {"resourceVersion": metadata["resourceVersion"]}, "status": patch}
        return await self._client.patch(
            self._resource,
            metadata["name"],
            change,
            metadata.get("namespace"),
            subresource="status",
            read=read_object,
        )

    async def post_event(self, body: Body, transition: Transition) -> None:
        """Post an Event about the object; one that says the same was posted already is success."""
        event = transition_event(
            body,
            reason=transition.reason,
            message=transition.message,
            warning=transition.warning,
            reporter=self._reporter,
            now=datetime.now(UTC),
        )
        try:
            await self._client.create(EVENTS, event, event["metadata"]["namespace"])
        except AlreadyExistsError:
            return

    async def delete(self, namespace: str, name: str, uid: str) -> None:
        """Delete the object of that uid; one that is gone is success, another's name is safe."""
        body = {
            "kind": "DeleteOptions",
            "apiVersion": "v1",
            "propagationPolicy": "Background",
            "preconditions": {"uid": uid},
        }
        path = self._resource.path(namespace, name)
        try:
            await self._client.request("DELETE", self._resource.plural, path, body=body)
        except NotFoundError, ConflictError:
            return
