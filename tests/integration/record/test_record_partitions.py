"""The months to come get their partitions without a word to those who append and read."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid7

import asyncpg
import pytest
from recordevents import started
from recordlog import caught_up, check_log, sequencing
from venture_core.record import sequencer
from venture_core.record.producer import EventProducer

if TYPE_CHECKING:
    from pydantic import SecretStr

ENSURE = "SELECT record.venture_ensure_partitions(6)"
AHEAD = 3
"""How many months there are after a migration."""


async def test_a_long_read_stops_neither_partitions_nor_appends(
    database: SecretStr, superuser: asyncpg.Connection
) -> None:
    """As an export or pg_dump does: one snapshot, open all along."""
    reader = await asyncpg.connect(database.get_secret_value())
    async with (
        EventProducer(database, name="test", give_up_after_seconds=30) as producer,
        reader.transaction(isolation="repeatable_read"),
    ):
        await producer.append(started(uuid7(), 1))
        await reader.fetch("SELECT FROM record.events")
        making = asyncio.create_task(superuser.fetchval(ENSURE, timeout=60))
        for _ in range(20):
            await producer.append(started(uuid7(), 1))
        assert await making == 6 - AHEAD
        await producer.append(started(uuid7(), 1))
    await reader.close()


async def test_new_partitions_are_like_those_there_were(superuser: asyncpg.Connection) -> None:
    await superuser.execute(ENSURE)
    described = await superuser.fetch(
        """
        SELECT array_agg(DISTINCT (
          relacl::text, relkind, relowner,
          (SELECT array_agg((tgtype, tgfoid) ORDER BY tgtype) FROM pg_trigger
            WHERE tgrelid = c.oid),
          (SELECT array_agg((conname, contype) ORDER BY conname) FROM pg_constraint
            WHERE conrelid = c.oid AND contype <> 'p'),
          (SELECT array_agg(indkey::text) FROM pg_index WHERE indrelid = c.oid)
        )::text) AS kinds, count(*) AS partitions
        FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid
        WHERE inhparent = 'record.events'::regclass
        """
    )
    assert described[0]["partitions"] == 7
    assert len(described[0]["kinds"]) == 1


async def test_partitions_that_cannot_be_made_stop_nothing(
    database: SecretStr, superuser: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another maintenance of the table holds it: the leader leads on, and events are logged."""
    monkeypatch.setattr(sequencer, "MONTHS_AHEAD", 6)
    holder = await asyncpg.connect(database.get_secret_value())
    async with (
        holder.transaction(),
        EventProducer(database, name="test", give_up_after_seconds=30) as producer,
    ):
        await holder.execute("LOCK TABLE record.events IN SHARE UPDATE EXCLUSIVE MODE")
        async with sequencing(database):
            for number in range(1, 6):
                await producer.append(started(uuid7(), 1))
                await caught_up(superuser, number, seconds=20)
            assert await superuser.fetchval("SELECT max(epoch) FROM record.leaders") == 1
    assert await check_log(superuser) == 5
    await holder.close()


async def test_two_that_make_partitions_wait_for_each_other(
    database: SecretStr, superuser: asyncpg.Connection
) -> None:
    other = await asyncpg.connect(database.get_secret_value())
    async with other.transaction():
        assert await other.fetchval(ENSURE) == 6 - AHEAD
        with pytest.raises(asyncpg.LockNotAvailableError):
            await superuser.execute(ENSURE)
    assert await superuser.fetchval(ENSURE) == 0
    await other.close()
