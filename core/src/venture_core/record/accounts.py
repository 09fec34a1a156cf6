"""Founders' accounts in the database: who may sign in, who is signed in, how often it was tried."""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter
from pydantic.alias_generators import to_camel

from venture_core.record.calls import Calls, NoAnswerError
from venture_core.record.database import Role

if TYPE_CHECKING:
    from uuid import UUID

    from pydantic import SecretStr

type AccountName = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$", max_length=40)
]
type AccountRole = Literal["Founder", "Finance"]
type PasswordHash = Annotated[str, StringConstraints(pattern=r"^\$2b\$12\$[./A-Za-z0-9]{53}$")]
"""bcrypt, all of one cost: the time of a sign-in tells nothing of an account."""

_CREATE: Final = "SELECT record.create_account($1, $2, $3)"
_LIST: Final = "SELECT record.list_accounts()"
_DISABLE: Final = "SELECT record.disable_account($1)"
_BEGIN: Final = "SELECT record.begin_sign_in($1)"
_FINISH: Final = "SELECT record.finish_sign_in($1, $2, $3, $4)"
_SESSION: Final = "SELECT record.founder_session($1)"
_END: Final = "SELECT record.end_founder_session($1)"


class AccountsUnavailableError(Exception):
    """The database does not answer: nobody can be let in now."""


class Account(BaseModel):
    """Somebody who may sign in, without what proves it."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    account: AccountName
    role: AccountRole
    created_at: datetime
    disabled: bool
    locked: bool
    """Whether it was tried too often of late."""


class SignedIn(BaseModel):
    """Whose token it is."""

    model_config = ConfigDict(frozen=True)

    account: AccountName
    role: AccountRole


_ACCOUNTS: Final = TypeAdapter(list[Account])


class Accounts:
    """Asks the database. Everything raises AccountsUnavailableError where it does not answer."""

    def __init__(self, url: SecretStr, *, name: str) -> None:
        """Connect with the control-plane API's login; `name` shows in the list of sessions."""
        self._calls = Calls(url, role=Role.CONTENT, name=name)

    async def create(self, account: str, role: AccountRole, password_hash: str) -> bool:
        """Make an account, or again one that was disabled. False where there is one."""
        return bool((await self._ask(_CREATE, account, role, password_hash))["made"])

    async def list(self) -> list[Account]:
        """Return all accounts by name."""
        return _ACCOUNTS.validate_python(await self._ask(_LIST))

    async def disable(self, account: str) -> bool:
        """Let an account sign in no more and end its sessions. False where there is none."""
        return bool((await self._ask(_DISABLE, account))["known"])

    async def begin(self, account: str) -> str | None:
        """Count a try; return the hash of its password, None where it may not be tried now."""
        found: str | None = (await self._ask(_BEGIN, account))["passwordHash"]
        return found

    async def finish(
        self, account: str, password_hash: str, token_id: UUID, expires_at: datetime
    ) -> AccountRole | None:
        """Open a session after the right password; None where the account changed meanwhile."""
        found = await self._ask(_FINISH, account, password_hash, token_id, expires_at)
        role: AccountRole | None = found["role"]
        return role

    async def session(self, token_id: UUID) -> SignedIn | None:
        """Return whose token it is; None where it does not count, or no longer."""
        found = await self._ask(_SESSION, token_id)
        return None if found is None else SignedIn.model_validate(found)

    async def end(self, token_id: UUID) -> None:
        """Have a token count no more."""
        await self._ask(_END, token_id)

    async def close(self) -> None:
        """Drop the connection."""
        await self._calls.close()

    async def _ask(self, statement: str, *arguments: object) -> Any:  # noqa: ANN401  JSON
        try:
            found = await self._calls.ask(statement, *arguments)
        except NoAnswerError as error:
            raise AccountsUnavailableError(f"the accounts do not answer: {error}") from error
        return None if found is None else json.loads(found)
