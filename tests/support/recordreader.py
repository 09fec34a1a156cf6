"""A consumer that may be killed at any moment: it handles events in Postgres, once each.

Usage: recordreader.py DATABASE_URL BROKER_URL
"""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import TYPE_CHECKING

import asyncpg
from pydantic import SecretStr
from venture_core.logging import configure_logging
from venture_core.messaging.connection import connect_nats
from venture_core.messaging.consumer import ConsumerSettings, EventConsumer
from venture_core.record.consumption import ConsumerRecord
from venture_core.record.inbox import Inbox

if TYPE_CHECKING:
    from venture_core.messaging.delivery import Delivery

SETTINGS = ConsumerSettings(
    name="crash-test", ack_wait_seconds=2, max_attempts=100, backoff_seconds=(0.1, 0.3, 0.5)
)
TABLE = (
    "CREATE TABLE consumed (place bigserial PRIMARY KEY, workflow_id uuid NOT NULL, "
    "seq bigint NOT NULL, log_index bigint NOT NULL)"
)
INSERT = "INSERT INTO consumed (workflow_id, seq, log_index) VALUES ($1, $2, $3)"


async def main() -> None:
    """Consume until SIGTERM."""
    database, broker = sys.argv[1:]
    configure_logging()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    inbox = Inbox(SETTINGS.name)
    pool = asyncpg.create_pool(database, min_size=0, max_size=4, timeout=5)

    async def handle(delivery: Delivery) -> None:
        event = delivery.event
        async with pool.acquire() as connection, connection.transaction():
            if await inbox.enter(connection, delivery):
                await connection.execute(INSERT, event.workflow_id, event.seq, delivery.log_index)

    client = await connect_nats(SecretStr(broker), name="crash-test")
    async with pool, ConsumerRecord(SecretStr(database), SETTINGS.name) as recorded:
        await EventConsumer(client, SETTINGS, handle, recorded=recorded).run(stop)
    await client.close()


if __name__ == "__main__":
    asyncio.run(main())
