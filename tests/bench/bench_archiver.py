"""What memory archiving takes: `python tests/bench/bench_archiver.py [--events 50000 250000]`.

For each number of events it makes a log of one month in a Postgres of its own, has a process of its
own archive that month to an S3 server of its own, and prints the most memory that process had while
it exported, verified, packed, uploaded and read back. Events have about 560 bytes. Ten millions
take 40 GB of disk meanwhile.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from inspect import iscoroutinefunction
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.append(str(Path(__file__).resolve().parents[1] / "support"))

import asyncpg
from bench_events import Events
from pydantic import SecretStr
from recordlog import caught_up, sequencing
from recordservers import PostgresServer
from s3server import S3Server
from venture_core.events.chain import ChainHead
from venture_core.objectstore import ObjectStore, S3Settings
from venture_core.record import retention
from venture_core.record.database import Role, connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BATCH = 2000
COLUMNS = (
    "seq",
    "workflow_id",
    "event_id",
    "prev_event_hash",
    "this_event_hash",
    "canonical",
    "appended_at",
)
QUEUE = "INSERT INTO record.unsequenced VALUES (DEFAULT, $1, $2, $3, $4)"
STEPS = (
    (retention, "export_bundle", "export"),
    (retention, "verified", "verify"),
    (retention, "pack", "pack"),
    (ObjectStore, "put_file", "upload"),
    (retention, "check_stored", "read back"),
)


async def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--events", type=int, nargs="+", default=[50_000, 250_000])
    options.add_argument("--workflows", type=int, default=64)
    options.add_argument("--archive", nargs=2, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.archive is not None:
        await archive(*given.archive)
        return
    with tempfile.TemporaryDirectory() as data, tempfile.TemporaryDirectory() as folder:
        postgres, server = PostgresServer(Path(data)), S3Server(Path(folder))
        await postgres.start()
        await server.start()
        try:
            for events in given.events:
                url = await make_log(postgres, events, given.workflows)
                settings = server.bucket("venture").model_dump_json()
                secret = server.bucket("venture").secret_access_key
                assert secret is not None
                program = [sys.executable, __file__, "--archive", url.get_secret_value(), settings]
                print(f"{events:,} events:", flush=True)
                await asyncio.to_thread(
                    subprocess.run, program, input=secret.get_secret_value().encode(), check=True
                )
                await postgres.drop_database(url)
        finally:
            server.kill()
            postgres.stop()


async def make_log(postgres: PostgresServer, events: int, workflows: int) -> SecretStr:
    """Return the URL of a database with so many events, numbered and signed for.

    They are copied in, as only the owner of the database can: ten million appends take too long.
    """
    url = await postgres.create_database()
    owner = await asyncpg.connect(url.get_secret_value())
    rows = chained(workflows)
    async with sequencing(url):
        for first in range(0, events, BATCH):
            now = datetime.now(UTC)
            batch = [(*next(rows), now) for _ in range(min(BATCH, events - first))]
            async with owner.transaction():
                await owner.copy_records_to_table(
                    "events", schema_name="record", columns=COLUMNS, records=batch
                )
                seqs, workflow_ids, _, _, hashes, _, _ = zip(*batch, strict=True)
                await owner.execute(QUEUE, now, workflow_ids, seqs, hashes)
        await caught_up(owner, events, seconds=600)
    await owner.close()
    return url


def chained(workflows: int) -> Iterator[tuple[Any, ...]]:
    """Give rows of the events' table without end, of each workflow in turn."""
    streams = [iter(Events()) for _ in range(workflows)]
    heads = [ChainHead()] * workflows
    while True:
        for number, stream in enumerate(streams):
            event_id, workflow_id, data = next(stream)
            before = heads[number]
            after = heads[number] = before.append(data)
            yield after.seq, workflow_id, event_id, before.hash, after.hash, data


async def archive(url: str, settings: str) -> None:
    """Archive this month as if two more had gone by, and print what each step took."""
    s3 = S3Settings.model_validate_json(settings).model_copy(
        update={"secret_access_key": SecretStr(sys.stdin.read())}
    )
    connection = await connect(SecretStr(url), Role.ARCHIVER, name="bench")
    for owner, name, label in STEPS:
        setattr(owner, name, measured(getattr(owner, name), label))
    print(f"  at rest {peak_mib():.0f} MiB")
    archiver = retention.Archiver(connection, ObjectStore(s3))
    await archiver.run(now=datetime.now(UTC) + timedelta(days=70), keep_months=1)
    await connection.close()


def measured(step: Callable[..., Any], label: str) -> Callable[..., Any]:
    """Print the most memory that a step had, and how long it took."""

    @contextmanager
    def watched() -> Iterator[None]:
        Path("/proc/self/clear_refs").write_text("5")
        began = time.process_time()
        yield
        print(f"  {label}: {peak_mib():.0f} MiB, {time.process_time() - began:.1f} s of CPU")

    async def wait(*args: Any, **options: Any) -> Any:
        with watched():
            return await step(*args, **options)

    def call(*args: Any, **options: Any) -> Any:
        with watched():
            return step(*args, **options)

    return wait if iscoroutinefunction(step) else call


def peak_mib() -> float:
    """Return the most memory that this process had since the last step began."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


if __name__ == "__main__":
    asyncio.run(main())
