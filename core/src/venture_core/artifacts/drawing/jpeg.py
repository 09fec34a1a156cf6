"""JPEG files without what cameras and programs say in them: place, time, owner, thumbnails."""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_START: Final = b"\xff\xd8"
_MARKER: Final = 0xFF
_SCAN: Final = 0xDA
_COMMENT: Final = 0xFE
_APPLICATIONS: Final = range(0xE0, 0xF0)
_NEEDED: Final = (0xE0, 0xE2, 0xEE)
"""JFIF, the colour profile, and Adobe's note on how colours are stored: decoders look at them."""


def is_jpeg(data: bytes) -> bool:
    """Say whether the bytes are a JPEG file."""
    return data.startswith(_START)


def without_metadata(data: bytes) -> bytes:
    """Return the same picture without Exif, XMP, comments and the like; no pixel is touched.

    `data` was decoded before, so that its segments are sound.
    """
    return _START + b"".join(_kept(data))


def _kept(data: bytes) -> Iterator[bytes]:
    at = len(_START)
    while at + 4 <= len(data) and data[at] == _MARKER:
        kind = data[at + 1]
        if kind == _MARKER:
            # Any number of fill bytes may stand before a marker.
            at += 1
            continue
        if kind == _SCAN:
            break
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        if kind in _NEEDED or (kind not in _APPLICATIONS and kind != _COMMENT):
            yield data[at:end]
        at = end
    yield data[at:]
