"""Compile Jobs, their input and their network fence in the cluster."""

from typing import TYPE_CHECKING, Any

from venture_core.kubernetes.errors import AlreadyExistsError
from venture_core.kubernetes.resources import CLUSTER_ROLES, CONFIG_MAPS, JOBS, NETWORK_POLICIES

from venture_operator.builders.networkpolicy import POLICY_NAME, compile_egress_policy
from venture_operator.builders.owners import is_owned_by
from venture_operator.errors import StalledError, TransientError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from venture_core.kubernetes.client import KubernetesClient
    from venture_core.kubernetes.resources import Resource

type Body = dict[str, Any]


class CompileJobStorage:
    """Creates what a compile Job needs, each step safe to repeat."""

    def __init__(
        self, client: KubernetesClient, *, egress: Sequence[Mapping[str, Any]], cluster_role: str
    ) -> None:
        self._client = client
        self._egress = egress
        self._cluster_role = cluster_role

    async def find(self, namespace: str, name: str) -> Body | None:
        """Ask the API server for a Job: the answer that counts when the watch knows of none."""
        return await self._client.get(JOBS, name, namespace)

    async def create_job(self, job: Body, owner_uid: str) -> tuple[Body, bool]:
        """Create the Job or find it created before; return it and whether it is new."""
        return await self._create_owned(JOBS, job, owner_uid)

    async def create_input(self, config_map: Body, job_uid: str) -> None:
        """Create the input of a Job, or find it created before."""
        await self._create_owned(CONFIG_MAPS, config_map, job_uid)

    async def delete_job(self, namespace: str, name: str) -> None:
        """Delete a Job, and with it its pod and input."""
        await self._client.delete(JOBS, name, namespace)

    async def ensure_fence(self, namespace: str) -> None:
        """Make the namespace's egress policy what it has to be, before any compile pod starts."""
        role = await self._client.get(CLUSTER_ROLES, self._cluster_role)
        if role is None:
            message = f"ClusterRole {self._cluster_role}, which owns network policies, is missing"
            raise TransientError("InstallationDamaged", message)
        wanted = compile_egress_policy(namespace, self._egress, role)
        current = await self._client.get(NETWORK_POLICIES, POLICY_NAME, namespace)
        if current is None:
            try:
                await self._client.create(NETWORK_POLICIES, wanted, namespace)
            except AlreadyExistsError:
                # Another build of the namespace was faster, with the same policy.
                return
        elif _differs(current, wanted):
            wanted["metadata"]["resourceVersion"] = current["metadata"]["resourceVersion"]
            await self._client.replace(NETWORK_POLICIES, wanted, namespace)

    async def _create_owned(
        self, resource: Resource, body: Body, owner_uid: str
    ) -> tuple[Body, bool]:
        name, namespace = body["metadata"]["name"], body["metadata"]["namespace"]
        try:
            return await self._client.create(resource, body, namespace), True
        except AlreadyExistsError:
            existing = await self._client.get(resource, name, namespace)
        if existing is None:
            raise TransientError(
                "Vanished", f"{resource.kind} {name} vanished while it was created"
            )
        if not is_owned_by(existing, owner_uid):
            message = f"a {resource.kind} named {name} exists and belongs to something else"
            raise StalledError("NameTaken", message)
        return existing, False


def _differs(current: Body, wanted: Body) -> bool:
    """Compare what we decide; the API server adds defaults only where we leave something out."""
    if _without_empty(current["spec"]) != _without_empty(wanted["spec"]):
        return True
    return bool(current["metadata"].get("ownerReferences") != wanted["metadata"]["ownerReferences"])


def _without_empty(value: Any) -> Any:  # noqa: ANN401  any JSON
    """Drop empty lists: the API server leaves them out of what it returns."""
    match value:
        case dict():
            return {key: _without_empty(item) for key, item in value.items() if item != []}
        case list():
            return [_without_empty(item) for item in value]
        case _:
            return value
