"""The processes as they are installed: patient, observable, and quick to end."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid7

import aiohttp
import asyncpg
import pytest
from recordevents import started
from recordprocesses import ORIGIN, record_processes, write_key
from recordrelay import published, stream_holds
from venture_core.events.checkpoint import open_checkpoint
from venture_core.events.notes import NoteVerifier
from venture_core.messaging.connection import connect_nats
from venture_core.record.migrate import migrate
from venture_core.record.producer import EventProducer
from waiting import until

if TYPE_CHECKING:
    from recordservers import NatsServer, PostgresServer
    from venture_core.objectstore import S3Settings


async def _ready(port: int) -> bool:
    async with aiohttp.ClientSession() as session:
        try:
            async with session.get(f"http://127.0.0.1:{port}/readyz") as answer:
                return answer.status == 200
        except aiohttp.ClientConnectionError:
            return False


async def _metrics(port: int) -> str:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/metrics") as answer,
    ):
        return await answer.text()


async def test_the_processes_wait_for_the_schema_and_then_do_their_work(
    postgres: PostgresServer,
    nats_server: NatsServer,
    own_bucket: S3Settings,
    tmp_path: Path,
) -> None:
    url = postgres.url("processes")
    superuser = await asyncpg.connect(postgres.url("postgres").get_secret_value())
    await superuser.execute("CREATE DATABASE processes")
    await superuser.close()
    key_file, key = write_key(tmp_path)
    processes = record_processes(
        tmp_path, database=url, broker=nats_server.url(), bucket=own_bucket, key=key_file
    )
    for process in processes.values():
        process.start()
    for process in processes.values():
        await until(lambda port=process.port: _ready(port))  # type: ignore[misc]
    await migrate(url)

    connection = await asyncpg.connect(url.get_secret_value())
    client = await connect_nats(nats_server.url(), name="test")
    async with EventProducer(url, name="test") as producer:
        await producer.append_all(started(uuid7(), 1) for _ in range(50))
    await stream_holds(client, 50)
    assert [each.log_index for each in await published(client)] == list(range(50))

    async def projected() -> bool:
        return await connection.fetchval("SELECT count(*) FROM projection.artifacts") == 50

    await until(projected)
    note = await connection.fetchval("SELECT note FROM record.checkpoints ORDER BY size DESC")
    checkpoint = open_checkpoint(
        note.encode(), [NoteVerifier(ORIGIN, key.public_key())], origin=ORIGIN
    )
    assert checkpoint.size == 50
    verifier = await connection.fetchval("SELECT verifier FROM record.log_keys")
    assert verifier == NoteVerifier(ORIGIN, key.public_key()).text

    text = await _metrics(processes["venture-event-relay"].port)
    assert "venture_relay_published_total 50.0" in text
    assert "venture_relay_lag_events 0.0" in text
    assert 'venture_record_leader{role="relay"} 1.0' in text
    assert "venture_checkpoint_seconds_count" in await _metrics(processes["venture-sequencer"].port)
    for process in processes.values():
        assert await asyncio.to_thread(process.stop) == 0, process.log()
    await connection.close()
    await client.close()
    await postgres.drop_database(url)


@pytest.mark.parametrize(
    "program", ["venture-sequencer", "venture-event-relay", "venture-projector", "venture-migrate"]
)
def test_missing_settings_are_named(program: str) -> None:
    path = Path(sys.executable).parent / program
    ended = subprocess.run([path], env={}, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "postgres_url" in ended.stderr.lower()
