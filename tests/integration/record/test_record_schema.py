"""The schema of the record: reversible, migrated by one at a time, and closed to everyone."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING
from uuid import uuid7

import asyncpg
import pytest
from recordevents import started
from venture_core.record.append import append_in_transaction
from venture_core.record.database import SERVICE_ROLES, Role, connect
from venture_core.record.migrate import MigrationInProgressError, migrate
from venture_core.record.migrations.script import DataLossError
from venture_core.record.producer import EventProducer

if TYPE_CHECKING:
    from pydantic import SecretStr
    from recordservers import PostgresServer

KEPT_FOR_EVER = {
    "events": "canonical",
    "event_ids": "seq",
    "log_index": "seq",
    "log_nodes": "hash",
    "checkpoints": "size",
    "archives": "events",
}
LOCK = "hashtextextended('record.migrations', 0)"


async def _fill(database: SecretStr, events: int = 5) -> None:
    workflow = uuid7()
    async with EventProducer(database, name="test") as producer:
        await producer.append_all(started(workflow, number) for number in range(1, events + 1))


async def _objects(connection: asyncpg.Connection) -> set[str]:
    rows = await connection.fetch(
        "SELECT c.relkind::text || ' ' || c.relname AS name FROM pg_class c "
        "WHERE relnamespace = 'record'::regnamespace UNION ALL "
        "SELECT 'f ' || proname FROM pg_proc WHERE pronamespace = 'record'::regnamespace"
    )
    return {row["name"] for row in rows}


async def test_down_and_up_again_leaves_the_same_schema(
    database: SecretStr, superuser: asyncpg.Connection
) -> None:
    before = await _objects(superuser)
    assert await migrate(database, "base") is None
    assert await _objects(superuser) == {"r schema_version", "i schema_version_pkc"}
    await migrate(database)
    assert await _objects(superuser) == before
    await _fill(database)


async def test_a_downgrade_never_destroys_events_unasked(
    database: SecretStr, superuser: asyncpg.Connection
) -> None:
    await _fill(database, events=3)
    with pytest.raises(DataLossError, match=r"record\.events"):
        await migrate(database, "base")
    assert await superuser.fetchval("SELECT count(*) FROM record.events") == 3

    await migrate(database, "base", allow_data_loss=True)
    await migrate(database)
    assert await superuser.fetchval("SELECT count(*) FROM record.events") == 0


async def test_two_migrations_never_run_at_once(
    database: SecretStr, superuser: asyncpg.Connection
) -> None:
    assert await superuser.fetchval(f"SELECT pg_try_advisory_lock({LOCK})")
    with pytest.raises(MigrationInProgressError):
        await migrate(database)
    await superuser.fetchval(f"SELECT pg_advisory_unlock({LOCK})")
    assert await migrate(database) is not None


@pytest.mark.parametrize("role", list(Role))
async def test_no_role_changes_what_is_kept_for_ever(database: SecretStr, role: Role) -> None:
    connection = await connect(database, role, name="test")
    for table, column in KEPT_FOR_EVER.items():
        for statement in ("UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0}"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement.format(f"record.{table}", column))
    await connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {} SET canonical = canonical",
        "DELETE FROM {}",
        "TRUNCATE {}",
    ],
)
@pytest.mark.parametrize("grant_first", [False, True])
async def test_even_the_owner_changes_no_event(
    database: SecretStr, superuser: asyncpg.Connection, statement: str, *, grant_first: bool
) -> None:
    await _fill(database)
    partition = await superuser.fetchval("SELECT tableoid::regclass::text FROM record.events")
    await superuser.execute("SET ROLE venture_owner")
    for table in ("record.events", partition):
        if grant_first:
            await superuser.execute(f"GRANT UPDATE, DELETE, TRUNCATE ON {table} TO venture_owner")
        with pytest.raises(asyncpg.InsufficientPrivilegeError) as caught:
            await superuser.execute(statement.format(table))
        assert ("only grows" in str(caught.value)) == grant_first


async def test_a_producer_appends_and_can_do_nothing_else(database: SecretStr) -> None:
    connection = await connect(database, Role.PRODUCER, name="test")
    async with connection.transaction():
        await append_in_transaction(connection, [started(uuid7(), 1)])
    for statement in (
        "SELECT FROM record.events",
        "SELECT FROM record.chain_heads",
        "SELECT FROM record.personal_data",
        "INSERT INTO record.unsequenced DEFAULT VALUES",
        "INSERT INTO record.log_index DEFAULT VALUES",
        "SELECT record.venture_ensure_partitions(1)",
        "SELECT record.venture_erase_personal_data('somebody', '', NULL, NULL, '')",
        "CREATE TABLE record.mine (a int)",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    await connection.close()


async def test_no_role_but_its_own_may_append(database: SecretStr) -> None:
    for role in set(Role) - {Role.PRODUCER}:
        connection = await connect(database, role, name="test")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with connection.transaction():
                await append_in_transaction(connection, [started(uuid7(), 1)])
        await connection.close()


async def test_partitions_are_made_ahead_once(superuser: asyncpg.Connection) -> None:
    ensure = "SELECT record.venture_ensure_partitions(5)"
    assert await superuser.fetchval(ensure) == 2
    assert await superuser.fetchval(ensure) == 0
    bounds = await superuser.fetch(
        "SELECT pg_get_expr(c.relpartbound, c.oid) AS bound FROM pg_inherits i "
        "JOIN pg_class c ON c.oid = inhrelid WHERE inhparent = 'record.events'::regclass "
        "ORDER BY relname"
    )
    assert len(bounds) == 6
    assert all("-01 00:00:00+00" in row["bound"] for row in bounds)


async def test_a_login_that_is_no_superuser_may_own_the_record(
    postgres: PostgresServer, superuser: asyncpg.Connection
) -> None:
    """As with a managed database: the login may create roles and schemas, and nothing more."""
    login, name = f"login_{secrets.token_hex(4)}", f"managed_{secrets.token_hex(4)}"
    await superuser.execute(f"CREATE ROLE {login} LOGIN CREATEROLE")
    await superuser.execute(f"CREATE DATABASE {name} OWNER {login}")
    # Where the server knows the roles already, the login must have been made their member.
    await superuser.execute(f"GRANT venture_owner, {', '.join((*Role, *SERVICE_ROLES))} TO {login}")
    url = postgres.url(name, user=login)
    await migrate(url)
    await _fill(url)
    assert await migrate(url, "base", allow_data_loss=True) is None
    await postgres.drop_database(url)
