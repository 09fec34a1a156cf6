"""Compression that gives the same bytes on every machine, as zlib builds do not."""

import zlib
from typing import Final

import deflate

_LEVEL: Final = 9


def compress(data: bytes) -> bytes:
    """Pack `data` as a zlib stream (RFC 1950) by the pinned libdeflate."""
    return bytes(deflate.zlib_compress(data, _LEVEL))


def decompress(data: bytes) -> bytes:
    """Unpack a zlib stream that this program packed itself; it is not bounded."""
    return zlib.decompress(data)
