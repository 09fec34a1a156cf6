"""Documents and assets for pages and pictures that somebody wrote to do harm."""

import io
import struct
import zlib
from typing import TYPE_CHECKING, Any, Final

from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable

type Attack = tuple[bytes | dict[str, Any], str, dict[str, bytes]]
"""A document, the target it is for, and the assets beside it."""

MIB: Final = 1024 * 1024


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return a chunk of a PNG, with its checksum."""
    return struct.pack(">I4s", len(body), kind) + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, *extra: bytes, rows: int | None = None) -> bytes:
    """Return a PNG of black bits that says it has this size, and has `rows` of them."""
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    line = b"\0" * (1 + -(-width // 8))
    pixels = zlib.compress(line * min(height if rows is None else rows, 4000), 9)
    parts = (chunk(b"IHDR", head), *extra, chunk(b"IDAT", pixels), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def picture(*layers: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return an ImageSpec of these layers."""
    return {
        "kind": "ImageSpec",
        "version": 1,
        "title": "Picture",
        "altText": "x",
        "width": 400,
        "height": 300,
        "layers": layers,
    } | fields


def shown(data: bytes) -> Attack:
    """Show an asset in a picture."""
    layer = {"type": "picture", "image": "photo", "at": {"width": 400, "height": 300}}
    return picture(layer), "Image", {"photo": data}


def report(*blocks: dict[str, Any], **fields: Any) -> Attack:
    """Make a report of these blocks."""
    spec = {"kind": "ReportSpec", "version": 1, "title": "Report", "blocks": blocks}
    return spec | fields, "Pdf", {}


def board(nodes: int, edges: list[tuple[int, int]], label: str = "") -> Attack:
    """Make a board of numbered nodes."""
    spec = {
        "kind": "BoardSpec",
        "version": 1,
        "title": "Board",
        "altText": "x",
        "nodes": [{"id": f"n{number}", "label": f"{number}"} for number in range(nodes)],
        "edges": [
            {"source": f"n{source}", "target": f"n{target}", "label": label}
            for source, target in edges
        ],
    }
    return spec, "Image", {}


def grid(columns: int, rows: list[list[Any]], **first: Any) -> dict[str, Any]:
    """Return a grid, the first of whose columns has more fields."""
    heads: list[dict[str, Any]] = [{"header": "h", **first}]
    heads += [{"header": "h", "weight": 12} if first else {"header": "h"}] * (columns - 1)
    return {"type": "grid", "columns": heads, "rows": rows}


def cut_off() -> bytes:
    """Return half of a picture."""
    file = io.BytesIO()
    Image.effect_noise((300, 300), 90).save(file, "PNG")
    return file.getvalue()[:20_000]


def animated() -> bytes:
    """Return a picture in a format that is not taken."""
    file = io.BytesIO()
    Image.new("P", (8, 8)).save(file, "GIF")
    return file.getvalue()


def layers() -> Attack:
    """Lay rounded, half transparent areas over a picture as large as one may be."""
    area = {"type": "shape", "at": {"width": 6000, "height": 4000}, "opacity": 50, "radius": 900}
    words = {"type": "text", "text": "words", "at": {"width": 6000, "height": 4000}, "size": 700}
    size = {"width": 6000, "height": 4000, "background": "transparent"}
    dark = area | {"color": "#000000", "opacity": 100, "radius": 0}
    return picture(area, dark, words | {"color": "#FFFFFF"}, **size), "Image", {}


def gallery() -> Attack:
    """Show pictures as large as they may be, one a page: small files that decode to 96 MB each."""
    names = ("one", "two", "three")
    pages = [{"type": "image", "title": each, "image": each, "altText": "x"} for each in names]
    spec = {"kind": "SlideSpec", "version": 1, "title": "Gallery", "slides": pages}
    file = io.BytesIO()
    Image.new("RGBA", (6000, 4000), (20, 40, 60, 255)).save(file, "PNG")
    return spec, "Pdf", dict.fromkeys(names, file.getvalue())


MARKUP: Final = "(\\) <b>&amp;</b> endstream endobj %PDF trailer << /JS (x) >> \\( ]]>"

ATTACKS: Final[dict[str, Callable[[], Attack]]] = {
    "picture that unpacks to gigabytes": lambda: shown(png(60_000, 60_000)),
    "picture of a million by one": lambda: shown(png(1_000_000, 1)),
    "picture one pixel too large": lambda: shown(png(6001, 4000)),
    "picture cut off": lambda: shown(cut_off()),
    "text within a picture that unpacks to megabytes": lambda: shown(
        png(8, 8, chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"x" * 80 * MIB, 9)))
    ),
    "program instead of a picture": lambda: shown(b"\x7fELF" + bytes(4096)),
    "picture in a format that nobody checked": lambda: shown(animated()),
    "picture of 21 megabytes": lambda: shown(bytes(21 * MIB)),
    "levels without end": lambda: (b'{"kind":' * 100_000, "Pdf", {}),
    "values without end": lambda: (
        b'{"kind":"ReportSpec","blocks":[' + b"{}," * 200_000 + b"{}]}",
        "Pdf",
        {},
    ),
    "document of two megabytes": lambda: (b" " * 2 * MIB, "Pdf", {}),
    "control characters": lambda: report({"type": "paragraph", "text": "a\0b\x1b]0;c"}),
    "address as a colour": lambda: (
        picture(
            {"type": "shape", "at": {"width": 1, "height": 1}, "color": "url(http://192.0.2.1)"}
        ),
        "Image",
        {},
    ),
    "path as a font": lambda: report(
        {"type": "pageBreak"}, theme={"fonts": {"heading": "../../../etc/passwd"}}
    ),
    "number that is none": lambda: (
        b'{"kind":"ReportSpec","version":1,"title":"x","blocks":[{"type":"grid","columns":'
        b'[{"header":"h"}],"rows":[[NaN]]}]}',
        "Pdf",
        {},
    ),
    "picture of 67 million pixels": lambda: (
        picture({"type": "shape", "at": {"width": 1, "height": 1}}, width=8192, height=8192),
        "Image",
        {},
    ),
    "text in a pixel": lambda: (
        picture(
            {
                "type": "text",
                "text": "words " * 160,
                "at": {"width": 1, "height": 1},
                "size": 800,
                "minSize": 8,
            }
        ),
        "Image",
        {},
    ),
    "row taller than a page": lambda: report(grid(3, [["W " * 100, "", ""]], weight=1)),
    "word without end": lambda: report({"type": "paragraph", "text": "x" * 4000}),
    "letters that no font has": lambda: report(
        {"type": "paragraph", "text": "\U0001f4a3\u0e01\u0300" * 100}
    ),
    "board whose every node leads to every other": lambda: board(
        20, [(one, other) for one in range(20) for other in range(20) if one != other]
    ),
    "board of labels past every layer": lambda: board(
        200, [(number, number + 1) for number in range(199)] + [(0, n) for n in range(2, 200)], "l"
    ),
    "statement of the largest amounts": lambda: report(
        {
            "type": "statement",
            "account": "a",
            "openingCents": 10**15,
            "entries": [{"date": "2026-01-01", "text": "e", "cents": 10**15}] * 10_000,
        }
    ),
    "grid of as many cells as there may be": lambda: report(
        grid(12, [[number] * 12 for number in range(4900)])
    ),
    "layers upon layers": layers,
    "large pictures on page after page": gallery,
    "texts that look like markup": lambda: report(
        {"type": "heading", "text": MARKUP}, {"type": "paragraph", "text": MARKUP}, title=MARKUP
    ),
}
"""Each attack by its name."""
