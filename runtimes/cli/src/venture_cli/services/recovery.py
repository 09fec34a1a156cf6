"""Beginning a new epoch of the log, as whoever may decide that."""

import getpass
import socket
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import asyncpg
from venture_core.record.database import Role, connect
from venture_core.record.recovery import NothingToRecoverError, find_damage, recover

from venture_cli.errors import CliError, ExitCode
from venture_cli.services.events import NAME
from venture_cli.services.recordendpoints import Endpoint, Login

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from venture_core.record.recovery import Damage

    from venture_cli.services.session import Session


@asynccontextmanager
async def _open(session: Session) -> AsyncIterator[asyncpg.Connection]:
    url = await session.record_url(Endpoint.POSTGRES, Login.RECOVERY)
    try:
        connection = await connect(url, Role.RECOVERY, name=NAME)
    except asyncpg.InsufficientPrivilegeError as error:
        raise CliError(
            f"the login may not recover the record: {error}",
            ExitCode.DENIED,
            next_step="Set VENTURE_POSTGRES_URL to a login that is a member of the role "
            f"{Role.RECOVERY}.",
        ) from error
    try:
        yield connection
    finally:
        connection.terminate()


async def look_at_damage(session: Session) -> Damage:
    """Return what is to be recovered from. CliError where there is nothing."""
    async with _open(session) as connection:
        try:
            return await find_damage(connection)
        except NothingToRecoverError as error:
            raise CliError(str(error), ExitCode.NOT_FOUND) from error


async def begin_epoch(session: Session, damage: Damage, *, who: str | None, reason: str) -> int:
    """Begin the epoch that goes on from the damage; return the log's epoch then."""
    decides = who or f"{getpass.getuser()}@{socket.gethostname()}"
    async with _open(session) as connection:
        try:
            return await recover(
                connection, damage, who=decides, reason=reason, now=datetime.now(UTC)
            )
        except asyncpg.RaiseError as error:
            raise CliError(
                str(error), next_step="Look again: the log has changed meanwhile."
            ) from error
