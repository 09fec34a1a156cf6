"""Bringing an archived month back into the database, out of the archives that hold it.

The database takes only what has the hash that the log holds at its place, and shows the month once
it is whole. It is not dropped again before the time that it was asked for is over.
"""

import asyncio
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from venture_core.events.bundle import open_bundle
from venture_core.events.bundle.layout import RECORD
from venture_core.record.confirming import fetch_archive
from venture_core.record.retention import RetentionError, bounds_of, list_archives

if TYPE_CHECKING:
    from collections.abc import Iterator

    import asyncpg

    from venture_core.events.bundle import Bundle
    from venture_core.objectstore import ObjectStore
    from venture_core.record.retention import Archive

_MONTH: Final = re.compile(r"(\d{4})-(\d{2})")
_PLACES = """
SELECT min(log_index) AS first, max(log_index) + 1 AS end FROM record.log_index
WHERE appended_at >= $1 AND appended_at < $2
"""
_BEGIN = "SELECT record.venture_begin_restore($1)"
_RESTORE = "SELECT record.venture_restore_events($1, $2, $3, $4)"
_FINISH = "SELECT record.venture_finish_restore($1, $2)"
_HASH_BYTES: Final = 32
_SCAN_SECONDS: Final = 3600.0

log = structlog.get_logger(__name__)


def partition_of(month: str) -> str:
    """Return what the partition of a month is called, `2025-03`; ValueError where it is none."""
    found = _MONTH.fullmatch(month)
    if found is None or not 1 <= int(found[2]) <= 12:  # noqa: PLR2004 - months of a year
        raise ValueError(f"{month} is no month: write it like 2025-03")
    return f"events_{found[1]}_{found[2]}"


async def restore_month(
    connection: asyncpg.Connection, store: ObjectStore, partition: str, *, keep_days: int
) -> int:
    """Bring a month back for so many days; return how many events it has.

    Needs the role venture_archiver. A restore that was cut short begins anew. Raises RetentionError
    where an archive is gone or changed, the driver's RaiseError where the month is not archived, is
    in the database, or is not whole, ObjectStoreError, and the driver's other errors.
    """
    archives = await list_archives(connection)
    await connection.execute(_BEGIN, partition)
    # Months overlap in the log: the first events of this one may be in the archive before it, and
    # what came late in the one after it.
    first, end = await connection.fetchrow(_PLACES, *bounds_of(partition), timeout=_SCAN_SECONDS)
    if first is None:
        raise RetentionError(f"the log has no events of {partition}")
    for archive in archives:
        if archive.first_log_index < end and archive.end_log_index > first:
            await _restore_from(connection, store, archive, partition)
    restored: int = await connection.fetchval(_FINISH, partition, keep_days, timeout=_SCAN_SECONDS)
    log.info("brought a month of events back", partition=partition, events=restored)
    return restored


async def _restore_from(
    connection: asyncpg.Connection, store: ObjectStore, archive: Archive, partition: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        packed = Path(folder) / "bundle.tar"
        await fetch_archive(store, archive, packed)
        bundle = await asyncio.to_thread(open_bundle, packed)
        entries = _entries(bundle)
        while batch := await asyncio.to_thread(next, entries, None):
            await connection.execute(_RESTORE, partition, *batch, timeout=_SCAN_SECONDS)


def _entries(bundle: Bundle) -> Iterator[tuple[list[int], list[bytes], list[bytes]]]:
    """Give log indexes, hashes before and bytes of a bundle's entries, in batches."""
    log_index = bundle.manifest.first
    for lines, records in bundle.batches():
        prevs = [record[0][:_HASH_BYTES] for record in RECORD.iter_unpack(records)]
        yield list(range(log_index, log_index + len(lines))), prevs, lines
        log_index += len(lines)
