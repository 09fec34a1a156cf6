"""Servers and databases for the tests of the record."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest
from recordservers import NatsServer, PostgresServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from pydantic import SecretStr


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Run a Postgres of this session's own."""
    # Not below pytest's folder: the server's user may not enter that.
    with tempfile.TemporaryDirectory(prefix="venture-postgres-") as folder:
        server = PostgresServer(Path(folder))
        asyncio.run(server.start())
        yield server
        server.stop()


@pytest.fixture(scope="session")
def nats_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """Run a NATS server of this session's own."""
    server = NatsServer(tmp_path_factory.mktemp("nats"))
    asyncio.run(server.start())
    yield server
    server.stop()


@pytest.fixture
async def database(postgres: PostgresServer) -> AsyncIterator[SecretStr]:
    """Create a database with the record's schema for one test; yield a superuser's URL."""
    url = await postgres.create_database()
    yield url
    await postgres.drop_database(url)


@pytest.fixture
async def superuser(database: SecretStr) -> AsyncIterator[asyncpg.Connection]:
    """Connect to the test's database as its superuser."""
    connection = await asyncpg.connect(database.get_secret_value())
    yield connection
    await connection.close()
