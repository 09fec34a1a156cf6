"""Files that whoever looks at them has to survive: each is what it claims to be, and worse."""

import struct
import zlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def pdf(*objects: bytes, pages: bytes | None = None) -> bytes:
    """Write a PDF of these objects, the first of which is number 3; 1 and 2 are its catalogue."""
    kids = pages or b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
    data, places = b"%PDF-1.7\n", []
    for number, body in enumerate((b"<< /Type /Catalog /Pages 2 0 R >>", kids, *objects), start=1):
        places.append(len(data))
        data += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    count = len(places) + 1
    head = b"xref\n0 %d\n0000000000 65535 f \n%b" % (count, table)
    end = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (count, len(data))
    return data + head + end


def page(content: bytes | None, *, box: bytes = b"0 0 300 200", packed: bytes = b"") -> bytes:
    """Return a PDF of one page that draws `content`, or what is packed already."""
    body = b"<< /Type /Page /Parent 2 0 R /MediaBox [%b] /Contents 4 0 R >>"
    drawn = packed_stream(packed) if content is None else stream(content)
    return pdf(body % box, drawn)


def stream(data: bytes, head: bytes = b"") -> bytes:
    """Return a stream, packed."""
    return packed_stream(zlib.compress(data, 9), head)


def packed_stream(packed: bytes, head: bytes = b"") -> bytes:
    """Return a stream that is packed already."""
    what = b"<< /Length %d /Filter /FlateDecode %b >>" % (len(packed), head)
    return b"%b\nstream\n%b\nendstream" % (what, packed)


def repeated(data: bytes, times: int) -> bytes:
    """Return a zlib stream of `data` so many times, at the cost of packing it once."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(data) + packer.flush(zlib.Z_FULL_FLUSH)
    # Whoever reads it stops at the missing checksum, and has had it all by then.
    return b"\x78\xda" + block * times + b"\x03\x00"


def _picture_bomb() -> bytes:
    """Return a page with a picture that unpacks to 3 GB."""
    packed = repeated(bytes(1 << 20), 3000)
    head = b"/Type /XObject /Subtype /Image /Width 50000 /Height 20000 /BitsPerComponent 8 "
    what = b"<< %b /ColorSpace /DeviceRGB /Length %d /Filter /FlateDecode >>"
    image = b"%b\nstream\n%b\nendstream" % (what % (head, len(packed)), packed)
    body = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents 4 0 R "
        b"/Resources << /XObject << /X 5 0 R >> >> >>"
    )
    return pdf(body, stream(b"300 0 0 200 0 0 cm /X Do"), image)


def _nested_forms() -> bytes:
    """Return a page that draws a form ten times, which draws one ten times, nine deep."""
    draw = b" ".join([b"/F Do"] * 10)
    forms = []
    for number in range(5, 14):
        again = b"/Resources << /XObject << /F %d 0 R >> >>" % (number + 1)
        head = b"/Type /XObject /Subtype /Form /BBox [0 0 300 200] " + again
        forms.append(stream(draw, head))
    last = b"/Type /XObject /Subtype /Form /BBox [0 0 300 200]"
    forms.append(stream(b"0 0 300 200 re f " * 50, last))
    body = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents 4 0 R "
        b"/Resources << /XObject << /F 5 0 R >> >> >>"
    )
    return pdf(body, stream(draw), *forms)


def _png(width: int, height: int, data: bytes) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + checksum

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(data)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


_SELF = b"<< /Type /Pages /Kids [2 0 R 3 0 R] /Count 1000000 >>"
_ONE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] >>"
_ACTS = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /AA << /O << /S %b >> >> >>"
_SQUARE = b"0 0 10 10 re f"

HOSTILE: Final[Mapping[str, Callable[[], bytes]]] = {
    "nothing": lambda: b"",
    "text": lambda: b"hello",
    "an Office file": lambda: b"PK\x03\x04" + bytes(100),
    "a PDF that breaks off": lambda: page(_SQUARE)[:90],
    "a PDF that is only a head": lambda: b"%PDF-1.7\n",
    "pages that hold themselves": lambda: pdf(_ONE, pages=_SELF),
    "a page of a mile": lambda: page(_SQUARE, box=b"0 0 9e9 9e9"),
    "a page as long as a road": lambda: page(_SQUARE, box=b"0 0 1 14000000"),
    "a page of no size": lambda: page(_SQUARE, box=b"0 0 0 0"),
    "a page of strange numbers": lambda: page(_SQUARE, box=b"nan inf -1e400 1e400"),
    "a picture that unpacks to gigabytes": _picture_bomb,
    "forms within forms without end": _nested_forms,
    "ten million lines": lambda: page(None, packed=repeated(b"0 0 m 300 200 l S\n" * 50_000, 200)),
    "a script": lambda: pdf(_ACTS % b"/JavaScript /JS (while\\(true\\){})"),
    "a page that fetches": lambda: pdf(_ACTS % b"/URI /URI (http://127.0.0.1:1/)"),
    "a PNG that says it is large": lambda: _png(60_000, 60_000, b""),
    "a PNG with too little in it": lambda: _png(100, 100, b"\x00"),
    "a PNG of twelve million by two": lambda: _png(12_000_000, 2, b""),
}
