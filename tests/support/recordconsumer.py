"""A consumer for the tests of the record, which can ask it, and what it consumes."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from recordevents import started
from venture_core.messaging.consumer import ConsumerSettings, EventConsumer
from venture_core.record.consumption import ConsumerRecord
from venture_core.record.producer import EventProducer
from waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

    import asyncpg
    from nats.aio.client import Client
    from pydantic import SecretStr
    from venture_core.messaging.delivery import Delivery

FAST = ConsumerSettings(name="tester", backoff_seconds=(0.02, 0.05), max_attempts=3)


class Recorder:
    """A handler that remembers what it was given."""

    def __init__(self) -> None:
        self.seen: list[Delivery] = []

    async def __call__(self, delivery: Delivery) -> None:
        self.seen.append(delivery)

    async def has(self, count: int, *, seconds: float = 30) -> None:
        async def enough() -> bool:
            return len(self.seen) >= count

        await until(enough, seconds=seconds)

    def indexes(self) -> list[int]:
        return [each.log_index for each in self.seen]


@asynccontextmanager
async def consuming(
    client: Client,
    database: SecretStr | None,
    handler: Recorder,
    settings: ConsumerSettings = FAST,
) -> AsyncIterator[None]:
    """Run a consumer as long as the context; without `database` it cannot ask the record."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        if database is None:
            consumer = EventConsumer(client, settings, handler)
            group.create_task(consumer.run(stop))
            yield
            stop.set()
            return
        async with ConsumerRecord(database, settings.name) as recorded:
            consumer = EventConsumer(client, settings, handler, recorded=recorded)
            running = group.create_task(consumer.run(stop))
            yield
            stop.set()
            await running


async def append_to(database: SecretStr, workflows: list[UUID], each: int) -> None:
    """Append so many events of every workflow, in turn."""
    async with EventProducer(database, name="test") as producer:
        for _ in range(each):
            await producer.append_all(started(workflow, 1) for workflow in workflows)


async def reaches(superuser: asyncpg.Connection, wanted: int) -> None:
    """Wait until the consumer's position is here."""

    async def reached() -> bool:
        found = await superuser.fetchval("SELECT next_log_index FROM record.consumer_positions")
        return bool(found == wanted)

    await until(reached)
