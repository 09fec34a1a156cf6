"""Asking the API server whose token it is: TokenReview, for one audience."""

from typing import TYPE_CHECKING, Any

from venture_core.identity.callers import UnauthenticatedError
from venture_core.kubernetes.resources import TOKEN_REVIEWS

if TYPE_CHECKING:
    from venture_core.kubernetes.client import KubernetesClient


async def user_of(client: KubernetesClient, token: str, audience: str) -> dict[str, Any]:
    """Return the user that a token proves: `username`, `groups`, `extra`.

    Raises UnauthenticatedError, and KubernetesError where the API server does not answer.
    """
    review = await client.create(
        TOKEN_REVIEWS,
        {
            "apiVersion": TOKEN_REVIEWS.api_version,
            "kind": TOKEN_REVIEWS.kind,
            "spec": {"token": token, "audiences": [audience]},
        },
    )
    status = review.get("status", {})
    if not status.get("authenticated"):
        raise UnauthenticatedError("the token is not valid")
    # An API server that does not know audiences leaves them out.
    if audience not in status.get("audiences", []):
        raise UnauthenticatedError("the token was made for another audience")
    user: dict[str, Any] = status["user"]
    return user
