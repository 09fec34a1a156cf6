"""A record with an old month, and the two halves that archive and drop it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid7

from recordevents import started
from recordlog import caught_up, sequencing
from recordrelay import relaying, stream_holds
from venture_core.record.confirming import Confirmer
from venture_core.record.database import Role, connect
from venture_core.record.producer import EventProducer
from venture_core.record.projection.projector import Projector, projection_engine
from venture_core.record.retention import Archiver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import asyncpg
    from pydantic import SecretStr
    from recordservers import NatsServer
    from venture_core.objectstore import ObjectStore

OLD, KEPT = 40, 25
MONTH = "events_2025_03"
NOW = datetime(2026, 11, 26, tzinfo=UTC)
EMPTY_MONTH = "events_2025_04"


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


async def distributed(database: SecretStr, broker: NatsServer) -> None:
    """Publish and project the whole log."""
    client = await broker.connect()
    async with relaying(database, broker.url()):
        await stream_holds(client, OLD + KEPT)
    await client.close()
    engine = projection_engine(database)
    await Projector(engine).catch_up()
    await engine.dispose()


async def partitions(connection: asyncpg.Connection) -> set[str]:
    rows = await connection.fetch(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits "
        "WHERE inhparent = 'record.events'::regclass"
    )
    return {row["name"].removeprefix("record.") for row in rows}


async def first_id(connection: asyncpg.Connection) -> UUID:
    first: UUID = await connection.fetchval("SELECT event_id FROM record.event_ids WHERE seq = 1")
    return first


async def old_workflow_in(database: SecretStr, superuser: asyncpg.Connection) -> UUID:
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
