"""Exporting a stretch of the log as an audit bundle: whatever the database holds, right or wrong.

The export trusts nothing and corrects nothing: an event that is gone leaves a gap, a forged
checkpoint is taken along, and the verifier of the bundle says so.
"""

import asyncio
from typing import TYPE_CHECKING, Final

from venture_core.events.bundle import BundleWriter, Entry, Gap
from venture_core.events.bundle.layout import NO_HASH
from venture_core.record.lognodes import load_frontier
from venture_core.record.reading import STRETCH, log_keys, log_size, read_stretch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import asyncpg

    from venture_core.events.bundle import Manifest
    from venture_core.record.reading import RecordedEvent

MAX_CHECKPOINTS: Final = 100_000
"""How many a bundle takes: those of seven hours of a log that is never idle. `crosscheck` compares
the others with the log."""

MAX_GAPS_AT_END: Final = 10_000
"""How many entries are written as gaps where the log ends before its checkpoint. A forged
checkpoint may claim any size; the verifier says that the log is cut off, or who forged what."""

_LAST = "SELECT max(size) FROM record.checkpoints WHERE size <= $1"
# Whoever adds a checkpoint adds it at the end, and may give it any name or none.
_ORIGIN = """
SELECT origin FROM (SELECT size, split_part(note, E'\n', 1) AS origin FROM record.checkpoints) named
WHERE length(origin) BETWEEN 1 AND 256 ORDER BY size LIMIT 1
"""
# The last one always, of the others every so many.
_CHECKPOINTS = """
SELECT note FROM (
  SELECT note, size, row_number() OVER (ORDER BY size DESC) - 1 AS place, count(*) OVER () AS all
  FROM record.checkpoints WHERE size > $1 AND size <= $2
) numbered
WHERE place % (1 + (numbered.all - 1) / $3) = 0 ORDER BY size
"""
_LARGEST = 2**63 - 1


class NothingToExportError(Exception):
    """The log has no checkpoint that covers what was asked for."""


async def export_bundle(
    connection: asyncpg.Connection,
    folder: Path,
    *,
    first: int = 0,
    size: int | None = None,
    origin: str | None = None,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Manifest:
    """Write a bundle of the log from log index `first` to its newest checkpoint into `folder`.

    With `size`, to the last checkpoint of a log of at most so many events. `origin` is the log's
    name, by default the one in its oldest checkpoint. Needs the role venture_auditor. `progress` is
    told how many entries are written of how many. Raises NothingToExportError, FileExistsError
    where the folder holds files, OSError, and MissingNodeError where `first` is not 0 and the log
    before it is damaged.
    """
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        signed = await connection.fetchval(_LAST, _LARGEST if size is None else size)
        named = origin or await connection.fetchval(_ORIGIN)
        if signed is None or named is None or signed <= first:
            raise NothingToExportError(f"no checkpoint covers the log from {first} on")
        end = min(signed, await log_size(connection) + MAX_GAPS_AT_END)
        frontier = await load_frontier(connection, first)
        with BundleWriter(
            folder,
            origin=named,
            first=first,
            frontier=frontier.nodes,
        ) as writer:
            for key in await log_keys(connection):
                writer.add_key(key)
            # A hundred thousand at once would take more memory than all the rest.
            async for row in connection.cursor(_CHECKPOINTS, first, signed, MAX_CHECKPOINTS):
                writer.add_checkpoint(row["note"].encode())
            await _write_entries(connection, writer, first, end, progress)
            return await asyncio.to_thread(writer.finish)


async def _write_entries(
    connection: asyncpg.Connection,
    writer: BundleWriter,
    first: int,
    end: int,
    progress: Callable[[int, int], None],
) -> None:
    for low in range(first, end, STRETCH):
        high = min(low + STRETCH, end)
        found = {each.log_index: each for each in await read_stretch(connection, low, high)}
        entries = [_entry(found.get(index)) for index in range(low, high)]
        await asyncio.to_thread(writer.append, entries)
        progress(high - first, end - first)


def _entry(event: RecordedEvent | None) -> Entry | Gap:
    if event is None:
        return Gap()
    logged = event.logged or NO_HASH
    if event.canonical is None:
        return Gap(logged, event.event_id, event.workflow_id, event.seq)
    return Entry(
        canonical=event.canonical,
        seq=event.seq,
        prev=event.prev,
        hash=event.hash or NO_HASH,
        logged=logged,
    )
