"""Bundles as one file: a tar archive that has exactly one form.

Every header follows from a file's name and length alone, and what is between files is zeros, so a
reader notices a change of any byte of the archive.
"""

import tarfile
from io import SEEK_CUR, SEEK_END, SEEK_SET, BufferedReader, RawIOBase
from os import pread
from typing import TYPE_CHECKING, BinaryIO, Final, override

from venture_core.events.bundle.layout import (
    CHECKPOINTS,
    EVENTS,
    GAPS,
    INDEX,
    KEYS,
    MANIFEST,
    ConvertedBundleError,
    SurplusDataError,
    UnreadableBundleError,
)

if TYPE_CHECKING:
    from collections.abc import Buffer, Container, Iterator
    from pathlib import Path

_ORDER: Final = (MANIFEST, KEYS, CHECKPOINTS, GAPS, INDEX, EVENTS)
_BLOCK: Final = tarfile.BLOCKSIZE
_END: Final = bytes(2 * _BLOCK)
_NO_FILES: Final = frozenset(
    {
        tarfile.LNKTYPE,
        tarfile.SYMTYPE,
        tarfile.CHRTYPE,
        tarfile.BLKTYPE,
        tarfile.FIFOTYPE,
        tarfile.DIRTYPE,
    }
)
_COMPRESSED: Final = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
}
_CHUNK_BYTES: Final = 1024 * 1024


def pack(folder: Path, archive: Path) -> None:
    """Write the bundle in `folder` as the new file `archive`; OSError where that fails."""
    with archive.open("xb") as out:
        for chunk in pack_stream(folder):
            out.write(chunk)


def pack_stream(folder: Path) -> Iterator[bytes]:
    """Give the archive of the bundle in `folder` piece by piece, at most 1 MiB each."""
    for name in _ORDER:
        path = folder / name
        if not path.exists():
            continue
        size = path.stat().st_size
        yield _header(name, size)
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk
        yield bytes(-size % _BLOCK)
    yield _END


class TarFiles:
    """The files within an archive, each as its offset and length."""

    def __init__(self, path: Path) -> None:
        """Look through the headers; UnreadableBundleError where it is not of the one form.

        An archive that was cut off is read as far as it goes: `is_cut` says so, and the last file
        is as long as what is left of it.
        """
        self._path = path
        self._places: dict[str, tuple[int, int]] = {}
        with path.open("rb") as file:
            self.is_cut = self._scan(file, path.stat().st_size)

    def size(self, name: str) -> int | None:
        """Return the length of a file in bytes; None where there is none of that name."""
        place = self._places.get(name)
        return None if place is None else place[1]

    def open(self, name: str) -> BufferedReader:
        """Open a file of the archive."""
        offset, length = self._places[name]
        return BufferedReader(_Window(self._path, offset, length), _CHUNK_BYTES)

    def check_names(self, listed: Container[str]) -> None:
        """Check that the archive holds no file but the listed ones; SurplusDataError otherwise."""
        for name in self._places:
            if name not in listed:
                raise SurplusDataError(
                    f"the archive holds {name}, which the manifest does not list"
                )

    def _scan(self, file: BinaryIO, total: int) -> bool:
        """Find the files; say whether the archive was cut off."""
        while (header := file.read(_BLOCK)) and any(header):
            if not self._places:
                _check_not_compressed(header)
            if len(header) < _BLOCK:
                return True
            name, size = _read_header(header)
            self._check_order(name)
            offset = file.tell()
            self._places[name] = (offset, min(size, total - offset))
            if size + -size % _BLOCK > total - offset:
                # What a header says of sizes is no reason to go there.
                return True
            file.seek(size, SEEK_CUR)
            if any(file.read(-size % _BLOCK)):
                raise UnreadableBundleError(f"the archive has data behind {name}")
        end = header + file.read(len(_END))
        if any(end) or len(end) > len(_END):
            raise SurplusDataError("the archive has data behind its end")
        return len(end) < len(_END)

    def _check_order(self, name: str) -> None:
        """Let each file of a bundle come once, and in its place."""
        if name not in _ORDER:
            raise SurplusDataError(f"the archive holds {name!r}, which is no file of a bundle")
        if name in self._places:
            raise SurplusDataError(f"the archive holds {name} twice")
        if any(_ORDER.index(name) < _ORDER.index(before) for before in self._places):
            raise UnreadableBundleError(f"the archive holds {name} where it does not belong")


class _Window(RawIOBase):
    """A part of a file, read on its own."""

    def __init__(self, path: Path, offset: int, length: int) -> None:
        super().__init__()
        self._file = path.open("rb", buffering=0)
        self._offset = offset
        self._end = offset + length
        self._at = offset

    @override
    def readable(self) -> bool:
        return True

    @override
    def seekable(self) -> bool:
        return True

    @override
    def seek(self, offset: int, whence: int = SEEK_SET) -> int:
        base = {SEEK_SET: self._offset, SEEK_CUR: self._at, SEEK_END: self._end}[whence]
        self._at = base + offset
        return self._at - self._offset

    @override
    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer)
        data = pread(self._file.fileno(), min(len(view), max(self._end - self._at, 0)), self._at)
        view[: len(data)] = data
        self._at += len(data)
        return len(data)

    @override
    def close(self) -> None:
        self._file.close()
        super().close()


def _header(name: str, size: int) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.size = size
    return entry.tobuf(tarfile.GNU_FORMAT)


def _check_not_compressed(start: bytes) -> None:
    for magic, name in _COMPRESSED.items():
        if start.startswith(magic):
            raise ConvertedBundleError(
                f"the archive was compressed with {name} on its way, which says nothing about the "
                "log: unpack it, a bundle is a plain tar archive"
            )


def _read_header(block: bytes) -> tuple[str, int]:
    try:
        entry = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
    except (tarfile.HeaderError, ValueError) as error:
        raise UnreadableBundleError(f"the archive has a malformed header: {error}") from error
    if entry.type in _NO_FILES:
        raise UnreadableBundleError(f"in the archive {entry.name!r} is a link or no file at all")
    if entry.size < 0 or _header(entry.name, entry.size) != block:
        raise ConvertedBundleError(
            "the archive has a header of another form: another program packed it, which says "
            "nothing about the log; unpack it and verify the folder"
        )
    return entry.name, entry.size
