"""Retention: a month goes to the object store, whole and proven, before the database drops it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid7

import asyncpg
import pytest
from recordevents import started
from recordlog import SIGNER, caught_up, sequencing, until
from recordrelay import published, relaying, stream_holds
from venture_core.events.bundle import open_bundle
from venture_core.events.verify import verify_bundle, verify_series
from venture_core.messaging.streams import EVENTS
from venture_core.record import metrics
from venture_core.record.append import OtherContentError
from venture_core.record.confirming import Confirmer
from venture_core.record.crosscheck import crosscheck
from venture_core.record.database import Role, connect
from venture_core.record.export import export_bundle
from venture_core.record.producer import EventProducer
from venture_core.record.projection.projector import (
    Projector,
    RecordIncompleteError,
    projection_engine,
)
from venture_core.record.proofs import CannotProveError, prove_event
from venture_core.record.reading import unlogged_events
from venture_core.record.restoring import restore_month
from venture_core.record.retention import (
    Archiver,
    RetentionError,
    archived_end,
    due_partitions,
    list_archives,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from pydantic import SecretStr
    from recordservers import NatsServer
    from venture_core.objectstore import ObjectStore

OLD, KEPT = 40, 25
MONTH = "events_2025_03"
NOW = datetime(2026, 11, 26, tzinfo=UTC)
EMPTY_MONTH = "events_2025_04"


@pytest.fixture
async def workflow(database: SecretStr, superuser: asyncpg.Connection) -> UUID:
    """Log a workflow's events, and make the first of them more than a year old."""
    name = uuid7()
    async with sequencing(database), EventProducer(database, name="test") as producer:
        await producer.append_all(started(name, number) for number in range(1, OLD + 1))
        await caught_up(superuser, OLD)
        await producer.append_all(
            started(name, number) for number in range(OLD + 1, OLD + KEPT + 1)
        )
        await caught_up(superuser, OLD + KEPT)
    await superuser.execute("SET ROLE venture_owner")
    for partition, first, after in (
        (MONTH, "2025-03-01", "2025-04-01"),
        (EMPTY_MONTH, "2025-04-01", "2025-05-01"),
    ):
        await superuser.execute(
            f"CREATE TABLE record.{partition} PARTITION OF record.events "
            f"FOR VALUES FROM ('{first} 00:00Z') TO ('{after} 00:00Z')"
        )
    await superuser.execute("RESET ROLE; SET session_replication_role = replica")
    for table in ("events", "event_ids", "log_index"):
        await superuser.execute(
            f"UPDATE record.{table} SET appended_at = '2025-03-09 12:00Z' WHERE seq <= {OLD}"  # noqa: S608
        )
    await superuser.execute("SET session_replication_role = origin")
    return name


class Retention:
    """Both halves, as the two programs run them one after the other."""

    def __init__(self, archiver: Archiver, confirmer: Confirmer) -> None:
        self.archiver = archiver
        self.confirmer = confirmer

    async def run(self, *, now: datetime, keep_months: int) -> list[str]:
        await self.archiver.run(now=now, keep_months=keep_months)
        return await self.confirmer.run(now=now, keep_months=keep_months)


@asynccontextmanager
async def archiving(database: SecretStr, store: ObjectStore) -> AsyncIterator[Retention]:
    archiver = await connect(database, Role.ARCHIVER, name="test")
    confirmer = await connect(database, Role.CONFIRMER, name="test")
    try:
        yield Retention(Archiver(archiver, store), Confirmer(confirmer, store))
    finally:
        await archiver.close()
        await confirmer.close()


async def _distributed(database: SecretStr, broker: NatsServer) -> None:
    """Publish and project the whole log."""
    client = await broker.connect()
    async with relaying(database, broker.url()):
        await stream_holds(client, OLD + KEPT)
    await client.close()
    engine = projection_engine(database)
    await Projector(engine).catch_up()
    await engine.dispose()


async def _partitions(connection: asyncpg.Connection) -> set[str]:
    rows = await connection.fetch(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits "
        "WHERE inhparent = 'record.events'::regclass"
    )
    return {row["name"].removeprefix("record.") for row in rows}


async def test_a_month_is_archived_with_its_proofs_and_dropped(
    database: SecretStr,
    superuser: asyncpg.Connection,
    store: ObjectStore,
    broker: NatsServer,
    workflow: UUID,
    tmp_path: Path,
) -> None:
    await _distributed(database, broker)
    async with archiving(database, store) as archiver:
        assert await archiver.run(now=NOW, keep_months=12) == [MONTH, EMPTY_MONTH]
        assert await archiver.run(now=NOW, keep_months=12) == []
    assert await _partitions(superuser) & {MONTH, EMPTY_MONTH} == set()
    assert await superuser.fetchval("SELECT count(*) FROM record.events") == KEPT

    [archive] = await list_archives(superuser)
    assert (archive.first_log_index, archive.end_log_index, archive.events) == (0, OLD, OLD)
    packed = tmp_path / "archive.tar"
    packed.write_bytes(await store.get(archive.key, max_bytes=10_000_000))
    assert packed.stat().st_size == archive.size_bytes
    report = verify_bundle(open_bundle(packed), [SIGNER.verifier])
    assert report.ok
    assert report.entries >= OLD

    async with sequencing(database), EventProducer(database, name="test") as producer:
        [repeated] = await producer.append_all(
            [started(workflow, 1, event_id=await _first_id(superuser))]
        )
        assert (repeated.is_new, repeated.seq, repeated.this_event_hash) == (False, 1, None)
        [fresh] = await producer.append_all([started(workflow, OLD + KEPT + 1)])
        assert fresh.seq == OLD + KEPT + 1
        await caught_up(superuser, OLD + KEPT + 1)


async def _first_id(connection: asyncpg.Connection) -> UUID:
    first: UUID = await connection.fetchval("SELECT event_id FROM record.event_ids WHERE seq = 1")
    return first


async def test_what_is_left_is_read_as_before(
    database: SecretStr,
    superuser: asyncpg.Connection,
    store: ObjectStore,
    broker: NatsServer,
    workflow: UUID,
    tmp_path: Path,
) -> None:
    await _distributed(database, broker)
    async with archiving(database, store) as archiver:
        await archiver.run(now=NOW, keep_months=12)

    auditor = await connect(database, Role.AUDITOR, name="test")
    first = await archived_end(auditor)
    await export_bundle(auditor, tmp_path / "bundle", first=first)
    report = verify_bundle(open_bundle(tmp_path / "bundle"), [SIGNER.verifier])
    assert (report.ok, report.first, report.entries) == (True, OLD, KEPT)
    assert (await crosscheck(auditor)).faults == ()
    assert await unlogged_events(auditor) == []
    with pytest.raises(CannotProveError, match="2025-03; where that month is archived"):
        await prove_event(auditor, await _first_id(superuser))
    await auditor.close()

    engine = projection_engine(database)
    with pytest.raises(RecordIncompleteError, match=MONTH):
        await Projector(engine).rebuild()
    await engine.dispose()
    row = await superuser.fetchrow("SELECT * FROM projection.workflows")
    assert (row["workflow_id"], row["events"]) == (workflow, OLD + KEPT)


async def test_a_stream_made_anew_gets_what_is_left(
    database: SecretStr, store: ObjectStore, broker: NatsServer, workflow: UUID
) -> None:
    await _distributed(database, broker)
    async with archiving(database, store) as archiver:
        await archiver.run(now=NOW, keep_months=12)
    client = await broker.connect()
    await client.jetstream().delete_stream(EVENTS)
    archived, missing = _count(metrics.RELAY_ARCHIVED), _count(metrics.RELAY_MISSING)
    async with relaying(database, broker.url()):
        await stream_holds(client, KEPT)
    assert [each.log_index for each in await published(client)] == list(range(OLD, OLD + KEPT))
    assert (_count(metrics.RELAY_ARCHIVED), _count(metrics.RELAY_MISSING)) == (
        archived + OLD,
        missing,
    )
    assert {each.event["workflow_id"] for each in await published(client)} == {str(workflow)}
    await client.close()


def _count(counter: metrics.Counter) -> float:
    [family] = counter.collect()
    return next(each.value for each in family.samples if each.name.endswith("_total"))


async def test_months_that_overlap_in_the_log_are_archived_one_after_the_other(
    database: SecretStr,
    superuser: asyncpg.Connection,
    store: ObjectStore,
    broker: NatsServer,
    workflow: UUID,
    tmp_path: Path,
) -> None:
    """Around midnight commits are not in time order: April begins in the log before March ends."""
    await superuser.execute("SET session_replication_role = replica")
    april = "appended_at = '2025-04-01 00:00:01Z' WHERE seq IN (38, 39, 41, 42)"
    for table in ("events", "event_ids", "log_index"):
        await superuser.execute(f"UPDATE record.{table} SET {april}")  # noqa: S608
    await _distributed(database, broker)
    async with archiving(database, store) as archiver:
        assert await archiver.run(now=NOW, keep_months=12) == [MONTH, EMPTY_MONTH]
    archives = await list_archives(superuser)
    assert [(each.first_log_index, each.end_log_index) for each in archives] == [(0, 40), (40, 42)]
    for number, archive in enumerate(archives):
        packed = tmp_path / f"{number}.tar"
        packed.write_bytes(await store.get(archive.key, max_bytes=10_000_000))
        assert verify_bundle(open_bundle(packed), [SIGNER.verifier]).ok
    # With what is left they are one log again, with every chain whole across the borders.
    await export_bundle(superuser, tmp_path / "rest", first=42)
    parts = [open_bundle(tmp_path / name) for name in ("0.tar", "1.tar", "rest")]
    report = verify_series(parts, [SIGNER.verifier])
    assert report.finding is None
    assert (report.bundles, report.first, report.entries) == (3, 0, OLD + KEPT)
    assert await superuser.fetchval("SELECT count(*) FROM record.events") == OLD + KEPT - 42
    assert workflow


@pytest.mark.usefixtures("workflow")
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
    assert MONTH in await _partitions(superuser)
    assert await superuser.fetchval(f"SELECT count(*) FROM record.{MONTH}") == OLD  # noqa: S608


@pytest.mark.parametrize("lost", ["gone", "changed"])
async def test_an_archive_that_is_not_there_any_more_drops_nothing(
    lost: str,
    database: SecretStr,
    superuser: asyncpg.Connection,
    store: ObjectStore,
    broker: NatsServer,
    workflow: UUID,
) -> None:
    """The first run ends between note and drop, as a kill would end it."""
    async with archiving(database, store) as archiver:
        with pytest.raises(RetentionError, match="not published yet"):
            await archiver.run(now=NOW, keep_months=12)
    [archive] = await list_archives(superuser)
    bundle = await store.get(archive.key, max_bytes=10_000_000)
    await _distributed(database, broker)
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
    assert workflow


@pytest.mark.usefixtures("workflow")
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
    workflow: UUID,
) -> None:
    """A long transaction holds the events: the archiver gives up soon, and the next run does it."""
    await _distributed(database, broker)
    async with archiving(database, store) as archiver:
        async with superuser.transaction():
            await superuser.fetch("SELECT FROM record.events WHERE workflow_id = $1", workflow)
            with pytest.raises(RetentionError, match="lock timeout"):
                await archiver.run(now=NOW, keep_months=12)
        assert MONTH in await archiver.run(now=NOW, keep_months=12)

    async def gone() -> bool:
        return MONTH not in await _partitions(superuser)

    await until(gone)


@pytest.mark.parametrize(
    ("keep_months", "due"),
    [
        (1, ["events_2025_12", "events_2026_01"]),
        (2, ["events_2025_12"]),
        (3, []),
    ],
)
def test_whole_months_before_this_one_are_kept(keep_months: int, due: list[str]) -> None:
    names = [
        "events_2026_04", "events_2026_03", "events_2026_02", "events_2026_01", "events_2025_12",
        "events_default", "events_2025_12_copy",
    ]  # fmt: skip
    now = datetime(2026, 3, 31, 23, 59, tzinfo=UTC)
    assert due_partitions(names, now=now, keep_months=keep_months) == due
    with pytest.raises(ValueError, match="at least one"):
        due_partitions(names, now=now, keep_months=0)


NOTE = (
    "INSERT INTO record.archives "
    "(partition, first_log_index, end_log_index, events, size_bytes, sha256, uri) "
    "VALUES ($1, 0, 40, 40, 1, sha256('mine'), 's3://nowhere')"
)


@pytest.mark.usefixtures("workflow")
async def test_who_archives_can_drop_nothing_and_who_confirms_archives_nothing(
    database: SecretStr, superuser: asyncpg.Connection, store: ObjectStore, broker: NatsServer
) -> None:
    """A compromised archiver notes an archive that nobody has, and asks for the month to go."""
    await _distributed(database, broker)
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


async def test_an_event_that_came_after_its_month_was_archived_stops_nothing(
    database: SecretStr,
    superuser: asyncpg.Connection,
    store: ObjectStore,
    broker: NatsServer,
    workflow: UUID,
) -> None:
    """A transaction that was open at the month's end committed after the archive was made."""
    await _distributed(database, broker)
    async with archiving(database, store) as retention:
        await retention.archiver.run(now=NOW, keep_months=12)
        await _move(superuser, OLD + 1, "2025-03-31 23:59:59Z")
        # March stays until an archive holds its last event; that is no error, and April goes.
        assert await retention.run(now=NOW, keep_months=12) == [EMPTY_MONTH]
        assert MONTH in await _partitions(superuser)

        await superuser.execute("SET ROLE venture_owner")
        await superuser.execute(
            "SELECT record.make_partition('2025-05-01Z'), record.attach_partition('2025-05-01Z')"
        )
        await superuser.execute("RESET ROLE")
        await _move(superuser, OLD + 2, "2025-05-02 12:00Z")
        assert await retention.run(now=NOW, keep_months=12) == [MONTH, "events_2025_05"]
    assert await superuser.fetchval("SELECT count(*) FROM record.events") == KEPT - 2
    assert workflow


async def _move(superuser: asyncpg.Connection, seq: int, moment: str) -> None:
    """Let the event with this number have been appended at another moment."""
    await superuser.execute("SET session_replication_role = replica")
    for table in ("events", "event_ids", "log_index"):
        await superuser.execute(
            f"UPDATE record.{table} SET appended_at = '{moment}' WHERE seq = {seq}"  # noqa: S608
        )
    await superuser.execute("SET session_replication_role = origin")


async def test_nothing_is_counted_before_the_month_is_locked(
    database: SecretStr,
    superuser: asyncpg.Connection,
    store: ObjectStore,
    broker: NatsServer,
    workflow: UUID,
) -> None:
    """An append to the month is in progress while it is to be dropped: the month stays."""
    await _distributed(database, broker)
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
    assert workflow
    await writer.close()


async def _somebody_waits(connection: asyncpg.Connection) -> bool:
    waits: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND database = "
        "(SELECT oid FROM pg_database WHERE datname = current_database()))"
    )
    return waits


async def test_a_month_comes_back_as_it_was_and_stays_as_long_as_asked_for(
    database: SecretStr,
    superuser: asyncpg.Connection,
    store: ObjectStore,
    broker: NatsServer,
    workflow: UUID,
    tmp_path: Path,
) -> None:
    await superuser.execute("SET session_replication_role = replica")
    april = "appended_at = '2025-04-01 00:00:01Z' WHERE seq IN (38, 39, 41, 42)"
    for table in ("events", "event_ids", "log_index"):
        await superuser.execute(f"UPDATE record.{table} SET {april}")  # noqa: S608
    await superuser.execute("SET session_replication_role = origin")
    everything = "SELECT * FROM record.events ORDER BY seq"
    before = await superuser.fetch(everything)
    await _distributed(database, broker)
    async with archiving(database, store) as retention:
        assert await retention.run(now=NOW, keep_months=12) == [MONTH, EMPTY_MONTH]
        archiver = retention.archiver._connection
        for month, events in ((EMPTY_MONTH, 4), (MONTH, 38)):
            assert await restore_month(archiver, store, month, keep_days=30) == events
        assert await superuser.fetch(everything) == before
        await export_bundle(archiver, tmp_path / "whole")
        assert verify_bundle(open_bundle(tmp_path / "whole"), [SIGNER.verifier]).ok

        assert await retention.run(now=NOW, keep_months=12) == []
        with pytest.raises(asyncpg.RaiseError, match="is in the database"):
            await restore_month(archiver, store, MONTH, keep_days=30)
        await superuser.execute("UPDATE record.restored_months SET keep_until = now()")
        assert await retention.run(now=NOW, keep_months=12) == [MONTH, EMPTY_MONTH]
        # What comes again is still compared, by its digest.
        first = started(workflow, 2, event_id=await _first_id(superuser))
        async with EventProducer(database, name="test") as producer:
            with pytest.raises(OtherContentError):
                await producer.append(first)


async def test_nothing_comes_back_that_the_log_does_not_know(
    database: SecretStr, superuser: asyncpg.Connection, store: ObjectStore, broker: NatsServer,
    workflow: UUID,
) -> None:  # fmt: skip
    await _distributed(database, broker)
    async with archiving(database, store) as retention:
        await retention.run(now=NOW, keep_months=12)
        archiver = retention.archiver._connection
        restore = "SELECT record.venture_restore_events($1, $2, $3, $4)"
        with pytest.raises(asyncpg.RaiseError, match="is not archived"):
            await archiver.execute("SELECT record.venture_begin_restore('events_2020_01')")
        await archiver.execute("SELECT record.venture_begin_restore($1)", MONTH)
        forged = started(workflow, 1).canonical_bytes()
        with pytest.raises(asyncpg.PostgresError, match="not the event that the log has at 0"):
            await archiver.execute(restore, MONTH, [0], [bytes(32)], [forged])
        with pytest.raises(asyncpg.RaiseError, match=f"0 events of {MONTH} are there, and {OLD}"):
            await archiver.execute("SELECT record.venture_finish_restore($1, 30)", MONTH)
    assert MONTH not in await _partitions(superuser)
