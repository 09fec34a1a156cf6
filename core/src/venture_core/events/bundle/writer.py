"""Writing a bundle into a folder, entry by entry, as the database hands them out."""

import hashlib
from typing import TYPE_CHECKING, Final, Self

from venture_core.events.bundle.layout import (
    CHECKPOINTS,
    EVENTS,
    GAPS,
    INDEX,
    KEYS,
    MANIFEST,
    NO_HASH,
    RECORD,
    SMALL_FILES,
    BundleFile,
    Entry,
    Gap,
    GapLine,
    Manifest,
    note_line,
)
from venture_core.events.chain import HASH_BYTES, MAX_SEQ, SEQ_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path
    from types import TracebackType

    from venture_core.events.notes import NoteVerifier

_NO_LINK: Final = bytes(HASH_BYTES + SEQ_BYTES)
_NOT_A_HASH: Final = b"\xff" * HASH_BYTES
_LINE_BREAK_STANDS_AS: Final = b"\r"


class BundleWriter:
    """Writes one bundle; a context manager that closes its files.

    It writes what it is given, tampered or not, and what has no place in the format as something
    that no true entry has: a hash of another length as 32 bytes 0xff, a number out of bounds as 0,
    a line break within an event's bytes as a carriage return.
    """

    def __init__(
        self, folder: Path, *, origin: str, first: int = 0, frontier: Sequence[bytes] = ()
    ) -> None:
        """Start a bundle in a new or empty folder.

        `first` is the log index of its first entry and `frontier` the edge of the Merkle tree of
        `first` leaves, largest node first. Raises FileExistsError where the folder holds files.
        """
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise FileExistsError(f"{folder} is not empty")
        self._folder = folder
        self._origin = origin
        self._first = self._next = first
        self._frontier = tuple(node.hex() for node in frontier)
        self._files = {
            name: (folder / name).open("xb") for name in (EVENTS, INDEX, CHECKPOINTS, KEYS)
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for file in self._files.values():
            file.close()

    def append(self, entries: Iterable[Entry | Gap]) -> None:
        """Write the next entries in the order of the log."""
        lines: list[bytes] = []
        records: list[bytes] = []
        for entry in entries:
            match entry:
                case Entry():
                    lines.append(entry.canonical.replace(b"\n", _LINE_BREAK_STANDS_AS))
                    records.append(_record(entry))
                case Gap():
                    lines.append(b"")
                    records.append(RECORD.pack(_NO_LINK, NO_HASH, _hash(entry.logged)))
                    self._write_gap(entry)
            self._next += 1
        lines.append(b"")
        self._files[EVENTS].write(b"\n".join(lines))
        self._files[INDEX].write(b"".join(records))

    def add_checkpoint(self, note: bytes) -> None:
        """Write the next signed checkpoint, in order of size; the last is the bundle's end."""
        self._files[CHECKPOINTS].write(note_line(note))

    def add_key(self, key: NoteVerifier) -> None:
        """Write a key with which the log signs."""
        self._files[KEYS].write(key.text.encode() + b"\n")

    def finish(self) -> Manifest:
        """Close the files and write the manifest: the folder is a bundle now."""
        files: dict[str, BundleFile] = {}
        for name, file in sorted(self._files.items()):
            file.close()
            files[name] = self._describe(name)
        manifest = Manifest.model_validate(
            {
                "origin": self._origin,
                "first": self._first,
                "size": self._next,
                "frontier": self._frontier,
                "files": files,
            }
        )
        (self._folder / MANIFEST).write_bytes(manifest.encode())
        return manifest

    def _write_gap(self, gap: Gap) -> None:
        if GAPS not in self._files:
            self._files[GAPS] = (self._folder / GAPS).open("xb")
        line = GapLine(
            log_index=self._next,
            event_id=gap.event_id,
            workflow_id=gap.workflow_id,
            seq=gap.seq,
        )
        text = line.model_dump_json(by_alias=True, exclude_none=True)
        self._files[GAPS].write(text.encode() + b"\n")

    def _describe(self, name: str) -> BundleFile:
        path = self._folder / name
        if name not in SMALL_FILES:
            return BundleFile(bytes=path.stat().st_size)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return BundleFile(bytes=path.stat().st_size, sha256=digest)


def _record(entry: Entry) -> bytes:
    seq = entry.seq if 0 <= entry.seq <= MAX_SEQ else 0
    prev = NO_HASH if entry.prev is None else _hash(entry.prev)
    return RECORD.pack(prev + seq.to_bytes(SEQ_BYTES), _hash(entry.hash), _hash(entry.logged))


def _hash(value: bytes) -> bytes:
    return value if len(value) == HASH_BYTES else _NOT_A_HASH
