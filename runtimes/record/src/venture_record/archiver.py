"""venture-archiver: moves months of events past the retention to the object store, and ends.

It drops nothing: `venture-confirmer` does, under a login of its own. `venture-archiver --restore
2025-03 --keep-days 30` brings an archived month back into the database for so long.
"""

import argparse
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from venture_core.process.jobs import run_job
from venture_core.record.database import Role
from venture_core.record.restoring import partition_of, restore_month
from venture_core.record.retention import Archiver

from venture_record.retention import run_once
from venture_record.settings import ArchiverSettings, ArchiveSettings

if TYPE_CHECKING:
    import asyncpg
    from venture_core.objectstore import ObjectStore

NAME = "venture-archiver"
KEEP_DAYS = 30


async def archive(settings: ArchiverSettings) -> int:
    """Archive every month that is due; return the exit code."""

    async def work(connection: asyncpg.Connection, store: ObjectStore) -> list[str]:
        archiver = Archiver(connection, store, scratch_bytes=settings.scratch_size)
        return await archiver.run(now=datetime.now(UTC), keep_months=settings.retention_months)

    return await run_once(settings, Role.ARCHIVER, NAME, work)


async def restore(settings: ArchiveSettings, partition: str, keep_days: int) -> int:
    """Bring a month back; return the exit code."""

    async def work(connection: asyncpg.Connection, store: ObjectStore) -> int:
        return await restore_month(connection, store, partition, keep_days=keep_days)

    return await run_once(settings, Role.ARCHIVER, NAME, work)


def _partition(month: str) -> str:
    try:
        return partition_of(month)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def main() -> None:
    """Run once."""
    parser = argparse.ArgumentParser(prog=NAME, description=__doc__)
    parser.add_argument("--restore", type=_partition, metavar="MONTH", help="like 2025-03")
    parser.add_argument("--keep-days", type=int, default=KEEP_DAYS, metavar="N", help="1 to 3650")
    given = parser.parse_args(sys.argv[1:])
    if given.restore is None:
        run_job(NAME, ArchiverSettings, archive)
    run_job(NAME, ArchiveSettings, lambda found: restore(found, given.restore, given.keep_days))
