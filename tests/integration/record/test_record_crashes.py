"""Everything is killed at random, under load: nothing is lost, doubled, reordered or forged."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

import pytest
from recordcast import Cast, cast_in, connect_again, script
from recordlog import signed_size
from recordprocesses import ORIGIN, record_processes, write_key
from recordreader import TABLE
from recordrelay import published
from recordwriter import acknowledged, event_id
from soaking import seconds
from venture_core.events.bundle import open_bundle
from venture_core.events.notes import NoteVerifier
from venture_core.events.verify import verify_bundle
from venture_core.messaging.connection import connect_nats
from venture_core.record.export import export_bundle
from waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path
    from uuid import UUID

    import asyncpg
    from venture_core.objectstore import S3Settings

SECONDS = seconds(short=12, soak=900)
"""How long processes are killed; minutes find more."""
SEED = int(os.environ.get("VENTURE_CRASH_SEED", "20261123"))
WRITERS = 2
WORKFLOWS = 8


@pytest.fixture
async def cast(tmp_path: Path) -> AsyncIterator[Cast]:
    """Run servers, the record's processes (two sequencers and relays), writers and a reader."""
    async with cast_in(tmp_path, seed=SEED) as members:
        yield members


@pytest.mark.soak
@pytest.mark.timeout(SECONDS * 2 + 240)
async def test_nothing_is_lost_doubled_or_reordered(cast: Cast, own_bucket: S3Settings) -> None:
    database = await cast.postgres.create_database()
    url, broker_url = database.get_secret_value(), cast.broker.url()
    connection = await connect_again(url)
    await connection.execute(TABLE)
    await connection.close()
    key_file, key = write_key(cast.folder)
    for suffix in ("a", "b"):
        processes = record_processes(
            cast.folder,
            database=database,
            broker=broker_url,
            bucket=own_bucket,
            key=key_file,
            suffix=suffix,
        )
        for name in ("venture-sequencer", "venture-event-relay"):
            cast.add(f"{name}-{suffix}", processes[name])
    files = [cast.folder / f"writer-{n}.acks" for n in range(WRITERS)]
    for n, file in enumerate(files):
        arguments = ("recordwriter.py", url, str(file), f"writer-{n}", str(WORKFLOWS))
        cast.add(f"writer-{n}", script(cast.folder, f"writer-{n}", *arguments))
    reader = ("recordreader.py", url, broker_url.get_secret_value())
    cast.add("reader", script(cast.folder, "reader", *reader))

    await cast.kill_for(SECONDS)
    for file in files:
        # One that was only just started would not yet know what to do when it is asked to end.
        await until(_grows(file), seconds=60)
    for n in range(WRITERS):
        assert await asyncio.to_thread(cast.processes[f"writer-{n}"].stop) == 0

    connection = await connect_again(url)
    written = await connection.fetchval("SELECT count(*) FROM record.events")
    await until(_reaches(lambda: signed_size(connection), written), seconds=60)
    await until(_reaches(lambda: _consumed(connection), written), seconds=120)

    promised = await _nothing_promised_is_missing(connection, files)
    await _consumed_once_and_in_order(connection, written)
    await _streamed_once_and_in_order(broker_url, connection, written)
    await _is_provable(connection, cast.folder / "bundle", key, written)
    print(
        f"\n{sum(cast.kills.values())} kills in {SECONDS:.0f} s {dict(cast.kills)}; "
        f"{written} events, {promised} of them acknowledged to their producers"
    )
    await connection.close()


def _reaches(measure: Callable[[], Awaitable[int]], target: int) -> Callable[[], Awaitable[bool]]:
    async def reached() -> bool:
        return await measure() >= target

    return reached


def _grows(file: Path) -> Callable[[], Awaitable[bool]]:
    size = file.stat().st_size if file.exists() else 0

    async def grown() -> bool:
        return file.exists() and file.stat().st_size > size  # noqa: ASYNC240 - a local file

    return grown


async def _consumed(connection: asyncpg.Connection) -> int:
    count: int = await connection.fetchval("SELECT count(*) FROM consumed")
    return count


async def _nothing_promised_is_missing(connection: asyncpg.Connection, files: list[Path]) -> int:
    rows = await connection.fetch("SELECT workflow_id, seq, event_id FROM record.events")
    events = {(row["workflow_id"], row["seq"]): row["event_id"] for row in rows}
    promised = 0
    for file in files:
        for workflow, last in acknowledged(file).items():
            promised += last
            for number in range(1, last + 1):
                assert events[workflow, number] == event_id(workflow, number)
    assert promised > 0
    return promised


async def _consumed_once_and_in_order(connection: asyncpg.Connection, written: int) -> None:
    rows = await connection.fetch("SELECT workflow_id, seq FROM consumed ORDER BY place")
    assert len(rows) == written
    last: dict[UUID, int] = {}
    for row in rows:
        assert row["seq"] == last.get(row["workflow_id"], 0) + 1, dict(row)
        last[row["workflow_id"]] = row["seq"]


async def _streamed_once_and_in_order(
    broker: Any, connection: asyncpg.Connection, written: int
) -> None:
    client = await connect_nats(broker, name="test")
    messages = await published(client)
    await client.close()
    assert [each.log_index for each in messages] == list(range(written))
    ids = await connection.fetch(
        "SELECT e.event_id FROM record.log_index l JOIN record.events e "
        "USING (workflow_id, seq, appended_at) ORDER BY log_index"
    )
    assert [each.message_id for each in messages] == [str(row["event_id"]) for row in ids]


async def _is_provable(
    connection: asyncpg.Connection, folder: Path, key: Any, written: int
) -> None:
    await export_bundle(connection, folder)
    trusted = [NoteVerifier(ORIGIN, key.public_key())]
    report = await asyncio.to_thread(verify_bundle, open_bundle(folder), trusted)
    assert report.ok, report.finding
    assert report.entries == written
