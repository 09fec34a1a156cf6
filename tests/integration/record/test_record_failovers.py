"""Writes come back by themselves: after a failover, a cancelled statement, a vanished server."""

from __future__ import annotations

import asyncio
import socket
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid7

import asyncpg
import pytest
from recordevents import started
from recordlog import until
from recordservers import PostgresServer
from venture_core.record.database import Role, connect
from venture_core.record.migrate import migrate
from venture_core.record.producer import EventProducer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pydantic import SecretStr


class Forwarder:
    """The address of whoever is the primary: connections stay where they were made to."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = 0

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._forward, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield
            server.close_clients()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self.target)
        await asyncio.gather(_pipe(reader, there_writer), _pipe(there_reader, writer))


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def test_writes_come_back_when_the_primary_was_demoted(
    postgres: PostgresServer, database: SecretStr
) -> None:
    """The old primary answers on, and refuses every write: the connection to it is dropped."""
    name = database.get_secret_value().rsplit("/", 1)[1]
    with tempfile.TemporaryDirectory(prefix="venture-postgres-") as folder:
        old = PostgresServer(Path(folder))
        await old.start()
        admin = await asyncpg.connect(old.url("postgres").get_secret_value())
        await admin.execute(f"CREATE DATABASE {name}")
        await migrate(old.url(name))
        forwarder = Forwarder(old.port)
        async with forwarder.serving():
            url = type(database)(
                database.get_secret_value().replace(f":{postgres.port}/", f":{forwarder.port}/")
            )
            async with EventProducer(url, name="test", lanes=1) as producer:
                await producer.append(started(uuid7(), 1))
                await admin.execute("ALTER SYSTEM SET default_transaction_read_only = on")
                await admin.execute("SELECT pg_reload_conf()")
                await until(lambda: _is_read_only(admin))
                forwarder.target = postgres.port
                assert (await producer.append(started(uuid7(), 1))).is_new
        await admin.close()
        old.stop()
    there = await asyncpg.connect(database.get_secret_value())
    assert await there.fetchval("SELECT count(*) FROM record.events") == 1
    await there.close()


async def _is_read_only(connection: asyncpg.Connection) -> bool:
    return await connection.fetchval("SHOW default_transaction_read_only") == "on"


async def test_a_cancelled_append_is_made_again_on_the_same_connection(
    database: SecretStr, superuser: asyncpg.Connection
) -> None:
    workflow = uuid7()
    async with EventProducer(database, name="cancelled", lanes=1) as producer:
        await producer.append(started(workflow, 1))
        before = await superuser.fetchval(_BACKEND)
        holder = await asyncpg.connect(database.get_secret_value())
        async with holder.transaction():
            await holder.execute("LOCK TABLE record.chain_heads IN EXCLUSIVE MODE")
            appending = asyncio.create_task(producer.append(started(workflow, 2)))
            await until(lambda: _cancelled(superuser))
        assert (await appending).seq == 2
        assert await superuser.fetchval(_BACKEND) == before
        await holder.close()


_BACKEND = "SELECT pid FROM pg_stat_activity WHERE application_name = 'cancelled'"


async def _cancelled(superuser: asyncpg.Connection) -> bool:
    return bool(
        await superuser.fetchval(
            "SELECT pg_cancel_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'cancelled' AND wait_event_type = 'Lock'"
        )
    )


async def test_the_client_s_side_of_a_connection_is_kept_alive_too(database: SecretStr) -> None:
    """The kernel ends it ten seconds after the server has vanished, idle or not."""
    connection = await connect(database, Role.PRODUCER, name="test")
    found = connection._transport.get_extra_info("socket")
    assert found.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    idle = found.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
    interval = found.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL)
    probes = found.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT)
    assert idle + interval * probes == 10
    assert found.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 10_000
    await connection.close()


async def test_a_server_without_our_roles_is_waited_for() -> None:
    """As a release does that runs before its migration."""
    with tempfile.TemporaryDirectory(prefix="venture-postgres-") as folder:
        server = PostgresServer(Path(folder))
        await server.start()
        with pytest.raises(ConnectionError, match="no role venture_producer"):
            await connect(server.url("postgres"), Role.PRODUCER, name="test")
        server.stop()
