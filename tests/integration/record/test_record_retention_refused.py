"""No month of the record is dropped while anything is amiss."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import asyncpg
import pytest
from recordlog import until
from recordretention import EMPTY_MONTH, MONTH, NOW, OLD, archiving, distributed, partitions
from venture_core.record.database import Role, connect
from venture_core.record.retention import Archiver, RetentionError, list_archives

if TYPE_CHECKING:
    from uuid import UUID

    from pydantic import SecretStr
    from recordservers import NatsServer
    from venture_core.objectstore import ObjectStore


@pytest.mark.usefixtures("old_workflow")
@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("SELECT", "is not published yet"),
        (
            "INSERT INTO record.relay_positions VALUES ('EVENTS', 1000, 1000, now())",
            "is not in the read models yet",
        ),
        ("UPDATE record.events SET canonical = '' WHERE seq = 3", "does not verify"),
        ("DELETE FROM record.log_index WHERE seq = 3", "holds 40 events, the log 39"),
        ("DELETE FROM record.checkpoints", "no checkpoint covers"),
        ("DELETE FROM record.log_keys", "cannot be verified"),
    ],
)
async def test_nothing_is_dropped_while_anything_is_amiss(
    statement: str,
    problem: str,
    database: SecretStr,
    superuser: asyncpg.Connection,
    store: ObjectStore,
) -> None:
    await superuser.execute(f"SET session_replication_role = replica; {statement}")
    async with archiving(database, store) as archiver:
        with pytest.raises(RetentionError, match=problem):
            await archiver.run(now=NOW, keep_months=12)
    assert MONTH in await partitions(superuser)
    assert await superuser.fetchval(f"SELECT count(*) FROM record.{MONTH}") == OLD  # noqa: S608


async def test_a_month_that_does_not_fit_the_scratch_says_what_to_set(
    database: SecretStr, superuser: asyncpg.Connection, store: ObjectStore, old_workflow: UUID
) -> None:
    connection = await connect(database, Role.ARCHIVER, name="test")
    try:
        with pytest.raises(
            RetentionError, match=r"GiB: set record\.retention\.scratchSize to more"
        ):
            await Archiver(connection, store, scratch_bytes=10_000).run(now=NOW, keep_months=12)
        assert await list_archives(superuser) == []
        roomy = Archiver(connection, store, scratch_bytes=10_000_000)
        assert MONTH in await roomy.run(now=NOW, keep_months=12)
    finally:
        await connection.close()
    assert old_workflow


@pytest.mark.parametrize("lost", ["gone", "changed"])
async def test_an_archive_that_is_not_there_any_more_drops_nothing(
    lost: str,
    database: SecretStr,
    superuser: asyncpg.Connection,
    store: ObjectStore,
    broker: NatsServer,
    old_workflow: UUID,
) -> None:
    """The first run ends between note and drop, as a kill would end it."""
    async with archiving(database, store) as archiver:
        with pytest.raises(RetentionError, match="not published yet"):
            await archiver.run(now=NOW, keep_months=12)
    [archive] = await list_archives(superuser)
    bundle = await store.get(archive.key, max_bytes=10_000_000)
    await distributed(database, broker)
    if lost == "gone":
        await store.delete(archive.key)
    else:
        await store.put(archive.key, bundle[:-1], media_type="application/x-tar")
    async with archiving(database, store) as archiver:
        with pytest.raises(RetentionError, match=r"is gone|is not what was written"):
            await archiver.run(now=NOW, keep_months=12)
        assert await superuser.fetchval(f"SELECT count(*) FROM record.{MONTH}") == OLD  # noqa: S608
        await store.put(archive.key, bundle, media_type="application/x-tar")
        assert MONTH in await archiver.run(now=NOW, keep_months=12)
    assert await superuser.fetchval("SELECT count(DISTINCT workflow_id) FROM record.events") == 1
    assert [each.partition for each in await list_archives(superuser)] == [MONTH]
    assert old_workflow


@pytest.mark.usefixtures("old_workflow")
@pytest.mark.parametrize(
    ("partition", "problem"),
    [
        (MONTH, "holds 40 events that are in no confirmed archive"),
        ("events_2099_01", "is no partition"),
        ("chain_heads", "is no partition"),
        (f"events_{datetime.now(UTC):%Y_%m}", "is not over yet"),
    ],
)
async def test_the_database_itself_refuses_to_drop(
    partition: str, problem: str, database: SecretStr
) -> None:
    connection = await connect(database, Role.CONFIRMER, name="test")
    with pytest.raises(asyncpg.RaiseError, match=problem):
        await connection.execute("SELECT record.venture_detach_partition($1)", partition)
    await connection.close()


async def test_no_month_is_dropped_under_an_append(
    database: SecretStr,
    superuser: asyncpg.Connection,
    store: ObjectStore,
    broker: NatsServer,
    old_workflow: UUID,
) -> None:
    """A long transaction holds the events: the archiver gives up soon, and the next run does it."""
    await distributed(database, broker)
    async with archiving(database, store) as archiver:
        async with superuser.transaction():
            await superuser.fetch("SELECT FROM record.events WHERE workflow_id = $1", old_workflow)
            with pytest.raises(RetentionError, match="lock timeout"):
                await archiver.run(now=NOW, keep_months=12)
        assert MONTH in await archiver.run(now=NOW, keep_months=12)

    async def gone() -> bool:
        return MONTH not in await partitions(superuser)

    await until(gone)


NOTE = (
    "INSERT INTO record.archives "
    "(partition, first_log_index, end_log_index, events, size_bytes, sha256, uri) "
    "VALUES ($1, 0, 40, 40, 1, sha256('mine'), 's3://nowhere')"
)


@pytest.mark.usefixtures("old_workflow")
async def test_who_archives_can_drop_nothing_and_who_confirms_archives_nothing(
    database: SecretStr, superuser: asyncpg.Connection, store: ObjectStore, broker: NatsServer
) -> None:
    """A compromised archiver notes an archive that nobody has, and asks for the month to go."""
    await distributed(database, broker)
    async with archiving(database, store) as retention:
        archiver, confirmer = retention.archiver._connection, retention.confirmer._connection
        await archiver.execute(NOTE, MONTH)
        for statement in (
            "SELECT record.venture_confirm_archive($1, sha256('mine'))",
            "SELECT record.venture_detach_partition($1)",
            "INSERT INTO record.archive_confirmations (partition, sha256) VALUES ($1, sha256('x'))",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await archiver.execute(statement, MONTH)
        with pytest.raises(RetentionError, match="is gone"):
            await retention.confirmer.run(now=NOW, keep_months=12)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await confirmer.execute(NOTE, EMPTY_MONTH)
        with pytest.raises(asyncpg.RaiseError, match="no such archive"):
            await confirmer.execute("SELECT record.venture_confirm_archive($1, 'x')", MONTH)
    assert await superuser.fetchval(f"SELECT count(*) FROM record.{MONTH}") == OLD  # noqa: S608


async def test_nothing_is_counted_before_the_month_is_locked(
    database: SecretStr,
    superuser: asyncpg.Connection,
    store: ObjectStore,
    broker: NatsServer,
    old_workflow: UUID,
) -> None:
    """An append to the month is in progress while it is to be dropped: the month stays."""
    await distributed(database, broker)
    writer = await asyncpg.connect(database.get_secret_value())
    async with archiving(database, store) as retention:
        await retention.archiver.run(now=NOW, keep_months=12)
        transaction = writer.transaction()
        await transaction.start()
        await writer.execute(
            "INSERT INTO record.events SELECT 1, '2025-03-31 23:59:59Z', gen_random_uuid(), "
            "gen_random_uuid(), sha256(''), sha256(''), ''"
        )
        dropping = asyncio.create_task(retention.confirmer.run(now=NOW, keep_months=12))
        await until(lambda: _somebody_waits(superuser))
        await transaction.commit()
        assert MONTH not in await dropping
    assert await superuser.fetchval(f"SELECT count(*) FROM record.{MONTH}") == OLD + 1  # noqa: S608
    assert old_workflow
    await writer.close()


async def _somebody_waits(connection: asyncpg.Connection) -> bool:
    waits: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND database = "
        "(SELECT oid FROM pg_database WHERE datname = current_database()))"
    )
    return waits
