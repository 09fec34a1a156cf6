"""Which tracks of an MP4 players show unasked: ffmpeg always says the first of each kind."""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEAD: Final = 8
_ENABLED: Final = 1
_FLAGS_AT: Final = 3
"""Where the lowest flags of a full box stand, behind its head."""
_HANDLER_AT: Final = 8


def hide_captions(file: bytearray) -> None:
    """Mark the captions of a file of ours as a track that is shown when somebody asks for it."""
    for moov in _boxes(file, range(len(file)), b"moov"):
        for track in _boxes(file, moov, b"trak"):
            if _handler(file, track) in (b"sbtl", b"text"):
                for head in _boxes(file, track, b"tkhd"):
                    file[head.start + _FLAGS_AT] &= ~_ENABLED


def _handler(file: bytearray, track: range) -> bytes:
    for media in _boxes(file, track, b"mdia"):
        for body in _boxes(file, media, b"hdlr"):
            start = body.start + _HANDLER_AT
            return bytes(file[start : start + 4])
    return b""


def _boxes(file: bytearray, within: range, wanted: bytes) -> Iterator[range]:
    """Yield where the content of each box of a name stands."""
    at = within.start
    while at + _HEAD <= within.stop:
        size = int.from_bytes(file[at : at + 4])
        name = bytes(file[at + 4 : at + _HEAD])
        if size < _HEAD:
            return
        if name == wanted:
            yield range(at + _HEAD, min(at + size, within.stop))
        at += size
