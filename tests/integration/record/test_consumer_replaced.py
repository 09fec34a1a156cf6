"""Another state of the database while events are in hand: what it forgot comes before them."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, override
from uuid import uuid7

import asyncpg
import pytest
from recordconsumer import FAST, Recorder, append_to, consuming
from recordlog import sequencing
from recordreader import INSERT, TABLE
from recordrelay import relaying, stream_holds
from recordservers import PostgresServer
from venture_core.messaging.streams import EVENTS
from venture_core.record.inbox import Inbox
from waiting import patiently

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from nats.aio.client import Client
    from pydantic import SecretStr
    from recordservers import NatsServer
    from venture_core.messaging.delivery import Delivery

FORGET = "TRUNCATE consumed, record.consumer_inbox, record.consumer_positions"
"""What the state before the first event was handled knows of the consumer."""


class Gate:
    """Where a handler stops."""

    def __init__(self) -> None:
        self.reached, self.opened = asyncio.Event(), asyncio.Event()


class Keeper(Recorder):
    """Handles events in Postgres, once each, and stops before some of them."""

    def __init__(self, url: SecretStr, *held: int) -> None:
        super().__init__()
        self.gates = {index: Gate() for index in held}
        self._url = url
        self._inbox = Inbox(FAST.name)

    @override
    async def __call__(self, delivery: Delivery) -> None:
        if gate := self.gates.get(delivery.log_index):
            gate.reached.set()
            await gate.opened.wait()
        connection = await asyncpg.connect(self._url.get_secret_value())
        try:
            async with connection.transaction():
                if await self._inbox.enter(connection, delivery):
                    event = (delivery.event.workflow_id, delivery.event.seq, delivery.log_index)
                    await connection.execute(INSERT, *event)
        finally:
            connection.terminate()
        await super().__call__(delivery)


async def consumed(url: SecretStr, *wanted: int) -> None:
    """Wait until these events of the log are handled, and no others: in this order."""

    async def look() -> list[int]:
        connection = await asyncpg.connect(url.get_secret_value())
        try:
            rows = await connection.fetch("SELECT log_index FROM consumed ORDER BY place")
        finally:
            await connection.close()
        return [row["log_index"] for row in rows]

    await patiently(look, lambda seen: seen == list(wanted), within_seconds=30)


@pytest.fixture
async def own_postgres() -> AsyncIterator[PostgresServer]:
    """Run a server whose older state this test brings back."""
    with tempfile.TemporaryDirectory(prefix="venture-postgres-") as folder:
        server = PostgresServer(Path(folder), {"fsync": "off", "full_page_writes": "off"})
        await server.start()
        yield server
        server.kill()


async def test_what_is_in_hand_when_a_backup_takes_over_comes_after_what_that_forgot(
    own_postgres: PostgresServer, broker: NatsServer, client: Client
) -> None:
    server = own_postgres
    database = await server.create_database()
    connection = await asyncpg.connect(database.get_secret_value())
    await connection.execute(TABLE)
    await connection.close()
    async with sequencing(database), relaying(database, broker.url()):
        await append_to(database, [uuid7()], 4)
        await stream_holds(client, 4)
    keeper = Keeper(database, 1, 3)
    async with consuming(client, database, keeper):
        await keeper.gates[1].reached.wait()
        server.kill()
        server.back_up("backup")
        await server.start()
        keeper.gates[1].opened.set()
        await keeper.gates[3].reached.wait()
        await consumed(database, 0, 1, 2)
        server.kill()
        server.bring_back("backup")
        await server.start()
        keeper.gates[3].opened.set()
        await consumed(database, 0, 1, 2, 3)


@pytest.mark.parametrize(
    ("in_stream", "room"),
    [(100, 100), (1, 100), (1, 2)],
    ids=["by-the-stream", "by-the-record", "more-than-a-hand-holds"],
)
async def test_what_is_in_hand_when_tables_forget_comes_after_what_they_forgot(
    database: SecretStr,
    broker: NatsServer,
    client: Client,
    superuser: asyncpg.Connection,
    in_stream: int,
    room: int,
) -> None:
    """Nothing else arrives, and the consumer's own connection is what it was."""
    await superuser.execute(TABLE)
    keeper = Keeper(database, 2)
    settings = FAST.model_copy(update={"max_ack_pending": room})
    async with sequencing(database), relaying(database, broker.url()):
        workflow = uuid7()
        await append_to(database, [workflow], 6)
        await stream_holds(client, 6)
        jetstream = client.jetstream()
        config = (await jetstream.stream_info(EVENTS)).config.evolve(max_msgs=in_stream)
        await jetstream.update_stream(config)
        async with consuming(client, database, keeper, settings):
            await keeper.gates[2].reached.wait()
            await consumed(database, 0, 1)
            await superuser.execute(FORGET)
            keeper.gates[2].opened.set()
            await consumed(database, *range(6))
            await superuser.execute(FORGET)
            # It cannot know before anything comes.
            await append_to(database, [workflow], 1)
            await consumed(database, *range(7))


async def test_what_the_hand_let_go_of_is_read_anew_with_what_comes_next(
    database: SecretStr, broker: NatsServer, client: Client, superuser: asyncpg.Connection
) -> None:
    """Another workflow's later event was handled, acknowledged, and is forgotten too."""
    await superuser.execute(TABLE)
    keeper = Keeper(database, 1)
    async with sequencing(database), relaying(database, broker.url()):
        first, second = uuid7(), uuid7()
        await append_to(database, [first], 2)
        await stream_holds(client, 2)
        async with consuming(client, database, keeper):
            await keeper.gates[1].reached.wait()
            await append_to(database, [second], 1)
            await consumed(database, 0, 2)
            await superuser.execute(FORGET)
            keeper.gates[1].opened.set()
            await consumed(database, 0, 1)
            await append_to(database, [second], 1)
            await consumed(database, 0, 1, 2, 3)
