"""Reading a bundle: its manifest and small files as a whole, its entries as streams of batches."""

import hashlib
from io import BytesIO
from itertools import batched
from typing import TYPE_CHECKING, Final, Protocol

from pydantic import ValidationError

from venture_core.events.bundle.folder import FolderFiles
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
    ConvertedBundleError,
    GapLine,
    IndexRecord,
    Manifest,
    MissingDataError,
    UnreadableBundleError,
    parse_note_line,
)
from venture_core.events.bundle.tar import TarFiles
from venture_core.events.notes import NoteVerifier

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from io import BufferedReader
    from pathlib import Path

_BLOCK_BYTES: Final = 256 * 1024
"""How much is looked at together: small enough for a processor's own memory."""
_INDEX_BATCH: Final = 8192
_ENTRIES_BATCH: Final = 4096
_NAMES: Final = {*Manifest.model_fields, *GapLine.model_fields, EVENTS, INDEX, CHECKPOINTS, KEYS}
_LINE_ENDS: Final = (
    "its line ends were changed to CRLF on the way, which says nothing about the log: transfer the "
    "bundle as it is, byte for byte"
)


class _Files(Protocol):
    """Where the files of a bundle are."""

    is_cut: bool

    def size(self, name: str) -> int | None:
        """Return the length of a file in bytes; None where it is not there."""

    def open(self, name: str) -> BufferedReader:
        """Open a file that is there; UnreadableBundleError where it is no plain file."""

    def check_names(self, listed: Container[str]) -> None:
        """Raise a BundleError where there are other files, or other things than files."""


class Bundle:
    """A bundle that is open for reading. Its manifest is well-formed; all else is to be checked."""

    def __init__(self, files: _Files) -> None:
        """Read the manifest; UnreadableBundleError or MissingDataError where there is none."""
        self._files = files
        self.manifest: Final = _read_manifest(files)

    def check_names(self) -> None:
        """Check that there are no other files than the manifest lists, no links and no devices.

        Raises SurplusDataError, UnreadableBundleError, and ConvertedBundleError where line ends
        were changed on the way.
        """
        self._files.check_names({MANIFEST, *self.manifest.files})
        for name in (KEYS, CHECKPOINTS, EVENTS):
            described, size = self.manifest.files.get(name), self._files.size(name)
            if described is None or size is None or size <= described.bytes:
                continue
            if next(self._lines_of(name), b"").endswith(b"\r\n"):
                raise ConvertedBundleError(_LINE_ENDS)

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
            note = parse_note_line(line)
            if note is None:
                raise UnreadableBundleError(f"{CHECKPOINTS}, line {number} is no note")
            yield note

    def claimed_keys(self) -> list[NoteVerifier]:
        """Return the keys that the log says it signs with; UnreadableBundleError for other lines.

        They prove nothing.
        """
        keys: dict[str, NoteVerifier] = {}
        for number, line in enumerate(self._lines_of(KEYS), start=1):
            try:
                key = NoteVerifier.parse(line.decode().removesuffix("\n"))
            except ValueError as error:
                raise UnreadableBundleError(f"{KEYS}, line {number}: {error}") from error
            if line != key.text.encode() + b"\n" or key.text in keys:
                raise UnreadableBundleError(f"{KEYS}, line {number} is no further key")
            keys[key.text] = key
        return list(keys.values())

    def gap(self, log_index: int) -> GapLine | None:
        """Return what was known of the missing entry at that place, if anything."""
        for line in self._lines_of(GAPS):
            try:
                gap = GapLine.model_validate_json(line)
            except ValidationError as error:
                raise UnreadableBundleError(f"{GAPS}: {_first_of(error)}") from error
            if gap.log_index == log_index:
                return gap
        return None

    def batches(self) -> Iterator[tuple[list[bytes], bytes]]:
        """Give the entries in batches: their lines, and their records of `index.bin` as one piece.

        The stream ends with the bundle's last entry, or where either file does: a caller counts
        lines and their bytes. A last line without its end counts only where the file is as long as
        it should be. Raises UnreadableBundleError where a line is longer than any event.
        """
        size = self._files.size(EVENTS)
        if size is None or self._files.size(INDEX) is None:
            return
        left = self.manifest.entries
        with self._files.open(EVENTS) as events, self._files.open(INDEX) as index:
            rest = b""
            while left and (block := events.read(_BLOCK_BYTES)):
                # A file of bytes looks for line ends many at a time, as bytes.split does not.
                lines = BytesIO(rest + block).readlines()
                rest = b"" if lines[-1].endswith(b"\n") else lines.pop()
                if len(rest) > MAX_LINE_BYTES:
                    raise UnreadableBundleError(f"a line of {EVENTS} is longer than any event")
                # As many short lines as a block holds would take a hundred times its memory.
                for batch in batched(lines[:left], _ENTRIES_BATCH, strict=False):
                    yield [line[:-1] for line in batch], index.read(len(batch) * RECORD.size)
                left -= min(len(lines), left)
            described = self.manifest.files.get(EVENTS)
            if left and rest and described is not None and size >= described.bytes:
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
            while line := file.readline(MAX_LINE_BYTES):
                yield line

    def _digest(self, name: str) -> str:
        with self._files.open(name) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def open_bundle(path: Path) -> Bundle:
    """Open the bundle in a folder or tar archive.

    Raises UnreadableBundleError or MissingDataError where it has no manifest, and OSError.
    """
    return Bundle(FolderFiles(path) if path.is_dir() else TarFiles(path))


def _first_of(error: ValidationError) -> str:
    """Say what is wrong first, without repeating what a stranger wrote."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"] if isinstance(part, int) or part in _NAMES)
    return f"{place or 'it'}: {first['type']}"


def _read_manifest(files: _Files) -> Manifest:
    size = files.size(MANIFEST)
    if size is None:
        raise UnreadableBundleError(f"there is no {MANIFEST}: this is no bundle")
    if size > MAX_MANIFEST_BYTES:
        raise UnreadableBundleError(f"{MANIFEST} has more than {MAX_MANIFEST_BYTES} bytes")
    with files.open(MANIFEST) as file:
        data = file.read()
    if data.endswith(b"}\r\n"):
        raise ConvertedBundleError(_LINE_ENDS)
    if not data.endswith(b"}\n"):
        raise MissingDataError(f"{MANIFEST} is cut off")
    try:
        manifest = Manifest.model_validate_json(data)
    except ValidationError as error:
        raise UnreadableBundleError(f"{MANIFEST}: {_first_of(error)}") from error
    if manifest.encode() != data or manifest.size < manifest.first:
        raise UnreadableBundleError(f"{MANIFEST} is malformed")
    if len(manifest.frontier) != manifest.first.bit_count():
        raise UnreadableBundleError(f"{MANIFEST}: the tree's edge does not fit its size")
    return manifest
