"""Months of the record move to S3 with their proofs, and what is left is read as before."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid7

import pytest
from recordevents import started
from recordlog import SIGNER, caught_up, sequencing
from recordrelay import published, relaying, stream_holds
from recordretention import (
    EMPTY_MONTH,
    KEPT,
    MONTH,
    NOW,
    OLD,
    archiving,
    distributed,
    first_id,
    old_workflow_in,
    partitions,
)
from structlog.testing import capture_logs
from venture_core.events.bundle import open_bundle
from venture_core.events.verify import verify_bundle, verify_series
from venture_core.messaging.streams import EVENTS
from venture_core.record import metrics
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
from venture_core.record.retention import archived_end, due_partitions, list_archives

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    import asyncpg
    from pydantic import SecretStr
    from recordservers import NatsServer
    from venture_core.objectstore import ObjectStore


async def test_a_month_is_archived_with_its_proofs_and_dropped(
    database: SecretStr,
    superuser: asyncpg.Connection,
    store: ObjectStore,
    broker: NatsServer,
    old_workflow: UUID,
    tmp_path: Path,
) -> None:
    await distributed(database, broker)
    async with archiving(database, store) as archiver:
        assert await archiver.run(now=NOW, keep_months=12) == [MONTH, EMPTY_MONTH]
        assert await archiver.run(now=NOW, keep_months=12) == []
    assert await partitions(superuser) & {MONTH, EMPTY_MONTH} == set()
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
            [started(old_workflow, 1, event_id=await first_id(superuser))]
        )
        assert (repeated.is_new, repeated.seq, repeated.this_event_hash) == (False, 1, None)
        [fresh] = await producer.append_all([started(old_workflow, OLD + KEPT + 1)])
        assert fresh.seq == OLD + KEPT + 1
        await caught_up(superuser, OLD + KEPT + 1)


async def test_an_event_spelled_otherwise_keeps_no_month(
    database: SecretStr, superuser: asyncpg.Connection, store: ObjectStore, broker: NatsServer
) -> None:
    """A service wrote its payload as no encoder of ours does: it is named, and what was signed."""
    event = started(uuid7(), 1)
    odd = event.canonical_bytes().replace(b'"attempt":1', b'"attempt": 1')
    await superuser.execute(
        "SELECT record.venture_append_events($1, $2, $3)",
        [event.event_id],
        [event.workflow_id],
        [odd],
    )
    await old_workflow_in(database, superuser)
    await distributed(database, broker)
    with capture_logs() as logged:
        async with archiving(database, store) as archiver:
            assert await archiver.run(now=NOW, keep_months=12) == [MONTH, EMPTY_MONTH]
    told = [line["event_id"] for line in logged if line["event"].startswith("archives an event")]
    assert told == [str(event.event_id)] * 2  # by each of the two that look
    assert await superuser.fetchval("SELECT count(*) FROM record.events") == KEPT


async def test_what_is_left_is_read_as_before(
    database: SecretStr,
    superuser: asyncpg.Connection,
    store: ObjectStore,
    broker: NatsServer,
    old_workflow: UUID,
    tmp_path: Path,
) -> None:
    await distributed(database, broker)
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
        await prove_event(auditor, await first_id(superuser))
    await auditor.close()

    engine = projection_engine(database)
    with pytest.raises(RecordIncompleteError, match=MONTH):
        await Projector(engine).rebuild()
    await engine.dispose()
    row = await superuser.fetchrow("SELECT * FROM projection.workflows")
    assert (row["workflow_id"], row["events"]) == (old_workflow, OLD + KEPT)


async def test_a_stream_made_anew_gets_what_is_left(
    database: SecretStr, store: ObjectStore, broker: NatsServer, old_workflow: UUID
) -> None:
    await distributed(database, broker)
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
    assert {each.event["workflow_id"] for each in await published(client)} == {str(old_workflow)}
    await client.close()


def _count(counter: metrics.Counter) -> float:
    [family] = counter.collect()
    return next(each.value for each in family.samples if each.name.endswith("_total"))


async def test_months_that_overlap_in_the_log_are_archived_one_after_the_other(
    database: SecretStr,
    superuser: asyncpg.Connection,
    store: ObjectStore,
    broker: NatsServer,
    old_workflow: UUID,
    tmp_path: Path,
) -> None:
    """Around midnight commits are not in time order: April begins in the log before March ends."""
    await superuser.execute("SET session_replication_role = replica")
    april = "appended_at = '2025-04-01 00:00:01Z' WHERE seq IN (38, 39, 41, 42)"
    for table in ("events", "event_ids", "log_index"):
        await superuser.execute(f"UPDATE record.{table} SET {april}")  # noqa: S608
    await distributed(database, broker)
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
    assert old_workflow


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


async def test_an_event_that_came_after_its_month_was_archived_stops_nothing(
    database: SecretStr,
    superuser: asyncpg.Connection,
    store: ObjectStore,
    broker: NatsServer,
    old_workflow: UUID,
) -> None:
    """A transaction that was open at the month's end committed after the archive was made."""
    await distributed(database, broker)
    async with archiving(database, store) as retention:
        await retention.archiver.run(now=NOW, keep_months=12)
        await _move(superuser, OLD + 1, "2025-03-31 23:59:59Z")
        # March stays until an archive holds its last event; that is no error, and April goes.
        assert await retention.run(now=NOW, keep_months=12) == [EMPTY_MONTH]
        assert MONTH in await partitions(superuser)

        await superuser.execute("SET ROLE venture_owner")
        await superuser.execute(
            "SELECT record.make_partition('2025-05-01Z'), record.attach_partition('2025-05-01Z')"
        )
        await superuser.execute("RESET ROLE")
        await _move(superuser, OLD + 2, "2025-05-02 12:00Z")
        assert await retention.run(now=NOW, keep_months=12) == [MONTH, "events_2025_05"]
    assert await superuser.fetchval("SELECT count(*) FROM record.events") == KEPT - 2
    assert old_workflow


async def _move(superuser: asyncpg.Connection, seq: int, moment: str) -> None:
    """Let the event with this number have been appended at another moment."""
    await superuser.execute("SET session_replication_role = replica")
    for table in ("events", "event_ids", "log_index"):
        await superuser.execute(
            f"UPDATE record.{table} SET appended_at = '{moment}' WHERE seq = {seq}"  # noqa: S608
        )
    await superuser.execute("SET session_replication_role = origin")
