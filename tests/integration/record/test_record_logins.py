"""The logins that the installation guide describes: one for migrations, one for the processes."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest
from recordservers import PostgresServer
from venture_core.record.database import SERVICE_ROLES, Role, connect
from venture_core.record.migrate import migrate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "install.md"
PROCESSES = "venture_processes"
PLAYED = (*set(Role) - {Role.AUDITOR, Role.PRIVACY, Role.RECOVERY},)


@pytest.fixture
async def server() -> AsyncIterator[PostgresServer]:
    """Run a server with nothing in it: roles belong to a whole server."""
    with tempfile.TemporaryDirectory(prefix="venture-postgres-") as folder:
        started = PostgresServer(Path(folder))
        await started.start()
        yield started
        started.stop()


async def prepare(server: PostgresServer) -> None:
    """Do what the guide says, as the superuser."""
    (script,) = re.findall(r"```sql\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    connection = await asyncpg.connect(server.url("postgres").get_secret_value())
    try:
        for statement in script.split(";\n"):
            if statement.strip():
                await connection.execute(statement)
    finally:
        await connection.close()


async def test_the_guide_s_logins_can_do_their_part_and_no_more(server: PostgresServer) -> None:
    await prepare(server)
    revision = await migrate(server.url("venture", "venture_migration"))
    assert revision is not None
    assert await migrate(server.url("venture", "venture_migration")) == revision

    url = server.url("venture", PROCESSES)
    for role in PLAYED:
        connection = await connect(url, role, name="tests")
        assert await connection.fetchval("SELECT current_user") == role.value
        await connection.close()
    connection = await asyncpg.connect(url.get_secret_value())
    try:
        for role in ("venture_owner", "venture_migration", Role.PRIVACY.value, Role.RECOVERY.value):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(f"SET ROLE {role}")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("DELETE FROM record.events")
        # What the preflight asks of every login.
        await connection.execute("CREATE TEMPORARY TABLE asked (value int)")
    finally:
        await connection.close()


async def test_one_login_that_owns_the_database_can_do_everything(server: PostgresServer) -> None:
    connection = await asyncpg.connect(server.url("postgres").get_secret_value())
    await connection.execute("CREATE ROLE venture LOGIN CREATEROLE")
    await connection.execute("CREATE DATABASE venture OWNER venture")
    await connection.close()
    url = server.url("venture", "venture")
    await migrate(url)
    for role in PLAYED:
        connection = await connect(url, role, name="tests")
        await connection.close()


async def test_every_service_has_a_role_that_may_append(server: PostgresServer) -> None:
    """A login needs its service's role and no other; one that migrates may take each on."""
    admin = await asyncpg.connect(server.url("postgres").get_secret_value())
    await admin.execute("CREATE ROLE migration LOGIN CREATEROLE")
    await admin.execute("CREATE DATABASE venture OWNER migration")
    await migrate(server.url("venture", "migration"))
    await migrate(server.url("venture", "migration"))
    for number, role in enumerate(SERVICE_ROLES):
        await admin.execute(f"CREATE ROLE login_{number} LOGIN; GRANT {role} TO login_{number}")
        connection = await connect(
            server.url("venture", f"login_{number}"), Role.PRODUCER, name="tests"
        )
        for other in (*SERVICE_ROLES, *Role):
            is_its = other in {role, Role.PRODUCER}
            member = "SELECT pg_has_role(session_user, $1, 'MEMBER')"
            assert await connection.fetchval(member, other) == is_its
        await connection.close()
    await admin.close()
