"""Servers and databases for the tests of the record."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import asyncpg
import pytest
from recordservers import NatsServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from pydantic import SecretStr


@pytest.fixture(scope="session")
def nats_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """Run a NATS server of this session's own."""
    server = NatsServer(tmp_path_factory.mktemp("nats"))
    asyncio.run(server.start())
    yield server
    server.stop()


@pytest.fixture
async def superuser(database: SecretStr) -> AsyncIterator[asyncpg.Connection]:
    """Connect to the test's database as its superuser."""
    connection = await asyncpg.connect(database.get_secret_value())
    yield connection
    await connection.close()
