"""Reading a bundle: its manifest and small files as a whole, its entries as streams of batches."""

import hashlib
import json
from typing import TYPE_CHECKING, Final, Protocol

from pydantic import ValidationError

from venture_core.events.bundle.layout import (
    CHECKPOINTS,
    EVENTS,
    GAPS,
    INDEX,
    KEYS,
    MANIFEST,
    MAX_LINE_BYTES,
    MAX_MANIFEST_BYTES,
    RECORD,
    SMALL_FILES,
    GapLine,
    IndexRecord,
    Manifest,
    MissingDataError,
    UnreadableBundleError,
)
from venture_core.events.bundle.tar import TarFiles

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader
    from pathlib import Path

_BLOCK_BYTES: Final = 1024 * 1024
_INDEX_BATCH: Final = 8192


class _Files(Protocol):
    """Where the files of a bundle are."""

    is_cut: bool

    def size(self, name: str) -> int | None:
        """Return the length of a file in bytes; None where it is not there."""

    def open(self, name: str) -> BufferedReader:
        """Open a file that is there."""


class _FolderFiles:
    """Files in a folder."""

    is_cut = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def size(self, name: str) -> int | None:
        path = self._folder / name
        return path.stat().st_size if path.is_file() else None

    def open(self, name: str) -> BufferedReader:
        return (self._folder / name).open("rb")


class Bundle:
    """A bundle that is open for reading. Its manifest is well-formed; all else is to be checked."""

    def __init__(self, files: _Files) -> None:
        """Read the manifest; UnreadableBundleError or MissingDataError where there is none."""
        self._files = files
        self.manifest: Final = _read_manifest(files)

    def check_files(self) -> None:
        """Check that the files are those of the manifest, as far as it says.

        Raises MissingDataError where one is shorter or missing, UnreadableBundleError where one is
        longer or its digest is another.
        """
        for name in (CHECKPOINTS, KEYS, GAPS, INDEX, EVENTS):
            described = self.manifest.files.get(name)
            size = self._files.size(name)
            if described is None:
                if size is not None or name != GAPS:
                    raise UnreadableBundleError(f"the manifest does not describe {name}")
                continue
            if size is None or size < described.bytes:
                raise MissingDataError(f"{name} has {size or 0} of {described.bytes} bytes")
            if size > described.bytes:
                raise UnreadableBundleError(f"{name} has more than {described.bytes} bytes")
            if name in SMALL_FILES and self._digest(name) != described.sha256:
                raise UnreadableBundleError(f"{name} is not the file that the manifest describes")
            if name not in SMALL_FILES and described.sha256 is not None:
                raise UnreadableBundleError(f"the manifest has a digest of {name}")
        if self.manifest.files[INDEX].bytes != self.manifest.entries * RECORD.size:
            raise UnreadableBundleError(f"{INDEX} does not hold {self.manifest.entries} entries")
        if self._files.is_cut:
            raise MissingDataError("the archive's end is missing")

    def checkpoints(self) -> Iterator[bytes]:
        """Give the signed notes in their order; UnreadableBundleError where a line is none."""
        for number, line in enumerate(self._lines_of(CHECKPOINTS), start=1):
            try:
                note = json.loads(line)
            except ValueError as error:
                raise UnreadableBundleError(f"{CHECKPOINTS}, line {number}: {error}") from error
            if not isinstance(note, str):
                raise UnreadableBundleError(f"{CHECKPOINTS}, line {number} is no note")
            yield note.encode(errors="surrogatepass")

    def gap(self, log_index: int) -> GapLine | None:
        """Return what was known of the missing entry at that place, if anything."""
        for line in self._lines_of(GAPS):
            try:
                gap = GapLine.model_validate_json(line)
            except ValidationError as error:
                raise UnreadableBundleError(f"{GAPS}: {error}") from error
            if gap.log_index == log_index:
                return gap
        return None

    def batches(self) -> Iterator[tuple[list[bytes], bytes]]:
        """Give the entries in batches: their lines, and their records of `index.bin` as one piece.

        The stream ends where either file does: a caller counts. A last line without its end counts
        only where the file is as long as it should be. Raises UnreadableBundleError where a line is
        longer than any event.
        """
        size = self._files.size(EVENTS)
        if size is None or self._files.size(INDEX) is None:
            return
        with self._files.open(EVENTS) as events, self._files.open(INDEX) as index:
            rest = b""
            while block := events.read(_BLOCK_BYTES):
                lines = (rest + block).split(b"\n") if rest else block.split(b"\n")
                rest = lines.pop()
                if len(rest) > MAX_LINE_BYTES:
                    raise UnreadableBundleError(f"a line of {EVENTS} is longer than any event")
                if lines:
                    yield lines, index.read(len(lines) * RECORD.size)
            described = self.manifest.files.get(EVENTS)
            if rest and described is not None and size >= described.bytes:
                yield [rest], index.read(RECORD.size)

    def records(self) -> Iterator[list[IndexRecord]]:
        """Give the records of `index.bin` in batches."""
        if self._files.size(INDEX) is None:
            return
        with self._files.open(INDEX) as index:
            while block := index.read(_INDEX_BATCH * RECORD.size):
                whole = len(block) - len(block) % RECORD.size
                yield [IndexRecord(*each) for each in RECORD.iter_unpack(block[:whole])]

    def _lines_of(self, name: str) -> Iterator[bytes]:
        if self._files.size(name) is None:
            return
        with self._files.open(name) as file:
            yield from file

    def _digest(self, name: str) -> str:
        with self._files.open(name) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def open_bundle(path: Path) -> Bundle:
    """Open the bundle in a folder or tar archive.

    Raises UnreadableBundleError or MissingDataError where it has no manifest, and OSError.
    """
    return Bundle(_FolderFiles(path) if path.is_dir() else TarFiles(path))


def _read_manifest(files: _Files) -> Manifest:
    size = files.size(MANIFEST)
    if size is None:
        raise UnreadableBundleError(f"there is no {MANIFEST}: this is no bundle")
    if size > MAX_MANIFEST_BYTES:
        raise UnreadableBundleError(f"{MANIFEST} has more than {MAX_MANIFEST_BYTES} bytes")
    with files.open(MANIFEST) as file:
        data = file.read()
    if not data.endswith(b"}\n"):
        raise MissingDataError(f"{MANIFEST} is cut off")
    try:
        manifest = Manifest.model_validate_json(data)
    except ValidationError as error:
        raise UnreadableBundleError(f"{MANIFEST}: {error}") from error
    if manifest.encode() != data or manifest.size < manifest.first:
        raise UnreadableBundleError(f"{MANIFEST} is malformed")
    if len(manifest.frontier) != manifest.first.bit_count():
        raise UnreadableBundleError(f"{MANIFEST}: the tree's edge does not fit its size")
    return manifest
