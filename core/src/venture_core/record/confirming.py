"""Retention's second half: archives are read back, verified and confirmed, and months dropped.

It runs under a role and a login of its own, so that neither who archives nor who confirms can drop
a month alone: the database drops what one has noted and the other has confirmed, and looks itself
whether every event of the month is in there, signed for, published and shown. What is verified is
what the object store gives, with the keys that the sequencer entered.
"""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import asyncpg
import structlog

from venture_core.objectstore import ObjectNotFoundError
from venture_core.record.retention import (
    RetentionError,
    check_stored,
    list_archives,
    partitions_due,
    verified,
)

if TYPE_CHECKING:
    from datetime import datetime

    from venture_core.objectstore import ObjectStore
    from venture_core.record.retention import Archive

WAITS: Final = "VE010"
"""The SQLSTATE for a month that waits for a later archive, or that was brought back."""

_CONFIRMED = "SELECT partition FROM record.archive_confirmations"
_CONFIRM = "SELECT record.venture_confirm_archive($1, $2)"
_KEEP_DIGESTS = "SELECT record.venture_keep_digests($1)"
_DETACH = "SELECT record.venture_detach_partition($1)"
_SCAN_SECONDS: Final = 3600.0

log = structlog.get_logger(__name__)


class Confirmer:
    """Confirms archives, and drops the months that all of them together hold."""

    def __init__(self, connection: asyncpg.Connection, store: ObjectStore) -> None:
        """Work over a connection of the role venture_confirmer."""
        self._connection = connection
        self._store = store

    async def run(self, *, now: datetime, keep_months: int) -> list[str]:
        """Confirm what is archived, then drop every month that is due; return which were dropped.

        A month that got an event after it was archived stays until the next archive holds it, and
        one that was brought back stays as long as it was asked for: neither is an error. Raises
        RetentionError for archives that are not what they should be and for months that have to
        stay for another reason, once all others are dropped; ObjectStoreError, and the driver's
        errors.
        """
        fresh, problems = await self._confirm_all()
        archives = {each.partition: each for each in await list_archives(self._connection)}
        dropped = []
        due = await partitions_due(self._connection, now=now, keep_months=keep_months)
        for partition in due:
            try:
                if partition in archives and partition not in fresh:
                    await check_stored(self._store, archives[partition])
                await self._drop(partition)
            except RetentionError as error:
                problems.append(str(error))
            except asyncpg.PostgresError as error:
                if error.sqlstate != WAITS:
                    raise
                log.warning("a month of events stays for now", partition=partition, why=str(error))
            else:
                dropped.append(partition)
                log.info("dropped a month of events", partition=partition)
        if problems:
            raise RetentionError("; ".join(problems))
        return dropped

    async def _drop(self, partition: str) -> None:
        try:
            await self._connection.execute(_KEEP_DIGESTS, partition, timeout=_SCAN_SECONDS)
            await self._connection.execute(_DETACH, partition, timeout=_SCAN_SECONDS)
        except (asyncpg.RaiseError, asyncpg.LockNotAvailableError) as error:
            raise RetentionError(f"{partition} stays for now: {error}") from error

    async def _confirm_all(self) -> tuple[set[str], list[str]]:
        """Confirm archives in the log's order, up to the first that is not what it should be.

        Return the months of those that were confirmed, and what is wrong with the other.
        """
        fresh: set[str] = set()
        confirmed = {row["partition"] for row in await self._connection.fetch(_CONFIRMED)}
        archives = await list_archives(self._connection)
        for archive in sorted(archives, key=lambda each: each.end_log_index):
            if archive.partition in confirmed:
                continue
            try:
                await self._check(archive)
            except RetentionError as error:
                return fresh, [str(error)]
            await self._connection.execute(_CONFIRM, archive.partition, archive.sha256)
            fresh.add(archive.partition)
            log.info("confirmed an archive", partition=archive.partition, uri=archive.uri)
        return fresh, []

    async def _check(self, archive: Archive) -> None:
        """Read an archive back and verify it; RetentionError where it is not what was noted."""
        with tempfile.TemporaryDirectory() as folder:
            packed = Path(folder) / "bundle.tar"
            await fetch_archive(self._store, archive, packed)
            report = await verified(self._connection, packed, f"the archive {archive.uri}")
        if report.first != archive.first_log_index or report.size < archive.end_log_index:
            raise RetentionError(
                f"{archive.uri} holds the log from {report.first} to {report.size}, and not what "
                f"was noted: from {archive.first_log_index} to {archive.end_log_index}"
            )


async def fetch_archive(store: ObjectStore, archive: Archive, path: Path) -> None:
    """Write an archive to a file; RetentionError where it is not the one that was noted."""
    try:
        digest = await store.get_file(archive.key, path)
    except ObjectNotFoundError as error:
        raise RetentionError(f"the archive {archive.uri} is gone") from error
    if digest != archive.sha256:
        raise RetentionError(f"the archive {archive.uri} is not what was written")
