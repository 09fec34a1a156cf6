"""Archived months come back for a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import pytest
from recordevents import started
from recordlog import SIGNER
from recordretention import (
    EMPTY_MONTH,
    MONTH,
    NOW,
    OLD,
    archiving,
    distributed,
    first_id,
    partitions,
)
from venture_core.events.bundle import open_bundle
from venture_core.events.verify import verify_bundle
from venture_core.record.append import OtherContentError
from venture_core.record.export import export_bundle
from venture_core.record.producer import EventProducer
from venture_core.record.restoring import restore_month

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from pydantic import SecretStr
    from recordservers import NatsServer
    from venture_core.objectstore import ObjectStore


async def test_a_month_comes_back_as_it_was_and_stays_as_long_as_asked_for(
    database: SecretStr,
    superuser: asyncpg.Connection,
    store: ObjectStore,
    broker: NatsServer,
    old_workflow: UUID,
    tmp_path: Path,
) -> None:
    await superuser.execute("SET session_replication_role = replica")
    april = "appended_at = '2025-04-01 00:00:01Z' WHERE seq IN (38, 39, 41, 42)"
    for table in ("events", "event_ids", "log_index"):
        await superuser.execute(f"UPDATE record.{table} SET {april}")  # noqa: S608
    await superuser.execute("SET session_replication_role = origin")
    everything = "SELECT * FROM record.events ORDER BY seq"
    before = await superuser.fetch(everything)
    await distributed(database, broker)
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
        first = started(old_workflow, 2, event_id=await first_id(superuser))
        async with EventProducer(database, name="test") as producer:
            with pytest.raises(OtherContentError):
                await producer.append(first)


async def test_nothing_comes_back_that_the_log_does_not_know(
    database: SecretStr, superuser: asyncpg.Connection, store: ObjectStore, broker: NatsServer,
    old_workflow: UUID,
) -> None:  # fmt: skip
    await distributed(database, broker)
    async with archiving(database, store) as retention:
        await retention.run(now=NOW, keep_months=12)
        archiver = retention.archiver._connection
        restore = "SELECT record.venture_restore_events($1, $2, $3, $4)"
        with pytest.raises(asyncpg.RaiseError, match="is not archived"):
            await archiver.execute("SELECT record.venture_begin_restore('events_2020_01')")
        await archiver.execute("SELECT record.venture_begin_restore($1)", MONTH)
        forged = started(old_workflow, 1).canonical_bytes()
        with pytest.raises(asyncpg.PostgresError, match="not the event that the log has at 0"):
            await archiver.execute(restore, MONTH, [0], [bytes(32)], [forged])
        with pytest.raises(asyncpg.RaiseError, match=f"0 events of {MONTH} are there, and {OLD}"):
            await archiver.execute("SELECT record.venture_finish_restore($1, 30)", MONTH)
    assert MONTH not in await partitions(superuser)
