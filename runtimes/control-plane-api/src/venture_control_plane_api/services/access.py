"""Whose content it is: the cluster says what a user may do, and only then anything is looked up.

So what a user may not see looks the same whether it is there or not.
"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError
from venture_core.http.callers import caller_of
from venture_core.http.problems import Problem, try_again
from venture_core.identity.access import Action, require_access
from venture_core.identity.callers import ClusterUser
from venture_core.kubernetes.bounded import UNREADABLE, UnreadableError, read_object
from venture_core.kubernetes.errors import ForbiddenError, KubernetesError
from venture_core.kubernetes.resources import ARTIFACT_BUILDS, WORKFLOWS
from venture_crds.v1alpha1.artifactbuild import ArtifactBuildStatus
from venture_crds.v1alpha1.workflowstatus import WorkflowStatus

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection
    from venture_core.kubernetes.client import KubernetesClient
    from venture_core.kubernetes.resources import Resource
    from venture_crds.base import StatusModel

GROUP: Final = ARTIFACT_BUILDS.group
PLURAL: Final = ARTIFACT_BUILDS.plural
PRIVATE: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
"""Headers of answers that are the caller's own."""


@dataclass(frozen=True, slots=True)
class Build:
    """An ArtifactBuild whose user may read it."""

    namespace: str
    name: str
    uid: str
    status: ArtifactBuildStatus


@dataclass(frozen=True, slots=True)
class Flow:
    """A Workflow whose user may read it."""

    name: str
    uid: str
    status: WorkflowStatus


class Access:
    """Asks the cluster. Everything raises Problem where the user may not, or it cannot be asked."""

    def __init__(self, client: KubernetesClient) -> None:
        self._client = client

    async def build(self, user: ClusterUser, namespace: str, name: str) -> Build:
        """Return a build that the user may get."""
        body = await self._get(ARTIFACT_BUILDS, user, namespace, name)
        return Build(namespace, name, body["metadata"]["uid"], _status(ArtifactBuildStatus, body))

    async def workflow(self, user: ClusterUser, namespace: str, name: str) -> Flow:
        """Return a workflow that the user may get."""
        body = await self._get(WORKFLOWS, user, namespace, name)
        return Flow(name, body["metadata"]["uid"], _status(WorkflowStatus, body))

    async def _get(
        self, resource: Resource, user: ClusterUser, namespace: str, name: str
    ) -> dict[str, Any]:
        plural = resource.plural
        await require_access(self._client, user, Action("get", GROUP, plural, namespace, name))
        try:
            body = await self._client.get(resource, name, namespace, read=read_object)
        except ForbiddenError as error:
            raise Problem(
                HTTPStatus.NOT_FOUND,
                f"This release of Venture does not serve the namespace {namespace}.",
                code="not-served",
            ) from error
        except (KubernetesError, UnreadableError) as error:
            raise unavailable(f"the API server says: {error}") from error
        if body is None:
            raise Problem(
                HTTPStatus.NOT_FOUND,
                f"There is no {plural} {name!r} in namespace {namespace!r}.",
                code="not-found",
            )
        return body

    async def may_upload(self, user: ClusterUser, namespace: str) -> None:
        """Return if the user may create builds there: what they upload is for those."""
        await require_access(self._client, user, Action("create", GROUP, PLURAL, namespace))


def user_of(request: HTTPConnection) -> ClusterUser:
    """Return the user of the cluster who calls, or as whom a founder acts."""
    caller = caller_of(request.scope)
    if not isinstance(caller, ClusterUser):
        raise TypeError("only users of the cluster come this way")
    return caller


def unavailable(why: str) -> Problem:
    """Return the problem that may pass."""
    return try_again(f"This cannot be read now: {why}. Try again.", "unavailable")


def _status[S: StatusModel](kind: type[S], body: dict[str, object]) -> S:
    """Return what the operator wrote; nothing of a status that cannot be read, which is not its."""
    if UNREADABLE in body:
        return kind()
    try:
        return kind.model_validate(body.get("status") or {})
    except ValidationError:
        return kind()
