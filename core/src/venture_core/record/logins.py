"""The logins of the programs: each a member of its own roles, made here or only given them."""

import base64
import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import unquote, urlsplit

import asyncpg
from pydantic import BaseModel, ConfigDict, SecretStr, StringConstraints

from venture_core.record.database import CONNECT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_ITERATIONS: Final = 4096
"""Postgres's own default; these passwords are random and long."""


class LoginError(Exception):
    """A login that cannot be made or used; says of whom, and what to do."""


class Login(BaseModel):
    """What a program's login is to be."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    roles: tuple[Annotated[str, StringConstraints(pattern=r"^venture_[a-z_]{1,55}$")], ...]
    own: bool
    """Whether it is made here, with its password; else somebody else has made it."""


def read_urls(folder: Path, logins: Mapping[str, Login]) -> dict[str, SecretStr]:
    """Return the URL of each program's login, from the file <program>.postgres-url.

    Raises LoginError for those that are missing, all at once.
    """
    files = {program: folder / f"{program}.postgres-url" for program in logins}
    missing = [program for program, file in files.items() if not file.is_file()]
    if missing:
        raise LoginError(f"there is no login of {', '.join(missing)}: look at their Secrets")
    return {program: SecretStr(file.read_text().strip()) for program, file in files.items()}


async def provide_logins(
    owner: SecretStr, logins: Mapping[str, Login], urls: Mapping[str, SecretStr]
) -> None:
    """Make the logins that are ours, with the passwords of their URLs, and give all their roles.

    Ours lose what other roles of Venture they have. Raises LoginError, and the driver's errors.
    """
    connection = await asyncpg.connect(owner.get_secret_value(), timeout=CONNECT_SECONDS)
    try:
        async with connection.transaction():
            for program, login in logins.items():
                await _provide(connection, program, login, urls[program])
    finally:
        await connection.close()


async def _provide(
    connection: asyncpg.Connection, program: str, login: Login, url: SecretStr
) -> None:
    parts = urlsplit(url.get_secret_value())
    name, password = unquote(parts.username or ""), unquote(parts.password or "")
    if not name:
        raise LoginError(f"the URL of {program} names no user")
    exists = await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", name)
    if login.own:
        if not exists:
            await _run(connection, "CREATE ROLE %I", name)
        await _run(connection, "ALTER ROLE %I LOGIN PASSWORD %L", name, scram(password))
    elif not exists:
        raise LoginError(
            f"the login {name} of {program} does not exist: create it in the database, or set "
            "postgres.address to have all logins made"
        )
    held = await connection.fetch(
        "SELECT r.rolname FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid "
        "JOIN pg_roles l ON l.oid = m.member WHERE l.rolname = $1",
        name,
    )
    has = {each["rolname"] for each in held}
    for role in sorted(set(login.roles) - has):
        await _run(connection, "GRANT %I TO %I", role, name)
    if login.own:
        for role in sorted(has - set(login.roles)):
            if role.startswith("venture_"):
                await _run(connection, "REVOKE %I FROM %I", role, name)


async def _run(connection: asyncpg.Connection, statement: str, *arguments: str) -> None:
    """Execute a statement that takes no parameters: Postgres itself quotes what goes into it."""
    quoted = await connection.fetchval(
        f"SELECT format($1, {', '.join(f'${at}::text' for at in range(2, len(arguments) + 2))})",
        statement,
        *arguments,
    )
    await connection.execute(quoted)


def scram(password: str, salt: bytes | None = None) -> str:
    """Return what Postgres keeps of a password (SCRAM-SHA-256), so that no log of it has it."""
    salt = salt or secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ITERATIONS)
    client = hmac.digest(salted, b"Client Key", "sha256")
    stored = hashlib.sha256(client).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")

    def text(value: bytes) -> str:
        return base64.b64encode(value).decode()

    return f"SCRAM-SHA-256${_ITERATIONS}:{text(salt)}${text(stored)}:{text(server)}"
