"""Counting the parts of a picture's file, before anything decodes it.

Decoders go through a part in a moment, whatever it holds, and through millions of them for minutes:
a JPEG of many scans draws all of its picture once for each.
"""

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_PARTS: Final = 20_000
"""Chunks of a PNG, segments of a JPEG. Encoders write chunks of 8 KiB: 20 MiB have 2,560."""
MAX_SCANS: Final = 64
"""How often a JPEG draws itself; encoders do it ten times."""
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JPEG: Final = b"\xff\xd8"
_SCAN: Final = 0xDA
_END: Final = 0xD9
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers that no length follows."""
_NEXT: Final = re.compile(rb"\xff+([^\x00\xff])", re.DOTALL)
_AFTER_SCAN: Final = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])", re.DOTALL)


def too_many_parts(data: bytes) -> str:
    """Say in a few words what a PNG or JPEG has too many of; empty where it has not."""
    if data.startswith(_PNG):
        return _too_many(_chunks(data), "chunks")
    return _too_many(_segments(data), "segments") if data.startswith(_JPEG) else ""


def _too_many(parts: Iterator[bool], name: str) -> str:
    scans = 0
    for count, is_scan in enumerate(parts, start=1):
        scans += is_scan
        if count > MAX_PARTS:
            return f"more than {MAX_PARTS:,} {name}; save it anew"
        if scans > MAX_SCANS:
            return f"it draws itself more than {MAX_SCANS} times; save it as plain JPEG"
    return ""


def _chunks(data: bytes) -> Iterator[bool]:
    at = len(_PNG)
    while at + 12 <= len(data):
        yield False
        at += 12 + int.from_bytes(data[at : at + 4])


def _segments(data: bytes) -> Iterator[bool]:
    """Give for each segment whether it is a scan, whose data go on to the next marker."""
    at, searched = len(_JPEG), _NEXT
    while (found := searched.search(data, at)) is not None:
        kind, at = found[1][0], found.end()
        if kind == _END:
            return
        yield kind == _SCAN
        if kind not in _ALONE:
            at += int.from_bytes(data[at : at + 2])
        searched = _AFTER_SCAN if kind == _SCAN else _NEXT
