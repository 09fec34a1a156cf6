"""Pictures that somebody made to do harm: small files that take long, or unpack to much."""

import io
import struct
import zlib
from typing import TYPE_CHECKING, Final

from hostilepages import MIB, chunk, png, shown
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable

    from hostilepages import Attack

BILLION_LAUGHS: Final = (
    b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "ha">'
    + b"".join(
        b'<!ENTITY %c "%b">' % (letter + 1, b"&%c;" % letter * 10) for letter in range(97, 107)
    )
    + b']><svg xmlns="http://www.w3.org/2000/svg"><text>&k;</text></svg>'
)
FETCHING: Final = (
    b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
    b'<image xlink:href="file:///etc/passwd" width="9" height="9"/></svg>'
)


def saved(form: str, **options: object) -> bytes:
    """Return a small picture in some format."""
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "navy").save(file, form, **options)
    return file.getvalue()


def segment(marker: int, body: bytes) -> bytes:
    """Return a segment of a JPEG."""
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def many_scans(side: int, scans: int) -> bytes:
    """Return a JPEG that draws itself again and again: each pass goes over every block."""
    file = io.BytesIO()
    Image.new("L", (side, side)).save(file, "JPEG", progressive=True, quality=20)
    data = file.getvalue()
    starts = [at for at in range(len(data) - 1) if data[at : at + 2] == b"\xff\xda"]
    last = data[starts[-1] : -2]
    return data[:-2] + last * scans + data[-2:]


def many_segments() -> bytes:
    """Return a JPEG of five million comments."""
    plain = saved("JPEG")
    return plain[:2] + segment(0xFE, b"") * (19 * MIB // 4) + plain[2:]


def said_to_be(width: int, height: int) -> bytes:
    """Return a JPEG that says it is larger than it is."""
    data = saved("JPEG")
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


def large_exif() -> bytes:
    """Return a JPEG whose EXIF lists its own list without end."""
    entry = struct.pack(">HHII", 0x8769, 4, 1, 8)
    ifd = struct.pack(">H", 5000) + entry * 5000 + struct.pack(">I", 8)
    body = b"Exif\0\0MM\0*" + struct.pack(">I", 8) + ifd
    return saved("JPEG")[:2] + segment(0xE1, body[:65_000]) + saved("JPEG")[2:]


def packed_profile() -> bytes:
    """Return a PNG whose colour profile unpacks to 200 MB."""
    profile = b"icc\0\0" + zlib.compress(bytes(200 * MIB), 9)
    return png(8, 8, chunk(b"iCCP", profile))


def many_chunks() -> bytes:
    """Return a PNG of 1.6 million chunks that say nothing."""
    return png(8, 8, chunk(b"teXt", b"") * (19 * MIB // 12))


def many_frames() -> bytes:
    """Return a PNG that says it is a film of four billion pictures."""
    return png(8, 8, chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0)))


def pixels_after_the_end() -> bytes:
    """Return a PNG of a few pixels in which a gigabyte of pixels is packed."""
    packer = zlib.compressobj(9)
    data = b"".join(packer.compress(bytes(MIB)) for _ in range(1024)) + packer.flush()
    head = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def albums(target: str, count: int) -> Attack:
    """Show pictures as large as they may be, a page each."""
    data = png(6000, 4000, rows=4000)
    names = [f"picture-{number}" for number in range(count)]
    slides = [{"type": "image", "title": each, "image": each, "altText": "x"} for each in names]
    spec = {"kind": "SlideSpec", "version": 1, "title": "Album", "slides": slides}
    return spec, target, dict.fromkeys(names, data)


ATTACKS: Final[dict[str, Callable[[], Attack]]] = {
    "drawing of a billion laughs": lambda: shown(BILLION_LAUGHS),
    "drawing that shows a file of the machine": lambda: shown(FETCHING),
    "picture in WebP": lambda: shown(saved("WEBP")),
    "picture in AVIF": lambda: shown(saved("AVIF")),
    "picture that a program would draw": lambda: shown(b"%!PS-Adobe-3.0 EPSF-3.0\n{} loop\n"),
    "photo drawn four thousand times": lambda: shown(many_scans(4800, 4000)),
    "photo drawn as often as may be": lambda: shown(many_scans(4800, 50)),
    "photo of five million comments": lambda: shown(many_segments()),
    "photo that says it is of 65,000 by 65,000": lambda: shown(said_to_be(65_000, 65_000)),
    "photo that says it is larger than it is": lambda: shown(said_to_be(6000, 4000)),
    "photo whose data list themselves": lambda: shown(large_exif()),
    "profile that unpacks to 200 megabytes": lambda: shown(packed_profile()),
    "picture of 1.6 million chunks": lambda: shown(many_chunks()),
    "film of four billion pictures": lambda: shown(many_frames()),
    "pixels beyond the last": lambda: shown(pixels_after_the_end()),
    "deck of fifty pictures as large as may be": lambda: albums("Pptx", 50),
    "pages of fifty pictures as large as may be": lambda: albums("Pdf", 50),
}
"""Each attack by its name."""
