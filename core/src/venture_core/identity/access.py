"""Whether a user of the cluster may do something: the API server decides (SubjectAccessReview)."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, override

from venture_core.http.problems import Problem, try_again
from venture_core.kubernetes.errors import KubernetesError
from venture_core.kubernetes.resources import SUBJECT_ACCESS_REVIEWS

if TYPE_CHECKING:
    from venture_core.identity.callers import ClusterUser
    from venture_core.kubernetes.client import KubernetesClient


@dataclass(frozen=True, slots=True)
class Action:
    """What is asked for, in RBAC's words."""

    verb: str
    group: str
    resource: str
    namespace: str
    name: str = ""
    subresource: str = ""

    @override
    def __str__(self) -> str:
        """Say it as kubectl would."""
        resource = f"{self.resource}/{self.subresource}" if self.subresource else self.resource
        return f"{self.verb} {resource} in API group {self.group!r} in namespace {self.namespace!r}"


async def require_access(client: KubernetesClient, user: ClusterUser, action: Action) -> None:
    """Raise a Problem unless the cluster's authorizers allow the user this."""
    body = {
        "apiVersion": SUBJECT_ACCESS_REVIEWS.api_version,
        "kind": SUBJECT_ACCESS_REVIEWS.kind,
        "spec": {
            "user": user.username,
            "groups": list(user.groups),
            "extra": {key: list(values) for key, values in user.extra.items()},
            "resourceAttributes": {
                "verb": action.verb,
                "group": action.group,
                "resource": action.resource,
                "subresource": action.subresource,
                "namespace": action.namespace,
                "name": action.name,
            },
        },
    }
    try:
        review = await client.create(SUBJECT_ACCESS_REVIEWS, body)
    except KubernetesError as error:
        raise try_again(
            f"Whether you may do this cannot be asked now: the API server says {error.reason}.",
            "authorization-unavailable",
        ) from error
    status = review.get("status", {})
    if not status.get("allowed") or status.get("denied"):
        name = f" {action.name!r}" if action.name else ""
        raise Problem(
            HTTPStatus.FORBIDDEN,
            f"User {user.username!r} cannot {action}{name}.",
            code="forbidden",
        )
