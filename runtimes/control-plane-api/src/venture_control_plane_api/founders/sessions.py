"""Routes of signing in and out."""

from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic.alias_generators import to_camel
from venture_core.http.callers import bearer_token
from venture_core.record.accounts import AccountName, AccountRole

from venture_control_plane_api.services.access import PRIVATE, user_of

if TYPE_CHECKING:
    from venture_control_plane_api.services.signin import SignIn

SESSION: Final = "/v1/session"


class _Model(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True
    )


class Credentials(_Model):
    """What proves an account."""

    account: AccountName
    password: Annotated[SecretStr, Field(min_length=1, max_length=72)]


class OpenedSession(_Model):
    """A session that was opened."""

    token: str
    """To be sent as `Authorization: Bearer <token>`."""
    account: AccountName
    role: AccountRole
    expires_at: datetime


class Whoami(_Model):
    """As whom the caller acts in the cluster."""

    user: str
    groups: tuple[str, ...]


def opening(sign_in: SignIn) -> APIRouter:
    """Return the route that takes a password, which is open to everybody."""
    router = APIRouter(tags=["session"])

    @router.post(SESSION, status_code=HTTPStatus.CREATED)
    async def open_session(body: Credentials, response: Response) -> OpenedSession:
        """Sign in. After five failures an account waits, ever longer."""
        found = await sign_in.open(body.account, body.password.get_secret_value())
        response.headers.update(PRIVATE)
        return OpenedSession(
            token=found.token,
            account=found.account,
            role=found.role,
            expires_at=found.expires_at,
        )

    return router


def opened(sign_in: SignIn) -> APIRouter:
    """Return the routes of whoever is signed in."""
    router = APIRouter(tags=["session"])

    @router.get(SESSION)
    async def whoami(request: Request, response: Response) -> Whoami:
        """Say as whom the caller acts in the cluster."""
        user = user_of(request)
        response.headers.update(PRIVATE)
        return Whoami(user=user.username, groups=user.groups)

    @router.delete(SESSION, status_code=HTTPStatus.NO_CONTENT)
    async def close_session(request: Request) -> Response:
        """Sign out: the token counts no more."""
        await sign_in.close(bearer_token(request.scope))
        return Response(status_code=HTTPStatus.NO_CONTENT)

    return router
