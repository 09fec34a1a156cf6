"""The record's figures in one run: `.venv/bin/python tests/bench/bench_events.py [--seconds 5]`.

It starts a Postgres and a NATS server of its own (fsync on) and the record's processes, all on this
machine, and prints what it measures; docs/performance.md has the targets. Events have about 560
bytes. On few cores all of them, the load too, share the processor: only ratios carry over.

With `--revisions` it measures only how fast databases of these revisions append, turn by
turn, so that other work on the machine slows all of them alike.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections import deque
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.append(str(Path(__file__).resolve().parents[1] / "support"))

import asyncpg
from appendload import Appended, AppendLoad, Events
from recordlog import signed_size
from recordprocesses import ORIGIN, record_processes, write_key
from recordrelay import stream_holds
from recordservers import NatsServer, PostgresServer, installed_postgres
from s3server import S3Server
from venture_core.events.bundle import open_bundle
from venture_core.events.notes import NoteVerifier
from venture_core.events.verify import verify_bundle
from venture_core.messaging.connection import connect_nats
from venture_core.record.export import export_bundle
from venture_core.record.producer import EventProducer
from waiting import until

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from venture_core.objectstore import S3Settings

PACED_PER_SECOND = 2000
SHAPES = ((16, 1), (16, 20), (64, 1), (64, 20))
"""Workflows, and events of each in one append."""
CHECKPOINT_LAG = """
SELECT percentile_cont(array[0.5, 0.99, 1]) WITHIN GROUP (
  ORDER BY extract(epoch FROM c.signed_at - l.appended_at))
FROM record.log_index l, LATERAL (
  SELECT signed_at FROM record.checkpoints WHERE size > l.log_index ORDER BY size LIMIT 1
) c WHERE l.log_index >= $1 AND l.log_index % 7 = 0
"""


async def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=5, help="how long each figure takes")
    options.add_argument("--revisions", nargs="+", metavar="REVISION", help="compare only these")
    options.add_argument("--rounds", type=int, default=20, help="of comparing revisions")
    options.add_argument(
        "--postgres",
        type=Path,
        action="append",
        metavar="FOLDER",
        help="with the programs to compare revisions on; default: of each version installed here",
    )
    given = options.parse_args()
    if given.revisions:
        await compare_revisions(given)
        return
    seconds = given.seconds
    with (
        tempfile.TemporaryDirectory(prefix="venture-bench-") as data,
        tempfile.TemporaryDirectory(prefix="venture-bench-") as folder,
    ):
        postgres, broker = PostgresServer(Path(data)), NatsServer(Path(folder))
        await postgres.start()
        await broker.start()
        store = S3Server(Path(folder) / "s3")
        await store.start()
        bucket = store.bucket("venture")
        try:
            await in_the_database(postgres, seconds)
            await through_the_producer(postgres, seconds)
            await the_whole_path(postgres, broker, Path(folder), bucket, seconds)
        finally:
            store.kill()
            broker.stop()
            postgres.stop()


async def in_the_database(postgres: PostgresServer, seconds: float) -> None:
    """Measure the append function: two connections, each with one call at a time."""
    for workflows, each in SHAPES:
        url = await postgres.create_database()
        async with AppendLoad(url, workflows, each) as load:
            appended = await load.run(seconds)
        show(
            f"in the database, {workflows} workflows, {each} per append",
            appended.events / appended.clock,
            appended.latencies,
        )
        await postgres.drop_database(url)


async def compare_revisions(options: argparse.Namespace) -> None:
    """Measure the append function of several revisions in turns, for each Postgres."""
    for programs in options.postgres or installed_postgres():
        with tempfile.TemporaryDirectory(prefix="venture-bench-") as folder:
            postgres = PostgresServer(Path(folder), programs=programs)
            await postgres.start()
            try:
                print(
                    f"{programs}: {', '.join(options.revisions)}, {options.rounds} rounds in turn"
                )
                for workflows, each in SHAPES:
                    await _compare(postgres, workflows, each, options)
            finally:
                postgres.stop()


async def _compare(
    postgres: PostgresServer, workflows: int, each: int, options: argparse.Namespace
) -> None:
    """Print for each revision its median rate, and what an event costs the database's sessions."""
    results: dict[str, list[Appended]] = {revision: [] for revision in options.revisions}
    async with AsyncExitStack() as stack:
        loads: dict[str, AppendLoad] = {}
        for revision in options.revisions:
            url = await postgres.create_database(revision)
            stack.push_async_callback(postgres.drop_database, url)
            loads[revision] = await stack.enter_async_context(AppendLoad(url, workflows, each))
        turns = deque(options.revisions)
        for _ in range(options.rounds):
            for revision in turns:
                results[revision].append(await loads[revision].run(options.seconds))
            # Nobody is always first after a pause, nor always behind the same one.
            turns.rotate(1)
    rates = [statistics.median(one.events / one.clock for one in of) for of in results.values()]
    costs = [
        1e6 * sum(one.processor for one in of) / sum(one.events for one in of)
        for of in results.values()
    ]
    print(
        f"  {workflows} workflows, {each} per append: "
        f"{', '.join(f'{rate:,.0f} ({rate / rates[0]:.2f})' for rate in rates)} events/s; "
        f"{', '.join(f'{cost:.1f} ({costs[0] / cost:.2f})' for cost in costs)} µs of a core"
    )


async def through_the_producer(postgres: PostgresServer, seconds: float) -> None:
    """Measure EventProducer: every workflow waits for its events to be durable."""
    for workflows, each in ((16, 1), (64, 1), (64, 20)):
        url = await postgres.create_database()
        latencies: list[float] = []
        until_then = time.perf_counter() + seconds
        async with EventProducer(url, name="bench") as producer:
            done = sum(
                await asyncio.gather(
                    *(
                        write(producer, Events(), each, until_then, latencies)
                        for _ in range(workflows)
                    )
                )
            )
        show(f"EventProducer, {workflows} workflows, {each} at once", done / seconds, latencies)
        await postgres.drop_database(url)


async def write(
    producer: EventProducer, events: Events, each: int, until_then: float, latencies: list[float]
) -> int:
    """Append `each` events at once, again and again."""
    stream, done = iter(events), 0
    while time.perf_counter() < until_then:
        began = time.perf_counter()
        await asyncio.gather(*(producer.append_canonical(next(stream)) for _ in range(each)))
        latencies.append(time.perf_counter() - began)
        done += each
    return done


async def the_whole_path(
    postgres: PostgresServer,
    broker: NatsServer,
    folder: Path,
    bucket: S3Settings,
    seconds: float,
) -> None:
    """Measure append to stream with sequencer and relay running, then the lags at a pace."""
    url = await postgres.create_database()
    key_file, key = write_key(folder)
    processes = record_processes(
        folder, database=url, broker=broker.url(), bucket=bucket, key=key_file
    )
    running = [processes["venture-sequencer"], processes["venture-event-relay"]]
    for process in running:
        process.start()
    connection = await asyncpg.connect(url.get_secret_value())
    client = await connect_nats(broker.url(), name="bench")
    async with EventProducer(url, name="bench") as producer:
        await asyncio.gather(*(producer.append_canonical(next(iter(Events()))) for _ in range(10)))
        await stream_holds(client, 10)
        began = time.perf_counter()
        done = sum(
            await asyncio.gather(
                *(write(producer, Events(), 4, began + seconds, []) for _ in range(64))
            )
        )
        appended = time.perf_counter() - began
        await stream_holds(client, 10 + done, seconds=120)
        taken = time.perf_counter() - began
        print(
            f"the whole path at full load: {done / appended:,.0f} events/s appended, "
            f"{done / taken:,.0f}/s up to JetStream's acknowledgement"
        )
        await until(lambda: reached(connection, 10 + done))
        show_seconds("checkpoint lag at full load", await checkpoint_lag(connection, 10))
        await paced(producer, broker, connection, seconds)
    await verify(connection, folder / "bundle", key)
    for process in running:
        process.stop()
    await connection.close()
    await client.close()


async def paced(
    producer: EventProducer, broker: NatsServer, connection: asyncpg.Connection, seconds: float
) -> None:
    """Append at a steady pace; measure until a plain subscriber has each event."""
    client = await broker.connect()
    appended: dict[str, float] = {}
    lags: list[float] = []
    total = int(seconds * PACED_PER_SECOND)

    async def receive(message: object) -> None:
        name = message.headers["Nats-Msg-Id"]  # type: ignore[attr-defined]
        if name in appended:
            lags.append(time.perf_counter() - appended.pop(name))

    await client.subscribe("artifact.>", cb=receive)
    before = await connection.fetchval("SELECT count(*) FROM record.log_index")
    streams = [iter(Events()) for _ in range(64)]
    began = time.perf_counter()
    tasks = []
    for number in range(total):
        ahead = began + number / PACED_PER_SECOND - time.perf_counter()
        if ahead > 0:
            await asyncio.sleep(ahead)
        event = next(streams[number % len(streams)])
        appended[str(event.event_id)] = time.perf_counter()
        tasks.append(asyncio.create_task(producer.append_canonical(event)))
    await asyncio.gather(*tasks)
    took = time.perf_counter() - began
    await until(lambda: _all_received(lags, total))
    show(f"at {total / took:,.0f}/s: append to subscriber", len(lags) / took, lags)
    await until(lambda: reached(connection, before + total))
    show_seconds("checkpoint lag at that pace", await checkpoint_lag(connection, before))
    await client.close()


async def _all_received(lags: list[float], total: int) -> bool:
    return len(lags) >= total


async def reached(connection: asyncpg.Connection, size: int) -> bool:
    """Tell whether a checkpoint covers so many events."""
    return await signed_size(connection) >= size


async def checkpoint_lag(connection: asyncpg.Connection, first: int) -> list[float]:
    """Return how long events waited for their checkpoint: median, 99th percentile, most."""
    lags: list[float] = await connection.fetchval(CHECKPOINT_LAG, first)
    return lags


async def verify(connection: asyncpg.Connection, folder: Path, key: Ed25519PrivateKey) -> None:
    """Export everything and verify it on one core."""
    began = time.perf_counter()
    manifest = await export_bundle(connection, folder)
    exported = time.perf_counter() - began
    began, worked = time.perf_counter(), time.process_time()
    report = verify_bundle(open_bundle(folder), [NoteVerifier(ORIGIN, key.public_key())])
    clock, cpu = time.perf_counter() - began, time.process_time() - worked
    print(
        f"export {manifest.entries / exported:,.0f} events/s; verify {report.entries / clock:,.0f} "
        f"events/s by the clock, {report.entries / cpu:,.0f} per second of one core; "
        f"{'all as signed' if report.ok else report.finding}"
    )


def show(what: str, rate: float, latencies: list[float]) -> None:
    """Print a rate and its latencies."""
    quantiles = statistics.quantiles(latencies, n=100)
    print(
        f"{what}: {rate:,.0f} events/s, p50 {quantiles[49] * 1e3:.1f} ms, "
        f"p99 {quantiles[98] * 1e3:.1f} ms"
    )


def show_seconds(what: str, lags: list[float]) -> None:
    """Print the median, the 99th percentile and the largest of some lags."""
    print(f"{what}: p50 {lags[0]:.3f} s, p99 {lags[1]:.3f} s, most {lags[2]:.3f} s")


if __name__ == "__main__":
    asyncio.run(main())
