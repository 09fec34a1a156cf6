"""A zip writer that is deterministic to the byte.

Order, times and attributes are fixed, and the compressor is a pinned libdeflate, since zlib builds
differ in what they emit. Only what office files need is written: no encryption, no zip64.
"""

import struct
from typing import TYPE_CHECKING, NamedTuple

import deflate

if TYPE_CHECKING:
    from collections.abc import Iterable

_STORED, _DEFLATED = 0, 8
_LEVEL = 9
_VERSION = 20
"""Zip 2.0, the first with deflate; also says that the writer is MS-DOS, whose attributes are 0."""
_EPOCH = (1 << 5) | 1
"""1 January 1980, the first date zip can tell, in MS-DOS form; the time of day is 0."""
_LIMIT = 0xFFFF_FFFF
_MAX_ENTRIES = 0xFFFF

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")


class ArchiveError(ValueError):
    """The content does not fit a plain zip file."""


class _Entry(NamedTuple):
    name: bytes
    method: int
    checksum: int
    stored_size: int
    size: int
    offset: int


def write_zip(members: Iterable[tuple[str, bytes]]) -> bytes:
    """Pack `members` in the given order and return the archive.

    Each is deflated, or stored where that is no larger. Raises `ArchiveError` for a repeated or
    non-ASCII name and for content beyond 4 GiB or 65,535 members.
    """
    archive = bytearray()
    entries: list[_Entry] = []
    names: set[str] = set()
    for name, data in members:
        if name in names or not name.isascii():
            raise ArchiveError(f"member name {name!r} is repeated or not ASCII")
        names.add(name)
        packed = bytes(deflate.deflate_compress(data, _LEVEL))
        method = _DEFLATED if len(packed) < len(data) else _STORED
        body = packed if method == _DEFLATED else data
        entry = _Entry(
            name.encode(), method, deflate.crc32(data), len(body), len(data), len(archive)
        )
        archive += _LOCAL.pack(b"PK\x03\x04", _VERSION, 0, *_common(entry))
        archive += entry.name
        archive += body
        entries.append(entry)
        if len(archive) > _LIMIT or len(entries) > _MAX_ENTRIES:
            raise ArchiveError("the content is too large for a plain zip file")
    return bytes(archive) + _directory(entries, len(archive))


def _common(entry: _Entry) -> tuple[int, ...]:
    """Return the fields that both headers of a member share, from method to extra length."""
    sizes = (entry.stored_size, entry.size)
    return entry.method, 0, _EPOCH, entry.checksum, *sizes, len(entry.name), 0


def _directory(entries: list[_Entry], start: int) -> bytes:
    directory = bytearray()
    for entry in entries:
        directory += _CENTRAL.pack(
            b"PK\x01\x02", _VERSION, _VERSION, 0, *_common(entry), 0, 0, 0, 0, entry.offset
        )
        directory += entry.name
    count = len(entries)
    end = _END.pack(b"PK\x05\x06", 0, 0, count, count, len(directory), start, 0)
    return bytes(directory + end)
