"""Jobs and their inputs in the work namespace, where nobody but the operator may write.

Names are deterministic, so whoever repeats a step after a crash finds what is there. The namespace
is what makes a Job of that name and those labels ours: in a namespace of users anybody could have
created it.
"""

from typing import TYPE_CHECKING, Any

from venture_core.kubernetes.errors import (
    AlreadyExistsError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
)
from venture_core.kubernetes.resources import EVENTS, JOBS, SECRETS
from venture_crds.v1alpha1.reasons import CommonReason

from venture_operator.builders.owners import is_owned_by
from venture_operator.domain.labels import (
    MANAGED_BY,
    MANAGED_BY_LABEL,
    OWNER_UID_LABEL,
    WORKER_LABEL,
)
from venture_operator.domain.references import owner_of
from venture_operator.errors import StalledError, TransientError, WaitingError

if TYPE_CHECKING:
    from venture_core.kubernetes.client import KubernetesClient
    from venture_core.kubernetes.resources import Resource

type Body = dict[str, Any]

REFUSED_RETRY_SECONDS = 30.0


class Children:
    """The work namespace. Everything may raise KubernetesError."""

    def __init__(self, client: KubernetesClient, namespace: str) -> None:
        self._client = client
        self.namespace = namespace

    async def find_job(self, name: str) -> Body | None:
        """Ask the API server for a Job: the answer that counts when the watch knows of none."""
        return await self._client.get(JOBS, name, self.namespace)

    async def jobs(self) -> list[Body]:
        """List the Jobs of all owners."""
        selector = f"{MANAGED_BY_LABEL}={MANAGED_BY}"
        return await self._client.list(JOBS, self.namespace, label_selector=selector)

    async def jobs_of(self, owner_uid: str) -> list[Body]:
        """List the Jobs of the owner of that uid."""
        selector = f"{MANAGED_BY_LABEL}={MANAGED_BY},{OWNER_UID_LABEL}={owner_uid}"
        return await self._client.list(JOBS, self.namespace, label_selector=selector)

    async def workers(self) -> list[Body]:
        """List the Jobs that were started ahead, whether they were given work or not."""
        selector = f"{MANAGED_BY_LABEL}={MANAGED_BY},{WORKER_LABEL}"
        return await self._client.list(JOBS, self.namespace, label_selector=selector)

    async def claim_job(self, job: Body, labels: dict[str, str]) -> Body:
        """Give a Job these labels besides; return it as it is then.

        Raises ConflictError where it is not any more what `job` says, NotFoundError where it went.
        """
        metadata = job["metadata"]
        known = {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}
        patch = {"metadata": {**known, "labels": labels}}
        return await self._client.patch(JOBS, metadata["name"], patch, self.namespace)

    async def create_job(self, job: Body) -> tuple[Body, bool]:
        """Create the Job or find it created before; return it and whether it is new.

        Raises WaitingError where a quota or an admission rule of the namespace forbids it.
        """
        made, is_new = await self._create(JOBS, job)
        if not is_new and owner_of(made) != owner_of(job):
            message = f"another owner has Job {job['metadata']['name']}"
            raise StalledError(CommonReason.NAME_TAKEN, message)
        return made, is_new

    async def create_input(self, secret: Body, job_uid: str) -> None:
        """Create the input of a Job, or find it created before."""
        made, is_new = await self._create(SECRETS, secret)
        if not is_new and not is_owned_by(made, job_uid):
            # That of an earlier Job of the name, which the garbage collector will take.
            name = made["metadata"]["name"]
            await self._client.delete(SECRETS, name, self.namespace)
            raise TransientError(CommonReason.JOB_REFUSED, f"an old input of Job {name} goes")

    async def delete_job(self, name: str) -> None:
        """Delete a Job, and with it its pod and input."""
        await self._client.delete(JOBS, name, self.namespace)

    async def delete_unchanged(self, job: Body) -> bool:
        """Delete a Job if it is still what `job` says; return whether it goes."""
        metadata = job["metadata"]
        known = {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}
        options = {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": known}
        options["propagationPolicy"] = "Background"
        path = JOBS.path(self.namespace, metadata["name"])
        try:
            await self._client.request("DELETE", JOBS.plural, path, body=options)
        except ConflictError:
            return False
        except NotFoundError:
            return True
        return True

    async def refusal_of(self, job: Body) -> str:
        """Return why the Job controller could create no pod, empty where it did not say so."""
        events = await self._client.list(
            EVENTS,
            self.namespace,
            field_selector=f"involvedObject.uid={job['metadata']['uid']},reason=FailedCreate",
        )
        newest = max(events, key=lambda each: str(each.get("lastTimestamp") or ""), default=None)
        return "" if newest is None else f"FailedCreate: {newest.get('message', '')}"

    async def _create(self, resource: Resource, body: Body) -> tuple[Body, bool]:
        name = body["metadata"]["name"]
        try:
            return await self._client.create(resource, body, self.namespace), True
        except AlreadyExistsError:
            existing = await self._client.get(resource, name, self.namespace)
        except (ForbiddenError, InvalidError) as error:
            # A quota, an admission rule, a namespace that goes: the condition says which.
            raise WaitingError(
                CommonReason.JOB_REFUSED, error.message, after_seconds=REFUSED_RETRY_SECONDS
            ) from error
        if existing is None:
            message = f"{resource.kind} {name} vanished while it was created"
            raise TransientError(CommonReason.JOB_REFUSED, message)
        return existing, False
