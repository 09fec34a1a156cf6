"""The processes of the record killed in the middle of their work: nothing is lost or doubled."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import UUID, uuid7

import aiohttp
import pytest
from recordevents import started
from recordprocesses import ORIGIN, record_processes, write_key
from recordrelay import published, stream_holds
from recordservers import NatsServer
from soaking import times
from venture_core.events.checkpoint import open_checkpoint
from venture_core.events.notes import NoteVerifier
from venture_core.messaging.connection import connect_nats
from venture_core.record.producer import EventProducer
from waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import asyncpg
    from pydantic import SecretStr
    from venture_core.objectstore import S3Settings

ROUNDS = times(short=2, soak=20)
ROUND = 300
WORKFLOWS = 30


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[NatsServer]:
    """Run a broker of this test's own: its stream holds this test's events only."""
    folder = tmp_path / "nats"
    folder.mkdir()
    server = NatsServer(folder)
    await server.start()
    yield server
    server.stop()


async def _ready(port: int) -> bool:
    async with aiohttp.ClientSession() as session:
        try:
            async with session.get(f"http://127.0.0.1:{port}/readyz") as answer:
                return answer.status == 200
        except aiohttp.ClientConnectionError:
            return False


@pytest.mark.soak
@pytest.mark.parametrize(
    "victim", ["venture-event-relay", "venture-sequencer", "venture-projector"]
)
async def test_a_killed_process_goes_on_where_it_was(
    victim: str,
    database: SecretStr,
    broker: NatsServer,
    own_bucket: S3Settings,
    superuser: asyncpg.Connection,
    tmp_path: Path,
) -> None:
    key_file, key = write_key(tmp_path)
    processes = record_processes(
        tmp_path, database=database, broker=broker.url(), bucket=own_bucket, key=key_file
    )
    for process in processes.values():
        process.start()
    client = await connect_nats(broker.url(), name="test")
    workflows = [uuid7() for _ in range(WORKFLOWS)]
    sent = 0

    async def append(producer: EventProducer, workflow: UUID, first: int) -> None:
        for number in range(first, first + ROUND // WORKFLOWS):
            await producer.append(started(workflow, number))

    try:
        async with EventProducer(database, name="test") as producer:
            for _ in range(ROUNDS):
                first = sent // WORKFLOWS + 1
                appending = [
                    asyncio.create_task(append(producer, workflow, first)) for workflow in workflows
                ]
                # Under way: some of this round has come through, the rest is being appended.
                await stream_holds(client, sent + 1, seconds=60)
                processes[victim].kill()
                await asyncio.gather(*appending)
                sent += ROUND
                processes[victim].start()
                await stream_holds(client, sent, seconds=60)

        async def shown() -> bool:
            counted = await superuser.fetchval("SELECT sum(events) FROM projection.workflows")
            return bool(counted == sent)

        async def signed() -> bool:
            size = await superuser.fetchval("SELECT max(size) FROM record.checkpoints")
            return bool(size == sent)

        await until(shown, seconds=60)
        await until(signed, seconds=60)
        messages = await published(client)
        # The others may have done without the one that was started last: it is still starting.
        await until(lambda: _ready(processes[victim].port))
    finally:
        await client.close()
        codes = [await asyncio.to_thread(process.stop) for process in processes.values()]
        for name, process in processes.items():
            print(f"--- {name}\n{process.log()}")
    assert codes == [0, 0, 0]

    assert [each.log_index for each in messages] == list(range(sent))
    assert len({each.message_id for each in messages}) == sent
    for workflow in workflows:
        own = [each.event["seq"] for each in messages if each.event["workflow_id"] == str(workflow)]
        assert own == list(range(1, sent // WORKFLOWS + 1))
    note = await superuser.fetchval(
        "SELECT note FROM record.checkpoints ORDER BY size DESC LIMIT 1"
    )
    trusted = [NoteVerifier(ORIGIN, key.public_key())]
    assert open_checkpoint(note.encode(), trusted, origin=ORIGIN).size == sent
    rows = await superuser.fetch("SELECT events, last_event_seq FROM projection.workflows")
    assert [tuple(row) for row in rows] == [(sent // WORKFLOWS, sent // WORKFLOWS)] * WORKFLOWS
