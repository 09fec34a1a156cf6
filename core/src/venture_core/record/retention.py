"""Retention's first half: a month of events goes to the object store with its proofs.

The archive is an audit bundle like any other: whoever has the log's public key verifies it, without
this database. Commit order is not time order, so months overlap in the log: each archive begins
where the one before it ends, and goes to the last event of its month. It is verified before it is
noted. What takes the month out of the database is `venture_core.record.confirming`, under a role of
its own: whoever archives can drop nothing. A run that was killed is finished by the next.
"""

import asyncio
import hashlib
import re
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from venture_core.events.bundle import BundleError, open_bundle, pack
from venture_core.events.policy import PolicyError
from venture_core.events.verify import Kind, verify_bundle
from venture_core.objectstore import ObjectNotFoundError
from venture_core.record.export import export_bundle
from venture_core.record.reading import log_keys

if TYPE_CHECKING:
    from collections.abc import Iterable

    import asyncpg

    from venture_core.events.notes import NoteVerifier
    from venture_core.events.verify import Report
    from venture_core.objectstore import ObjectStore

PREFIX: Final = "archive/events"
MEDIA_TYPE: Final = "application/x-tar"

_PARTITION: Final = re.compile(r"events_(\d{4})_(\d{2})")
_PARTITIONS = """
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'record.events'::regclass
"""
_COUNT = "SELECT count(*) FROM {} WHERE appended_at >= $1 AND appended_at < $2"
_END = """
SELECT max(log_index) + 1 FROM record.log_index WHERE appended_at >= $1 AND appended_at < $2
"""
_SIGNED = "SELECT min(size) FROM record.checkpoints WHERE size >= $1"
_ARCHIVES = "SELECT * FROM record.archives ORDER BY partition"
_NOTE = """
INSERT INTO record.archives
  (partition, first_log_index, end_log_index, events, size_bytes, sha256, uri)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
_MONTHS: Final = 12
_SCAN_SECONDS: Final = 3600.0

log = structlog.get_logger(__name__)


class RetentionError(Exception):
    """A month cannot be archived or dropped as things are; nothing of it was dropped."""


@dataclass(frozen=True, slots=True)
class Archive:
    """A month of events in the object store."""

    partition: str
    """The month, as the partition was called: events_2026_01."""
    first_log_index: int
    """Where the archive before it ends; 0 for the first."""
    end_log_index: int
    """One more than the log index of its last event."""
    events: int
    """How many events from first to end there are, of the months beside it too."""
    size_bytes: int
    sha256: bytes
    """Digest of the bundle, a tar archive."""
    uri: str

    @property
    def key(self) -> str:
        """Where in the bucket it is: the same bytes are never stored twice."""
        return _key(self.partition, self.sha256)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """The part of the log to archive, and the size of the log when it was signed for."""

    first: int
    end: int
    signed: int


def due_partitions(partitions: Iterable[str], *, now: datetime, keep_months: int) -> list[str]:
    """Return the months to archive, oldest first: all but this one and `keep_months` before it.

    Partitions of other names are nobody's business. ValueError where `keep_months` is below 1.
    """
    if keep_months < 1:
        raise ValueError(f"at least one whole month is kept, not {keep_months}")
    this_month = now.year * _MONTHS + now.month - 1
    named = [found for each in partitions if (found := _PARTITION.fullmatch(each))]
    return sorted(each[0] for each in named if this_month - _month_number(each) > keep_months)


async def list_archives(connection: asyncpg.Connection) -> list[Archive]:
    """Return what has been archived, oldest first."""
    rows = await connection.fetch(_ARCHIVES)
    return [Archive(**{name: row[name] for name in Archive.__slots__}) for row in rows]


async def archived_end(connection: asyncpg.Connection) -> int:
    """Return the log index from which on no event is archived."""
    return _end_of(await list_archives(connection))


async def partitions_due(
    connection: asyncpg.Connection, *, now: datetime, keep_months: int
) -> list[str]:
    """Return the months in the database that are past the retention, oldest first."""
    names = [row["relname"] for row in await connection.fetch(_PARTITIONS)]
    return due_partitions(names, now=now, keep_months=keep_months)


class Archiver:
    """Archives months."""

    def __init__(
        self,
        connection: asyncpg.Connection,
        store: ObjectStore,
        *,
        scratch_bytes: int | None = None,
    ) -> None:
        """Work over a connection of the role venture_archiver.

        `scratch_bytes` is what temporary files may take in all; None: what their disk has.
        """
        self._connection = connection
        self._store = store
        self._scratch_bytes = scratch_bytes

    async def run(self, *, now: datetime, keep_months: int) -> list[str]:
        """Archive every month that is due and not archived yet, oldest first; return which.

        What was added to a month after it was archived goes into the archive that comes next.
        Raises RetentionError at the first month for which it cannot be done, ObjectStoreError, and
        the driver's errors.
        """
        archived = []
        due = await partitions_due(self._connection, now=now, keep_months=keep_months)
        for partition in due:
            archives = await list_archives(self._connection)
            if any(archive.partition == partition for archive in archives):
                continue
            stretch = await self._stretch(partition, _end_of(archives))
            if stretch is not None:
                await self._archive(partition, stretch)
                archived.append(partition)
        return archived

    async def _archive(self, partition: str, stretch: _Stretch) -> None:
        with tempfile.TemporaryDirectory() as folder:
            bundle, packed = Path(folder) / "bundle", Path(folder) / "bundle.tar"
            check_room = partial(self._check_room, partition, bundle)
            manifest = await export_bundle(
                self._connection,
                bundle,
                first=stretch.first,
                size=stretch.signed,
                progress=check_room,
            )
            # What was in buffers counts as well now.
            check_room(manifest.entries, manifest.entries)
            await verified(self._connection, bundle, partition)
            await asyncio.to_thread(pack, bundle, packed)
            archive = await asyncio.to_thread(self._describe, partition, stretch, packed)
            await self._store.put_file(archive.key, packed, media_type=MEDIA_TYPE)
        await check_stored(self._store, archive)
        await self._connection.execute(
            _NOTE, *(getattr(archive, name) for name in Archive.__slots__)
        )
        log.info("archived a month of events", partition=partition, uri=archive.uri)

    def _check_room(self, partition: str, bundle: Path, done: int, entries: int) -> None:
        """Raise RetentionError once what is written leaves no room to pack it.

        A pod that takes more than its volume allows is evicted without a word of ours.
        """
        needed = 2 * sum(file.stat().st_size for file in bundle.iterdir())
        if self._scratch_bytes is not None and needed > self._scratch_bytes:
            whole = _gib(needed * entries // done)
            raise RetentionError(
                f"{partition} needs about {whole} to be packed, and has room of "
                f"{_gib(self._scratch_bytes)}: set record.retention.scratchSize to more"
            )

    async def _stretch(self, partition: str, first: int) -> _Stretch | None:
        """Return what is to be archived from `first` on; None where all of the month is already."""
        bounds = bounds_of(partition)
        logged, held = [
            await self._connection.fetchval(_COUNT.format(table), *bounds, timeout=_SCAN_SECONDS)
            for table in ("record.log_index", "record.events")
        ]
        if logged != held:
            raise RetentionError(
                f"{partition} holds {held} events, the log {logged}: `venture audit export` names "
                "what is wrong"
            )
        end = await self._connection.fetchval(_END, *bounds, timeout=_SCAN_SECONDS)
        if end is None or end <= first:
            return None
        signed = await self._connection.fetchval(_SIGNED, end)
        if signed is None:
            raise RetentionError(f"no checkpoint covers {partition} yet")
        return _Stretch(first, end, signed)

    def _describe(self, partition: str, stretch: _Stretch, packed: Path) -> Archive:
        with packed.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256")
        return Archive(
            partition=partition,
            first_log_index=stretch.first,
            end_log_index=stretch.end,
            events=stretch.end - stretch.first,
            size_bytes=packed.stat().st_size,
            sha256=digest.digest(),
            uri=self._store.uri(_key(partition, digest.digest())),
        )


async def verified(connection: asyncpg.Connection, bundle: Path, named: str) -> Report:
    """Verify a bundle with the keys that the database lists; return the report.

    An event in another form than its one is what was signed all the same: it is named, loudly, and
    keeps no month in the database. Raises RetentionError, which calls the bundle `named`, where it
    would not be believed later.
    """
    keys = await log_keys(connection)
    try:
        report = await asyncio.to_thread(_verify, bundle, keys)
        if (found := report.finding) is not None and found.kind is Kind.MALFORMED:
            log.error(
                "archives an event as it was signed",
                event_id=found.event_id,
                log_index=found.log_index,
                problem=found.message,
            )
            report = await asyncio.to_thread(_verify, bundle, keys, strict=False)
    except (PolicyError, BundleError) as error:
        raise RetentionError(f"{named} cannot be verified: {error}") from error
    if report.finding is not None:
        raise RetentionError(f"{named} does not verify: {report.finding.message}")
    return report


def _verify(bundle: Path, keys: list[NoteVerifier], *, strict: bool = True) -> Report:
    return verify_bundle(open_bundle(bundle), keys, strict=strict)


async def check_stored(store: ObjectStore, archive: Archive) -> None:
    """See whether the object store really holds the archive, byte for byte, or RetentionError."""
    try:
        stored = await store.sha256(archive.key)
    except ObjectNotFoundError as error:
        raise RetentionError(f"the archive {archive.uri} is gone") from error
    if stored != archive.sha256:
        raise RetentionError(f"the archive {archive.uri} is not what was written")


def _gib(size: int) -> str:
    return f"{size / 1024**3:.3g} GiB"


def _end_of(archives: Iterable[Archive]) -> int:
    return max((each.end_log_index for each in archives), default=0)


def _key(partition: str, sha256: bytes) -> str:
    return f"{PREFIX}/{partition}-{sha256.hex()}.tar"


def _month_number(partition: re.Match[str]) -> int:
    return int(partition[1]) * _MONTHS + int(partition[2]) - 1


def bounds_of(partition: str) -> tuple[datetime, datetime]:
    """Return the first moment of the partition's month, and of the next."""
    found = _PARTITION.fullmatch(partition)
    if found is None:
        raise ValueError(f"{partition} is no month of events")
    month = _month_number(found)
    first, after = (
        datetime(n // _MONTHS, n % _MONTHS + 1, 1, tzinfo=UTC) for n in (month, month + 1)
    )
    return first, after
