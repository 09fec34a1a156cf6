"""A relay for the tests of the record, and plain reading of what it published."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import nats.js.errors
from venture_core.messaging.delivery import claimed_log_index
from venture_core.messaging.streams import EVENTS, StreamSettings
from venture_core.record.continuity import Continuity
from venture_core.record.database import Role, connect
from venture_core.record.leader import Leader, lead_until
from venture_core.record.relay import ROLE, Relay
from waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import asyncpg
    from nats.aio.client import Client
    from pydantic import SecretStr
    from venture_core.objectstore import ObjectStore

STREAMS = StreamSettings(replicas=1, max_bytes=256 * 1024 * 1024)


@asynccontextmanager
async def relaying(
    database: SecretStr,
    broker: SecretStr,
    *,
    name: str = "one",
    store: ObjectStore | None = None,
    leader: Leader | None = None,
) -> AsyncIterator[asyncio.Event]:
    """Run a relay as long as the context; setting the yielded event stops it before."""
    stop = asyncio.Event()
    leader = leader or Leader(ROLE, name)
    continuity = None if store is None else Continuity(store)
    relay = Relay(leader, broker, STREAMS, name=name, continuity=continuity)

    async def work(connection: asyncpg.Connection, epoch: int) -> None:
        await relay.run(connection, epoch, stop)

    running = asyncio.create_task(
        lead_until(stop, leader, lambda: connect(database, Role.RELAY, name=name), work)
    )
    try:
        yield stop
    finally:
        stop.set()
        await running


@dataclass(frozen=True)
class Published:
    """A message of the stream as a plain client reads it."""

    subject: str
    log_index: int
    message_id: str
    body: bytes

    @property
    def event(self) -> dict[str, object]:
        """The body, parsed."""
        parsed: dict[str, object] = json.loads(self.body)
        return parsed


async def published(client: Client) -> list[Published]:
    """Read the stream from its first to its last message."""
    jetstream = client.jetstream()
    found: list[Published] = []
    if not (await jetstream.stream_info(EVENTS)).state.messages:
        return found
    subscription = await jetstream.subscribe(">", stream=EVENTS, ordered_consumer=True)
    while True:
        message = await subscription.next_msg(timeout=60)
        headers = message.headers or {}
        index, message_id = claimed_log_index(headers), headers.get("Nats-Msg-Id")
        if index is not None and message_id is not None:
            found.append(Published(message.subject, index, message_id, message.data))
        if message.metadata.num_pending == 0:
            await subscription.unsubscribe()
            return found


async def stream_holds(client: Client, messages: int, *, seconds: float = 20) -> None:
    """Wait until the stream's last message is number `messages`."""

    async def reached() -> bool:
        try:
            return (await client.jetstream().stream_info(EVENTS)).state.last_seq >= messages
        except nats.js.errors.NotFoundError:
            return False

    await until(reached, seconds=seconds)
