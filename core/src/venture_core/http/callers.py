"""Who calls: named before an application sees the request, and refused where nobody is named."""

from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import structlog

from venture_core.http.problems import Problem, try_again
from venture_core.http.types import REQUESTS, header
from venture_core.identity.callers import Caller, UnauthenticatedError, UnverifiableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from venture_core.http.types import Application, Receive, Scope, Send

CALLER: Final = "venture.caller"
MAX_TOKEN_BYTES: Final = 8192
BEARER_PROTOCOL: Final = "bearer."
"""How a protocol that a WebSocket offers begins where the rest of it is a token."""

type Authenticate = Callable[[Scope], Awaitable[Caller]]
"""Names the caller of a request. Raises UnauthenticatedError or UnverifiableError."""


def caller_of(scope: Scope) -> Caller:
    """Return who calls; in a route of FastAPI give it `request.scope`."""
    caller: Caller = scope[CALLER]
    return caller


def bearer_token(scope: Scope) -> str:
    """Return the token of the Authorization header. Raises UnauthenticatedError without one.

    A page cannot send that header with a WebSocket: it offers the protocol `bearer.<token>`.
    """
    value = header(scope, b"authorization")
    if value is None and (offered := _offered_token(scope)) is not None:
        return offered
    if value is None:
        raise UnauthenticatedError("one Authorization header with a Bearer token is required")
    scheme, _, token = value.partition(b" ")
    if scheme.lower() != b"bearer" or not token or len(token) > MAX_TOKEN_BYTES:
        raise UnauthenticatedError("the Authorization header must hold a Bearer token")
    try:
        return token.decode("ascii")
    except UnicodeDecodeError as error:
        raise UnauthenticatedError("the Bearer token must be ASCII") from error


def _offered_token(scope: Scope) -> str | None:
    offered = [
        each.removeprefix(BEARER_PROTOCOL)
        for each in scope.get("subprotocols", ())
        if each.startswith(BEARER_PROTOCOL)
    ]
    return offered[0] if len(offered) == 1 and len(offered[0]) <= MAX_TOKEN_BYTES else None


@contextmanager
def unless_named() -> Iterator[None]:
    """Have it be a Problem that nobody is named: 401, or 503 where nobody can be asked."""
    try:
        yield
    except UnauthenticatedError as error:
        raise Problem(
            HTTPStatus.UNAUTHORIZED,
            f"{error}.",
            code="unauthenticated",
            headers={"WWW-Authenticate": "Bearer"},
        ) from error
    except UnverifiableError as error:
        raise try_again(
            f"Who calls cannot be verified now: {error}.", "identity-unavailable"
        ) from error


def first_of(*ways: Authenticate) -> Authenticate:
    """Return the way that tries several: the first that names a caller counts.

    An UnverifiableError of one does not keep another from naming the caller.
    """

    async def authenticate(scope: Scope) -> Caller:
        failures: list[UnauthenticatedError | UnverifiableError] = []
        for way in ways:
            try:
                return await way(scope)
            except (UnauthenticatedError, UnverifiableError) as error:
                failures.append(error)
        unverifiable = [each for each in failures if isinstance(each, UnverifiableError)]
        raise unverifiable[0] if unverifiable else failures[-1]

    return authenticate


class Callers:
    """Middleware: notes who calls in the scope; 401 where nobody can be named."""

    def __init__(self, app: Application, authenticate: Authenticate) -> None:
        self._app = app
        self._authenticate = authenticate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] not in REQUESTS:
            await self._app(scope, receive, send)
            return
        with unless_named():
            caller = await self._authenticate(scope)
        scope[CALLER] = caller
        with structlog.contextvars.bound_contextvars(caller=caller.name):
            await self._app(scope, receive, send)
