"""Who may ask for what: services by their account, agents by what they are assigned to."""

from dataclasses import dataclass
from enum import Enum, auto
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from venture_core.http.callers import bearer_token, caller_of
from venture_core.http.problems import Problem
from venture_core.identity.callers import OtherAccountError, ServiceAccount, Workload

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from uuid import UUID

    from starlette.requests import Request
    from venture_core.http.callers import Authenticate
    from venture_core.http.types import Scope
    from venture_core.identity.callers import Caller
    from venture_core.identity.serviceaccount import ServiceAccounts
    from venture_core.identity.workload import Workloads

    from venture_treasury_api.settings import TreasurySettings


class Right(Enum):
    """What services may do."""

    BUDGETS = auto()
    """Open, change and end budgets, and have intents held and voided."""
    USAGE = auto()
    """Hold and settle usage."""
    FUND = auto()
    """Pay into wallets."""
    READ = auto()
    """Read any namespace's books."""


def rights_of(settings: TreasurySettings) -> Mapping[str, frozenset[Right]]:
    """Return what each account may do; no other account may do anything."""
    return {
        settings.operator_account: frozenset({Right.BUDGETS, Right.READ}),
        settings.gateway_account: frozenset({Right.USAGE}),
        settings.api_account: frozenset({Right.READ}),
        settings.treasurer_account: frozenset({Right.FUND, Right.READ}),
    }


@dataclass(frozen=True, slots=True)
class Spender:
    """The task of a workflow for which an agent works."""

    namespace: str
    workflow_uid: UUID
    task: str
    role: str


type SpenderOf = Callable[[Workload], Awaitable[Spender | None]]
"""Says what an agent's pod is assigned to; None where it is to nothing."""

_FORBIDDEN: Final = "This caller may not do that."


class Access:
    """Answers both questions for routes."""

    def __init__(self, rights: Mapping[str, frozenset[Right]], spender_of: SpenderOf) -> None:
        self._rights = rights
        self._spender_of = spender_of

    def require(self, request: Request, right: Right) -> str:
        """Return the name of the service that calls. Raises Problem 403 without the right."""
        caller: Caller = caller_of(request.scope)
        if isinstance(caller, ServiceAccount) and right in self._rights.get(
            caller.account, frozenset()
        ):
            return caller.name
        raise Problem(HTTPStatus.FORBIDDEN, _FORBIDDEN, code="forbidden")

    async def spender(self, request: Request) -> Spender:
        """Return for which task the caller spends. Raises Problem 403 for all but agents."""
        caller: Caller = caller_of(request.scope)
        if isinstance(caller, Workload) and (found := await self._spender_of(caller)):
            return found
        raise Problem(HTTPStatus.FORBIDDEN, _FORBIDDEN, code="forbidden")


def authentication(workloads: Workloads, accounts: ServiceAccounts) -> Authenticate:
    """Return the way by which callers prove who they are: agents' pods, and services."""

    async def authenticate(scope: Scope) -> Caller:
        try:
            return await workloads.verify(bearer_token(scope))
        except OtherAccountError as error:
            # One review tells whose the token is, be it a pod or a service.
            return accounts.named(error.user)

    return authenticate
