"""PNG files that are the same to the byte on every machine."""

import io
import struct
import zlib
from typing import TYPE_CHECKING, Final

from venture_core.artifacts.drawing import deflate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL.Image import Image

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_HEAD: Final = struct.Struct(">I4s")
_CHECKSUM: Final = struct.Struct(">I")
_FASTEST: Final = 1


def write_png(image: Image, *, exif: bytes = b"") -> bytes:
    """Write `image` as PNG: filtered by Pillow, packed anew by the pinned libdeflate."""
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=_FASTEST, exif=exif)
    packed = bytearray()
    chunks: list[tuple[bytes, bytes]] = []
    for kind, body in _chunks(file.getvalue()):
        if kind == b"IDAT":
            packed += body
        else:
            chunks.append((kind, body))
    pixels = deflate.compress(deflate.decompress(bytes(packed)))
    chunks.insert(-1, (b"IDAT", pixels))
    return _SIGNATURE + b"".join(_chunk(kind, body) for kind, body in chunks)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_SIGNATURE)
    while at < len(data):
        length, kind = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        yield kind, data[at : at + length]
        at += length + _CHECKSUM.size


def _chunk(kind: bytes, body: bytes) -> bytes:
    checksum = _CHECKSUM.pack(zlib.crc32(kind + body))
    return _HEAD.pack(len(body), kind) + body + checksum
