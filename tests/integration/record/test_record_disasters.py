"""Databases forget, streams overflow, readers hold on: nothing is lost or doubled in silence."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections import Counter
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING

import asyncpg
import pytest
from recordcast import Cast, Disasters, cast_in, connect_again, script
from recordprocesses import ORIGIN, record_processes, write_key
from recordreader import SETTINGS, TABLE
from recordwriter import promises
from soaking import seconds
from venture_core.events.bundle import open_bundle
from venture_core.events.notes import NoteVerifier
from venture_core.events.verify import verify_bundle
from venture_core.messaging.connection import connect_nats, is_interruption
from venture_core.messaging.delivery import LOG_INDEX_HEADER
from venture_core.messaging.streams import EVENTS
from venture_core.record.database import Role, connect
from venture_core.record.export import export_bundle
from venture_core.record.failures import judge
from venture_core.record.recovery import NothingToRecoverError, find_damage, recover
from waiting import patiently, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from pydantic import SecretStr
    from venture_core.objectstore import S3Settings

SECONDS = seconds(short=12, soak=900)
"""How long it is struck; minutes find more."""
SEED = int(os.environ.get("VENTURE_CRASH_SEED", "20261126"))
WRITERS = 2
WORKFLOWS = 8
STREAM_BYTES = 1024 * 1024
"""The least there is: about 1,300 events, so that the stream is full soon."""

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
STANDING = """
WITH missed AS (SELECT l.log_index FROM record.log_index l
    WHERE NOT EXISTS (SELECT FROM consumed c WHERE c.log_index = l.log_index)),
  doubled AS (SELECT log_index FROM consumed GROUP BY log_index HAVING count(*) > 1)
SELECT p.next_log_index AS relay_position, p.stream_sequence AS relay_sequence,
  (SELECT next_log_index FROM record.consumer_positions WHERE consumer = $1) AS reader_position,
  (SELECT array_agg(epoch || ': ' || kept_size || ' of ' || lost_size ORDER BY epoch)
   FROM record.recoveries) AS epochs_kept,
  (SELECT concat(count(*), ' of ', min(log_index), '..', max(log_index)) FROM missed) AS missed,
  (SELECT concat(count(*), ' of ', min(log_index), '..', max(log_index)) FROM doubled) AS doubled
FROM record.relay_positions p
"""
"""Who stands where; of what the reader missed or consumed twice, how much and from where on."""


class Witness:
    """Sees what the stream holds, as a consumer outside the database would."""

    def __init__(self, broker: SecretStr) -> None:
        self._broker = broker
        self.seen: dict[str, int] = {}

    async def watch(self) -> None:
        """Read along until cancelled, through restarts of the broker."""
        while True:
            try:
                await self._read()
            except Exception as error:
                if not is_interruption(error):
                    raise
                await asyncio.sleep(0.2)

    async def _read(self) -> None:
        client = await connect_nats(self._broker, name="witness", reconnect=False)
        try:
            jetstream = client.jetstream()
            subscription = await jetstream.subscribe(">", stream=EVENTS, ordered_consumer=True)
            while not client.is_closed:
                try:
                    message = await subscription.next_msg(timeout=1)
                except TimeoutError:
                    continue
                headers = message.headers or {}
                if LOG_INDEX_HEADER in headers:
                    self.seen[headers["Nats-Msg-Id"][:36]] = int(headers[LOG_INDEX_HEADER])
        finally:
            await client.close()


class Duty:
    """Whoever is on duty: recovers the record whenever it stands still, as the guide says."""

    def __init__(self, database: SecretStr) -> None:
        self._database = database
        self.recovered: Counter[str] = Counter()
        self.told: list[tuple[int, int]] = []
        """From which size to which the log was said to be lost, each time."""

    async def watch(self) -> None:
        """Look again and again until cancelled."""
        while True:
            await asyncio.sleep(0.5)
            try:
                await self.look()
            except Exception as error:
                if judge(error) is None:
                    raise

    async def look(self, *, phantoms: bool = False) -> bool:
        """Recover once, if there is anything to; name phantoms of a whole log only if asked."""
        connection = await connect(self._database, Role.RECOVERY, name="duty")
        try:
            damage = await find_damage(connection)
            if damage.loss is None and not phantoms:
                return False
            await recover(
                connection, damage, who="duty", reason="the test did it", now=datetime.now(UTC)
            )
        except NothingToRecoverError:
            return False
        finally:
            connection.terminate()
        if damage.loss is not None:
            self.told.append((damage.loss.kept_size, damage.loss.lost_size))
        self.recovered["epochs" if damage.loss else "phantoms named"] += 1
        return True


async def hold_snapshots(database: SecretStr, held: Counter[str]) -> None:
    """Read for a long time, again and again, as an export or pg_dump does."""
    while True:
        try:
            connection = await asyncpg.connect(database.get_secret_value(), timeout=5)
            try:
                # No context that rolls back: on a connection that broke, its error would take the
                # place of our being cancelled.
                await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
                await connection.fetchval("SELECT count(*) FROM record.events")
                await asyncio.sleep(15)
                await connection.fetchval("SELECT count(*) FROM record.log_index")
                held["long reads"] += 1
            finally:
                connection.terminate()
        except Exception as error:
            if judge(error) is None:
                raise
            held["long reads cut off"] += 1
            await asyncio.sleep(0.5)


@pytest.fixture
async def cast(tmp_path: Path) -> AsyncIterator[Cast]:
    """Run servers of this test's own."""
    async with cast_in(tmp_path, seed=SEED) as members:
        yield members


def engage(cast: Cast, database: SecretStr, bucket: S3Settings) -> NoteVerifier:
    """Start the record's processes, writers and a reader; return the log's key."""
    key_file, key = write_key(cast.folder)
    for suffix in ("a", "b"):
        processes = record_processes(
            cast.folder,
            database=database,
            broker=cast.broker.url(),
            bucket=bucket,
            key=key_file,
            suffix=suffix,
            stream_bytes=STREAM_BYTES,
        )
        for name in ("venture-sequencer", "venture-event-relay"):
            cast.add(f"{name}-{suffix}", processes[name])
    url = database.get_secret_value()
    for number in range(WRITERS):
        name = f"writer-{number}"
        arguments = (url, str(cast.folder / f"{name}.acks"), name, str(WORKFLOWS), "forgetful")
        cast.add(name, script(cast.folder, name, "recordwriter.py", *arguments))
    reader = ("recordreader.py", url, cast.broker.url().get_secret_value())
    cast.add("reader", script(cast.folder, "reader", *reader))
    return NoteVerifier(ORIGIN, key.public_key())


async def strike_for(cast: Cast, disasters: Disasters, span: float) -> None:
    """Kill, restore, fail over, and let the reader sleep while the stream overflows."""
    chooser = Random(SEED)  # noqa: S311 - to be repeated, not secret
    until_then = time.monotonic() + span
    await cast.kill_for(span / 8)
    backed_up_at = await disasters.back_up()
    steps = ["failover", "sleep", "failover", "restore"]
    while time.monotonic() < until_then:
        step = steps[0]
        steps = steps[1:] + steps[:1]
        await cast.kill_for(chooser.uniform(4, 8))
        if step == "failover":
            await disasters.fail_over()
        elif step == "restore":
            await disasters.restore(backed_up_at)
            backed_up_at = await disasters.back_up()
        else:
            await asyncio.to_thread(cast.processes["reader"].kill)
            cast.kills["reader, for long"] += 1
            await asyncio.sleep(8)
            cast.processes["reader"].start()
        if time.monotonic() < until_then:
            # Long enough for leases to run out, for somebody to act, and for the log to go on.
            await asyncio.sleep(14)


@asynccontextmanager
async def beside(*watches: asyncio.Task[None]) -> AsyncIterator[None]:
    """Keep tasks running; raise what one of them raised."""
    try:
        yield
    finally:
        for task in watches:
            task.cancel()
        for result in await asyncio.gather(*watches, return_exceptions=True):
            if result is not None and not isinstance(result, asyncio.CancelledError):
                raise result


@pytest.mark.soak
@pytest.mark.timeout(SECONDS * 3 + 400)
async def test_what_a_database_forgets_is_never_lost_in_silence(
    cast: Cast, own_bucket: S3Settings
) -> None:
    database = await cast.postgres.create_database()
    url = database.get_secret_value()
    connection = await connect_again(url)
    await connection.execute(TABLE)
    await connection.close()
    verifier = engage(cast, database, own_bucket)
    disasters, duty, held = Disasters(cast, seed=SEED), Duty(database), Counter[str]()
    witness = Witness(cast.broker.url())
    async with beside(
        asyncio.create_task(witness.watch()),
        asyncio.create_task(duty.watch()),
        asyncio.create_task(hold_snapshots(database, held)),
    ):
        await strike_for(cast, disasters, SECONDS)
        files = [cast.folder / f"writer-{number}.acks" for number in range(WRITERS)]
        for file in files:
            await until(_grows(file), seconds=90)
        for number in range(WRITERS):
            assert await asyncio.to_thread(cast.processes[f"writer-{number}"].stop) == 0
        connection = await connect_again(url)
        await _settled(connection, duty, cast.broker.url())
    written = await connection.fetchval("SELECT count(*) FROM record.log_index")
    await _consumed_once_and_in_order(connection, written)
    lost = await _what_is_lost_has_a_name(connection, disasters, files, witness, duty.told)
    await _is_provable(connection, cast.folder / "bundle", verifier, written)
    gap = "SELECT count(*) FROM record.recoveries"
    print(
        f"\n{sum(cast.kills.values())} kills {dict(cast.kills)}, "
        f"{dict(Counter(each.kind for each in disasters.struck))}, {dict(held)}, in "
        f"{SECONDS:.0f} s: {written} events in the log, {len(witness.seen)} seen in the stream, "
        f"{await connection.fetchval(gap)} epochs told of in the log at the end, "
        f"{dict(duty.recovered)}; {lost}; "
        f"{(cast.folder / 'reader.log').read_text().count('filled a gap')} gaps filled"
    )
    await connection.close()


def _grows(file: Path) -> Callable[[], object]:
    size = file.stat().st_size if file.exists() else 0

    async def grown() -> bool:
        return file.exists() and file.stat().st_size > size  # noqa: ASYNC240 - a local file

    return grown


async def _settled(connection: asyncpg.Connection, duty: Duty, broker: SecretStr) -> None:
    """Wait until everything is numbered, signed, published, consumed, and phantoms are named."""

    async def look() -> dict[str, object]:
        if await duty.look(phantoms=True):
            return {"named": "phantoms, just now"}
        row = await connection.fetchrow(
            "SELECT (SELECT count(*) FROM record.events) AS written, "
            "(SELECT count(*) FROM record.log_index) AS logged, "
            "(SELECT max(size) FROM record.checkpoints) AS signed, "
            "(SELECT count(*) FROM consumed) AS consumed, "
            "(SELECT next_log_index FROM record.relay_positions) AS published"
        )
        return dict(row or {})

    try:
        await patiently(
            look, lambda seen: len(seen) > 1 and len(set(seen.values())) == 1, within_seconds=200
        )
    except AssertionError as error:
        where = await _who_stands_where(connection, broker)
        raise AssertionError(f"not level: {error}; {where}") from error


async def _who_stands_where(connection: asyncpg.Connection, broker: SecretStr) -> dict[str, object]:
    """Tell what the log, the relay, the stream and the reader each hold, to read a failure by."""
    record = await connection.fetchrow(STANDING, SETTINGS.name)
    client = await connect_nats(broker, name="standing")
    try:
        jetstream = client.jetstream()
        state = (await jetstream.stream_info(EVENTS)).state
        reader = await jetstream.consumer_info(EVENTS, SETTINGS.name)
        last = await jetstream.get_msg(EVENTS, state.last_seq) if state.messages else None
    finally:
        await client.close()
    return {
        **dict(record or {}),
        "stream": (state.first_seq, state.last_seq),
        "stream_ends_with": last and (last.headers or {}).get(LOG_INDEX_HEADER),
        "reader_is_given": reader.delivered,
        "reader_acknowledged": reader.ack_floor,
        "reader_waits_for": (reader.num_pending, reader.num_ack_pending),
    }


async def _consumed_once_and_in_order(connection: asyncpg.Connection, written: int) -> None:
    rows = await connection.fetch("SELECT workflow_id, seq FROM consumed ORDER BY place")
    assert len(rows) == written
    last: dict[object, int] = {}
    for row in rows:
        assert row["seq"] == last.get(row["workflow_id"], 0) + 1, dict(row)
        last[row["workflow_id"]] = row["seq"]


async def _what_is_lost_has_a_name(
    connection: asyncpg.Connection,
    disasters: Disasters,
    files: list[Path],
    witness: Witness,
    told: list[tuple[int, int]],
) -> dict[str, int]:
    """Check that everything promised or seen is there, or named, or fell to a disaster unseen."""
    recorded = {
        str(row["event_id"]) for row in await connection.fetch("SELECT event_id FROM record.events")
    }
    named = await connection.fetch(
        "SELECT event_id FROM record.phantoms WHERE named_by IS NOT NULL"
    )
    phantoms = {str(row["event_id"]) for row in named}
    # Whoever found them told of them, though the database was lost again before anybody named them.
    phantoms |= _told_by_relays(disasters.folder)
    for event, index in witness.seen.items():
        # The stream had discarded what is told of only by its place.
        is_told = any(kept <= index < lost for kept, lost in told)
        assert event in recorded or event in phantoms or is_told, (event, index)
    promised = {event: at for file in files for event, at in promises(file).items()}
    lost = {event: at for event, at in promised.items() if str(event) not in recorded}
    for event, at in lost.items():
        assert any(each.may_have_lost(at) for each in disasters.struck), (event, at)
    return {
        "acknowledged": len(promised),
        "of them lost with the database": len(lost),
        "phantoms named": len(phantoms),
    }


def _told_by_relays(folder: Path) -> set[str]:
    """Return the ids of all events that a relay has ever said the record lacks."""
    logs = (log.read_text().splitlines() for log in folder.glob("venture-event-relay-*.log"))
    told = (line for lines in logs for line in lines if "lacks events" in line)
    return {event for line in told for event in _UUID.findall(line)}


async def _is_provable(
    connection: asyncpg.Connection, folder: Path, verifier: NoteVerifier, written: int
) -> None:
    await export_bundle(connection, folder)
    report = await asyncio.to_thread(verify_bundle, open_bundle(folder), [verifier])
    assert report.ok, report.finding
    assert report.entries == written
