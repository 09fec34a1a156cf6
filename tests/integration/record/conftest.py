"""What most tests of the record start from: a broker, a client of it, and somebody who appends."""

from typing import TYPE_CHECKING

import pytest
from recordlog import sequencing
from recordretention import old_workflow_in
from recordservers import NatsServer
from venture_core.messaging.connection import connect_nats
from venture_core.record.producer import EventProducer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path
    from uuid import UUID

    import asyncpg
    from nats.aio.client import Client
    from pydantic import SecretStr


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[NatsServer]:
    """Run a broker of this test's own, which it may kill: it holds this test's events only."""
    server = NatsServer(tmp_path)
    await server.start()
    yield server
    server.stop()


@pytest.fixture
async def client(broker: NatsServer) -> AsyncIterator[Client]:
    """Connect to the broker."""
    connected = await connect_nats(broker.url(), name="test")
    yield connected
    await connected.close()


@pytest.fixture
async def producer(database: SecretStr) -> AsyncIterator[EventProducer]:
    """Append through a running sequencer."""
    async with sequencing(database), EventProducer(database, name="test") as connected:
        yield connected


@pytest.fixture
async def old_workflow(database: SecretStr, superuser: asyncpg.Connection) -> UUID:
    """Log a workflow's events, the first of them more than a year ago; return its id."""
    return await old_workflow_in(database, superuser)
