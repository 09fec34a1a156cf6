"""Signing in: a password for a token, slowly for whoever guesses.

An unknown account, a wrong password, a disabled and a locked account get the same answer after the
same work.
"""

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

from pwdlib.hashers.bcrypt import BcryptHasher
from venture_core.http.problems import Problem, try_again
from venture_core.identity.callers import ClusterUser, UnauthenticatedError, UnverifiableError
from venture_core.record.accounts import AccountsUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from venture_core.identity.founder import FounderKey, FounderTokens
    from venture_core.record.accounts import AccountRole, Accounts

AUDIENCE: Final = "venture-founders"
USER_PREFIX: Final = "venture:"
GROUPS: Final[dict[AccountRole, str]] = {
    "Founder": "venture:founders",
    "Finance": "venture:finance",
}
"""The one group of each role, as the cluster knows it."""
HASHES_AT_ONCE: Final = 2
"""A hash takes a quarter of a second of a core."""
WAITING: Final = 32
_NOBODY: Final = "$2b$12$BBbkzXE2GTG/lNQ9KVpOEu3TX1lPHfQ2ylARmtdcAAeEKoQSChMTO"
"""A hash of the right cost that no password has: it was drawn, not computed."""


@dataclass(frozen=True, slots=True)
class Session:
    """What somebody got who signed in."""

    token: str
    account: str
    role: AccountRole
    expires_at: datetime


class SignIn:
    """Lets accounts in, names who holds a token, and lets them out."""

    def __init__(
        self,
        accounts: Accounts,
        key: FounderKey,
        tokens: FounderTokens,
        *,
        issuer: str,
        lifetime_seconds: int,
    ) -> None:
        self._accounts = accounts
        self._key = key
        self._tokens = tokens
        self._issuer = issuer
        self._lifetime = lifetime_seconds
        self._hasher = BcryptHasher(rounds=12)
        self._hashing = asyncio.Semaphore(HASHES_AT_ONCE)
        self._waiting = 0

    async def open(self, account: str, password: str) -> Session:
        """Return a session. Problem 401 where nothing is proved, 429 and 503 where it is tried."""
        with self._place():
            try:
                kept = await self._accounts.begin(account)
                right = await self._is(password, kept or _NOBODY)
                token_id, expires_at = (
                    uuid4(),
                    datetime.now(UTC) + timedelta(seconds=self._lifetime),
                )
                role = (
                    await self._accounts.finish(account, kept, token_id, expires_at)
                    if kept is not None and right
                    else None
                )
            except AccountsUnavailableError as error:
                raise try_again(
                    "Nobody can sign in now: the database does not answer. Try again.",
                    "accounts-unavailable",
                ) from error
        if role is None:
            raise Problem(
                HTTPStatus.UNAUTHORIZED,
                "The account or its password is wrong, or it was tried too often: after five "
                "failures wait half a minute, after each further one for twice as long.",
                code="not-signed-in",
                headers={"WWW-Authenticate": "Bearer"},
            )
        token = self._key.sign(
            issuer=self._issuer,
            audience=AUDIENCE,
            subject=account,
            token_id=str(token_id),
            lifetime_seconds=self._lifetime,
        )
        return Session(token, account, role, expires_at)

    async def user(self, token: str) -> ClusterUser:
        """Return the user as whom the holder of a token acts in the cluster.

        Raises UnauthenticatedError, and UnverifiableError where the database does not answer.
        """
        founder = self._tokens.verify(token)
        try:
            found = await self._accounts.session(_id(founder.token_id))
        except AccountsUnavailableError as error:
            raise UnverifiableError("the database does not answer") from error
        if found is None or found.account != founder.subject:
            raise UnauthenticatedError("the session has ended: sign in again")
        return ClusterUser(
            username=f"{USER_PREFIX}{found.account}", groups=(GROUPS[found.role],), extra={}
        )

    async def close(self, token: str) -> None:
        """End the session of a token that was verified."""
        try:
            await self._accounts.end(_id(self._tokens.verify(token).token_id))
        except AccountsUnavailableError as error:
            raise UnverifiableError("the database does not answer") from error

    async def _is(self, password: str, kept: str) -> bool:
        async with self._hashing:
            try:
                return await asyncio.to_thread(self._hasher.verify, password, kept)
            except ValueError:
                # It has more bytes than the algorithm takes.
                return False

    @contextmanager
    def _place(self) -> Iterator[None]:
        if self._waiting >= WAITING:
            raise Problem(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"{WAITING} others are signing in; try again in a moment.",
                code="too-many-sign-ins",
                headers={"Retry-After": "5"},
            )
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1


def _id(token_id: str) -> UUID:
    try:
        return UUID(token_id)
    except ValueError as error:
        raise UnauthenticatedError("the token is not one of this service") from error
