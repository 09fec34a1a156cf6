"""Fonts of the chain within a PDF: the glyphs that a document uses, and the letters they stand for.

reportlab embeds one glyph for each character. Shaped text has glyphs for several characters, and
several for one, so these fonts are written here: TrueType outlines under numbers of their own.
"""

import io
from typing import TYPE_CHECKING, Any, Final

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from reportlab.pdfbase import pdfdoc

if TYPE_CHECKING:
    from collections.abc import Iterator

    from venture_core.artifacts.drawing.glyphs import Placed
    from venture_core.artifacts.fonts.fallbacks import Face
    from venture_core.artifacts.fonts.shaping import Piece

_CURVE_ERROR: Final = 0.001
"""Share of an em by which a quadratic curve may leave the cubic one that it stands for."""
_SYMBOLIC: Final = 4
_STEM: Final = 80
_MAPPED_AT_ONCE: Final = 100
_NEAR: Final = 1e-4
_UNSEEN: Final = "3 Tr "
"""Text that is not painted."""

type Native = Any
"""An object of reportlab or fontTools, which are not typed."""


class EmbeddedFont:
    """A font of which a PDF holds what is drawn; reportlab asks for it when the file is written."""

    def __init__(self, face: Face, name: str) -> None:
        self.name = name
        self._face = face
        self._codes: dict[tuple[int, str], int] = {}

    def code(self, glyph: int, text: str) -> int:
        """Return the number of a glyph that stands for `text`."""
        return self._codes.setdefault((glyph, text), len(self._codes) + 1)

    def advance(self, glyph: int) -> float:
        """Return a glyph's own width in em, after which the next one stands."""
        return float(self._face.font.get_glyph_h_advance(glyph)) / self._face.units

    @property
    def pictures(self) -> bool:
        """Whether pictures are drawn for its letters, and its glyphs only say what they are."""
        return self._face.pictures

    def one_by_one(self, glyphs: list[Placed]) -> bool:
        """Say whether each glyph stands for one letter."""
        return all(len(glyph.text) == 1 for glyph in glyphs)

    def addObjects(self, document: Native) -> None:  # noqa: N802 - reportlab calls it
        """Add the font's dictionaries and its file to a document."""
        base = f"VENTUR+{self._face.postscript}"
        descendant = pdfdoc.PDFDictionary(
            {
                "Type": pdfdoc.PDFName("Font"),
                "Subtype": pdfdoc.PDFName("CIDFontType2"),
                "BaseFont": pdfdoc.PDFName(base),
                "CIDSystemInfo": pdfdoc.PDFDictionary(
                    {
                        "Registry": pdfdoc.PDFString("Adobe"),
                        "Ordering": pdfdoc.PDFString("Identity"),
                        "Supplement": 0,
                    }
                ),
                "CIDToGIDMap": pdfdoc.PDFName("Identity"),
                "DW": 0,
                "W": pdfdoc.PDFArray([1, pdfdoc.PDFArray(list(self._widths()))]),
                "FontDescriptor": document.Reference(self._descriptor(document, base)),
            }
        )
        font = pdfdoc.PDFDictionary(
            {
                "Type": pdfdoc.PDFName("Font"),
                "Subtype": pdfdoc.PDFName("Type0"),
                "BaseFont": pdfdoc.PDFName(base),
                "Encoding": pdfdoc.PDFName("Identity-H"),
                "DescendantFonts": pdfdoc.PDFArray([document.Reference(descendant)]),
                "ToUnicode": document.Reference(_stream(document, self._letters())),
            }
        )
        fonts = document.idToObject["BasicFonts"].dict
        fonts[self.name] = document.Reference(font, f"font-{self.name}")

    def _widths(self) -> Iterator[int]:
        for glyph, _ in self._codes:
            yield round(self.advance(glyph) * 1000)

    def _descriptor(self, document: Native, base: str) -> Native:
        extents = self._face.font.get_font_extents("ltr")
        scale = 1000 / self._face.units
        up, down = round(extents.ascender * scale), round(extents.descender * scale)
        program = _stream(document, self._program())
        program.dictionary["Length1"] = len(program.content)
        return pdfdoc.PDFDictionary(
            {
                "Type": pdfdoc.PDFName("FontDescriptor"),
                "FontName": pdfdoc.PDFName(base),
                "Flags": _SYMBOLIC,
                "FontBBox": pdfdoc.PDFArray([-1000, down, 3000, up]),
                "ItalicAngle": 0,
                "Ascent": up,
                "Descent": down,
                "CapHeight": up,
                "StemV": _STEM,
                "FontFile2": document.Reference(program),
            }
        )

    def _program(self) -> bytes:
        """Return a TrueType file with the outlines that are used, in the order of their codes."""
        units = self._face.units
        glyphs, lengths = {".notdef": TTGlyphPen(None).glyph()}, {".notdef": (0, 0)}
        for (glyph, _), code in self._codes.items():
            name = f"g{code}"
            glyphs[name] = _outline(self._face, glyph)
            lengths[name] = (round(self.advance(glyph) * units), 0)
        builder = FontBuilder(units, isTTF=True)
        builder.font.recalcTimestamp = False
        builder.setupGlyphOrder(list(glyphs))
        builder.setupGlyf(glyphs)
        bounds = builder.font["glyf"].glyphs
        lengths = {
            name: (length, getattr(bounds[name], "xMin", 0))
            for name, (length, _) in lengths.items()
        }
        builder.setupHorizontalMetrics(lengths)
        extents = self._face.font.get_font_extents("ltr")
        builder.setupHorizontalHeader(ascent=extents.ascender, descent=extents.descender)
        head = builder.font["head"]
        head.created = head.modified = 0
        return _saved(builder.font)

    def _letters(self) -> bytes:
        """Write which letters each code stands for, so that the text can be copied and searched."""
        lines = [
            f"<{code:04X}> <{text.encode('utf-16-be').hex().upper()}>"
            for (_, text), code in self._codes.items()
            if text
        ]
        blocks = []
        for start in range(0, len(lines), _MAPPED_AT_ONCE):
            some = lines[start : start + _MAPPED_AT_ONCE]
            blocks += [f"{len(some)} beginbfchar", *some, "endbfchar"]
        return "\n".join(
            (
                "/CIDInit /ProcSet findresource begin",
                "12 dict begin",
                "begincmap",
                "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
                "/CMapName /Adobe-Identity-UCS def",
                "/CMapType 2 def",
                "1 begincodespacerange",
                "<0000> <FFFF>",
                "endcodespacerange",
                *blocks,
                "endcmap",
                "CMapName currentdict /CMap defineresource pop",
                "end",
                "end",
            )
        ).encode()


class EmbeddedFonts:
    """The fonts of the chain that one PDF uses."""

    def __init__(self, document: Native) -> None:
        self._document = document
        self._fonts: dict[Face, EmbeddedFont] = {}

    def of(self, face: Face) -> EmbeddedFont:
        """Return a font; the first time it becomes one of the document's."""
        if face not in self._fonts:
            font = EmbeddedFont(face, f"V{len(self._fonts) + 1}")
            self._document.fontMapping[font.name] = f"/{font.name}"
            self._document.delayedFonts.append(font)
            self._fonts[face] = font
        return self._fonts[face]

    def show(self, piece: Piece, glyphs: list[Placed], size: float, height: float) -> str:
        """Return the operators that draw the glyphs of one piece on a page of that height.

        Where letters and glyphs are not one for one, the text is told beside them; not where it
        runs from the right, since viewers turn what is told there.
        """
        font = self.of(glyphs[0].face)
        mode = _UNSEEN if font.pictures else ""
        parts = [f"q BT {mode}/{font.name} {size:.4f} Tf"]
        codes, at, base = "", 0.0, 0.0
        for glyph in glyphs:
            if codes and (abs(glyph.x - at) > _NEAR or glyph.y != base):
                parts.append(f"<{codes}> Tj")
                codes = ""
            if not codes:
                parts.append(f"1 0 0 1 {glyph.x:.4f} {height - glyph.y:.4f} Tm")
            codes += f"{font.code(glyph.id, glyph.text):04X}"
            at, base = glyph.x + font.advance(glyph.id) * size, glyph.y
        drawn = " ".join((*parts, f"<{codes}> Tj ET Q"))
        if not piece.right and not font.one_by_one(glyphs):
            code = ("\ufeff" + piece.text).encode("utf-16-be").hex().upper()
            return f"/Span << /ActualText <{code}> >> BDC {drawn} EMC"
        return drawn


def _outline(face: Face, glyph: int) -> Native:
    pen = TTGlyphPen(None)
    if not face.pictures:
        quadratic = Cu2QuPen(pen, _CURVE_ERROR * face.units, reverse_direction=face.cubic)
        face.font.draw_glyph_with_pen(glyph, quadratic)
        return pen.glyph()
    # Not seen either, but viewers leave letters out that take no room.
    width = face.font.get_glyph_h_advance(glyph)
    pen.moveTo((0, 0))
    for corner in ((0, face.units), (width, face.units), (width, 0)):
        pen.lineTo(corner)
    pen.closePath()
    return pen.glyph()


def _stream(document: Native, content: bytes) -> Native:
    stream = pdfdoc.PDFStream(content=content)
    if document.compression:
        stream.filters = [pdfdoc.PDFZCompress]
    return stream


def _saved(font: Native) -> bytes:
    file = io.BytesIO()
    font.save(file)
    return file.getvalue()
