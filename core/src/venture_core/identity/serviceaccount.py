"""Service accounts, by their token for our audience, whoever holds it: a pod, or a person.

Whoever may create a service account's token acts as it: the cluster's RBAC decides who may. Nothing
is remembered: there is no event that would end it.
"""

from typing import TYPE_CHECKING, Final

from venture_core.identity.callers import ServiceAccount, UnauthenticatedError, UnverifiableError
from venture_core.identity.tokenreview import user_of
from venture_core.kubernetes.errors import KubernetesError

if TYPE_CHECKING:
    from venture_core.kubernetes.client import Body, KubernetesClient

PREFIX: Final = "system:serviceaccount:"
"""How the names of service accounts begin, as users."""


class ServiceAccounts:
    """Verifies tokens of one namespace's service accounts. The client may create TokenReviews."""

    def __init__(self, client: KubernetesClient, *, audience: str, namespace: str) -> None:
        self._client = client
        self._audience = audience
        self._namespace = namespace

    async def verify(self, token: str) -> ServiceAccount:
        """Return the account that a token is of.

        Raises UnauthenticatedError, and UnverifiableError where the API server does not answer.
        """
        try:
            user = await user_of(self._client, token, self._audience)
        except KubernetesError as error:
            raise UnverifiableError(f"the API server says {error.reason}") from error
        return self.named(user)

    def named(self, user: Body) -> ServiceAccount:
        """Return the account of a user whom a TokenReview named. Raises UnauthenticatedError."""
        prefix = f"{PREFIX}{self._namespace}:"
        if not user["username"].startswith(prefix):
            raise UnauthenticatedError("the token is of no service account of this release")
        return ServiceAccount(self._namespace, user["username"].removeprefix(prefix))
