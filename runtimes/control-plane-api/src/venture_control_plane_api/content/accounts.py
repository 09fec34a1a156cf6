"""Routes of founders' accounts, for administrators of the cluster. Passwords never come here."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from venture_core.http.problems import Problem
from venture_core.identity.access import Action, require_access
from venture_core.record.accounts import (
    AccountName,
    AccountRole,
    AccountsUnavailableError,
    PasswordHash,
)

from venture_control_plane_api.content.answers import answer
from venture_control_plane_api.content.discovery import GROUP, PREFIX
from venture_control_plane_api.services.access import unavailable, user_of

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from venture_core.kubernetes.client import KubernetesClient
    from venture_core.record.accounts import Accounts

ACCOUNTS: Final = "accounts"


class NewAccount(BaseModel):
    """An account to be made."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)

    account: AccountName
    role: AccountRole
    password_hash: PasswordHash


def account_routes(client: KubernetesClient, accounts: Accounts) -> APIRouter:
    """Return the routes. The cluster says who may use them."""
    router = APIRouter()

    async def require(request: Request, verb: str, name: str = "") -> None:
        await require_access(client, user_of(request), Action(verb, GROUP, ACCOUNTS, "", name))

    @router.get(f"{PREFIX}/{ACCOUNTS}")
    async def list_accounts(request: Request) -> Response:
        await require(request, "list")
        found = await _answered(accounts.list())
        items = [each.model_dump(mode="json", by_alias=True) for each in found]
        return answer("AccountList", {"items": items})

    @router.post(f"{PREFIX}/{ACCOUNTS}")
    async def create_account(request: Request, body: NewAccount) -> Response:
        await require(request, "create")
        made = await _answered(accounts.create(body.account, body.role, body.password_hash))
        if not made:
            raise Problem(
                HTTPStatus.CONFLICT,
                f"There is an account {body.account!r}. Disable it first to make it again with "
                "another password.",
                code="account-exists",
            )
        return answer("Account", {"account": body.account}, HTTPStatus.CREATED)

    @router.delete(f"{PREFIX}/{ACCOUNTS}/{{name}}")
    async def disable_account(request: Request, name: Annotated[AccountName, Path()]) -> Response:
        await require(request, "delete", name)
        if not await _answered(accounts.disable(name)):
            raise Problem(HTTPStatus.NOT_FOUND, f"There is no account {name!r}.", code="not-found")
        return answer("Account", {"account": name, "disabled": True})

    return router


async def _answered[T](asking: Awaitable[T]) -> T:
    try:
        return await asking
    except AccountsUnavailableError as error:
        raise unavailable(str(error)) from error
