"""The books of a namespace, out of the treasury, for whoever may see all its work and money."""

from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
from venture_core.http.problems import Problem
from venture_core.identity.access import Action, require_access
from venture_core.kubernetes.resources import MONEY_INTENTS, WORKFLOWS
from venture_core.treasury.client import TreasuryRefusedError, TreasuryUnavailableError

from venture_control_plane_api.services.access import unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from venture_core.identity.callers import ClusterUser
    from venture_core.kubernetes.client import KubernetesClient
    from venture_core.treasury.client import TreasuryClient
    from venture_core.treasury.models import Budget, Statement

log = structlog.get_logger(__name__)


class Books:
    """Reads with this service's own token, once the cluster has said that the user may.

    All raise Problem.
    """

    def __init__(self, client: KubernetesClient, treasury: TreasuryClient) -> None:
        self._client = client
        self._treasury = treasury

    async def budgets(self, user: ClusterUser, namespace: str) -> tuple[Budget, ...]:
        """Return a namespace's wallets and the open budgets below them."""
        await self._require(user, namespace)
        with _answered():
            return await self._treasury.tree(namespace)

    async def statement(
        self, user: ClusterUser, namespace: str, currency: str, after: int
    ) -> Statement:
        """Return a page of a wallet's statement; one without entries where there is no wallet."""
        await self._require(user, namespace)
        with _answered():
            return await self._treasury.statement(namespace, currency, after=after)

    async def _require(self, user: ClusterUser, namespace: str) -> None:
        for resource in (WORKFLOWS, MONEY_INTENTS):
            action = Action("list", resource.group, resource.plural, namespace)
            await require_access(self._client, user, action)


@contextmanager
def _answered() -> Iterator[None]:
    try:
        yield
    except TreasuryUnavailableError as error:
        raise unavailable(str(error)) from error
    except TreasuryRefusedError as error:
        log.warning("treasury_refuses_us", reason=str(error)[:500])
        raise Problem(
            HTTPStatus.BAD_GATEWAY,
            "The treasury does not take this service's word; its log says why.",
            code="treasury-refuses-us",
        ) from error
