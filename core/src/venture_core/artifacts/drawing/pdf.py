"""Writing scenes as PDF by reportlab: fonts embedded, no time of its own, the same bytes always."""

import hashlib
import io
import time
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from reportlab import rl_config
from reportlab.lib.colors import HexColor
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfdoc, pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from venture_core.artifacts.drawing import deflate, glyphs
from venture_core.artifacts.drawing.embedding import EmbeddedFonts
from venture_core.artifacts.drawing.jpeg import is_jpeg, without_metadata
from venture_core.artifacts.drawing.scene import Area, Box, Fill, Line, Link, Picture, Words
from venture_core.artifacts.fonts.faces import face_bytes
from venture_core.artifacts.ir.theme import FontFamily

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from venture_core.artifacts.drawing.scene import Point, Scene, Shape
    from venture_core.artifacts.ir.document import Document

PRODUCER: Final = "Venture"
_EPOCH_SECONDS: Final = 946_684_800
_ROUND: Final = 1
_DASH: Final = (4, 3)

# reportlab packs streams and pictures by the zlib it finds in this module, and then writes them as
# text, a quarter longer, unless it is told that bytes are welcome.
pdfdoc.zlib = deflate
rl_config.useA85 = 0

type Native = Any
"""An object of reportlab, which is not typed."""


def write_pdf(scenes: Iterable[Scene], document: Document, assets: Mapping[str, bytes]) -> bytes:
    """Draw each scene on a page of its size. `assets` holds every picture that they name.

    Title, author and language of the file are those of the document.
    """
    file = io.BytesIO()
    canvas = Canvas(
        file,
        invariant=1,
        pageCompression=1,
        initialFontName=_font(FontFamily.CALIBRI, bold=False),
        lang=document.language,
    )
    _forget_time(canvas)
    canvas.setTitle(document.title)
    canvas.setAuthor(document.author)
    canvas.setCreator(PRODUCER)
    canvas.setProducer(PRODUCER)
    canvas.setSubject("")
    canvas.setKeywords("")
    canvas.setViewerPreference("DisplayDocTitle", "true")
    painter = _Painter(canvas, assets)
    for scene in scenes:
        painter.page(scene)
    if painter.outlined:
        canvas.showOutline()
    canvas.save()
    return file.getvalue()


def _forget_time(canvas: Native) -> None:
    """Give the file the first second of the year 2000, whatever the environment says of time."""
    stamp = canvas._doc._timeStamp
    stamp.t, stamp.lt = _EPOCH_SECONDS, time.gmtime(_EPOCH_SECONDS)
    stamp.YMDhms = tuple(stamp.lt)[:6]
    # The file's ID is a digest that began with the time.
    canvas._doc.signature = hashlib.md5(usedforsecurity=False)


@cache
def _font(family: FontFamily, *, bold: bool) -> str:
    """Register a face with reportlab, once, and return its name there."""
    name = f"{family.value.replace(' ', '')}-{'Bold' if bold else 'Regular'}"
    pdfmetrics.registerFont(TTFont(name, io.BytesIO(face_bytes(family, bold=bold))))
    return name


def _decoded(data: bytes) -> Native:
    """Read a picture. A JPEG goes into the file as it is, but for what it says of itself."""
    return ImageReader(io.BytesIO(without_metadata(data) if is_jpeg(data) else data))


class _Painter:
    """Draws on a canvas whose origin is the lower left corner."""

    def __init__(self, canvas: Native, assets: Mapping[str, bytes]) -> None:
        self._canvas = canvas
        self._assets = assets
        self._embedded: dict[str, str] = {}
        self._fonts = EmbeddedFonts(canvas._doc)
        self._language = ""
        self._height = 0.0
        self._pages = 0
        self.outlined = False

    def page(self, scene: Scene) -> None:
        """Draw one page."""
        canvas = self._canvas
        self._height = scene.height
        self._language = scene.language
        canvas.setPageSize((scene.width, scene.height))
        self._outline(scene)
        if scene.background is not None:
            self._box(Box(Area(0, 0, scene.width, scene.height), fill=scene.background))
        for shape in scene.shapes:
            self._draw(shape)
        canvas.showPage()

    def _outline(self, scene: Scene) -> None:
        self._pages += 1
        if not scene.marks:
            return
        self.outlined = True
        key = f"page-{self._pages}"
        self._canvas.bookmarkPage(key)
        for mark in scene.marks:
            self._canvas.addOutlineEntry(mark.title, key, level=mark.level, closed=False)

    def _draw(self, shape: Shape) -> None:
        match shape:
            case Words():
                self._words(shape)
            case Box():
                self._box(shape)
            case Line():
                self._line(shape)
            case Fill():
                self._fill(shape)
            case Picture():
                self._picture(shape)
            case Link():
                canvas = self._canvas
                canvas.linkURL(shape.url, self._corners(shape.area), relative=0, thickness=0)

    def _words(self, words: Words) -> None:
        canvas = self._canvas
        canvas.setFillColor(HexColor(f"#{words.color}"))
        canvas.setFont(_font(words.family, bold=words.bold), words.size)
        if not words.plain:
            self._pieces(words)
            return
        draw = {
            "start": canvas.drawString,
            "middle": canvas.drawCentredString,
            "end": canvas.drawRightString,
        }[words.anchor]
        x, y = words.at
        draw(x, self._height - y, words.text)

    def _pieces(self, words: Words) -> None:
        canvas, base, size = self._canvas, words.at[1], words.size
        for piece, left in words.pieces(self._language):
            if piece.face is None:
                canvas.drawString(left, self._height - base, piece.text)
                continue
            shown = list(glyphs.placed(piece, piece.face, left, base, size))
            if piece.face.pictures:
                self._emoji(shown, size)
            canvas._code.append(self._fonts.show(piece, shown, size, self._height))

    def _emoji(self, shown: list[glyphs.Placed], size: float) -> None:
        """Draw emoji as pictures. The glyphs over them are blank: they carry what can be copied."""
        for glyph in shown:
            box = glyphs.extent(glyph, size)
            data = glyphs.picture_bytes(glyph.face, glyph.id)
            if box is not None and data:
                left, top, right, bottom = box
                key = f"{glyph.face.name}/{glyph.id}"
                place = (left, self._height - bottom, right - left, bottom - top)
                self._show(key, data, *place)

    def _box(self, box: Box) -> None:
        canvas, area = self._canvas, box.area
        if box.fill is not None:
            canvas.setFillColor(HexColor(f"#{box.fill}"))
            canvas.setFillAlpha(box.opacity)
        if box.stroke is not None:
            canvas.setStrokeColor(HexColor(f"#{box.stroke}"))
            canvas.setLineWidth(box.width)
        drawn = {"stroke": int(box.stroke is not None), "fill": int(box.fill is not None)}
        place = (area.left, self._height - area.bottom, area.width, area.height)
        if box.radius:
            canvas.roundRect(*place, min(box.radius, area.width / 2, area.height / 2), **drawn)
        else:
            canvas.rect(*place, **drawn)
        canvas.setFillAlpha(1)

    def _line(self, line: Line) -> None:
        canvas = self._canvas
        canvas.setStrokeColor(HexColor(f"#{line.color}"))
        canvas.setStrokeAlpha(line.opacity)
        canvas.setLineWidth(line.width)
        canvas.setLineJoin(_ROUND)
        canvas.setLineCap(_ROUND)
        canvas.setDash(*(_DASH if line.dashed else ()))
        canvas.drawPath(self._path(line.points), stroke=1, fill=0)
        canvas.setStrokeAlpha(1)

    def _fill(self, fill: Fill) -> None:
        canvas = self._canvas
        canvas.setFillColor(HexColor(f"#{fill.color}"))
        canvas.setFillAlpha(fill.opacity)
        path = self._path(fill.points)
        path.close()
        canvas.drawPath(path, stroke=0, fill=1)
        canvas.setFillAlpha(1)

    def _path(self, points: tuple[Point, ...]) -> Native:
        path = self._canvas.beginPath()
        for number, (x, y) in enumerate(points):
            step = path.lineTo if number else path.moveTo
            step(x, self._height - y)
        return path

    def _picture(self, picture: Picture) -> None:
        """Draw the whole picture, larger than its area where it is cropped, and clip it."""
        canvas, area = self._canvas, picture.area
        canvas.saveState()
        clip = canvas.beginPath()
        clip.rect(area.left, self._height - area.bottom, area.width, area.height)
        canvas.clipPath(clip, stroke=0, fill=0)
        across, along = picture.crop
        width, height = area.width / (1 - across), area.height / (1 - along)
        left = area.left - width * across / 2
        bottom = self._height - area.bottom - height * along / 2
        self._show(picture.asset, self._assets[picture.asset], left, bottom, width, height)
        canvas.restoreState()

    def _show(
        self, asset: str, data: bytes, left: float, bottom: float, width: float, height: float
    ) -> None:
        """Show a picture. Once it is in the file its pixels are let go, which take most memory."""
        canvas = self._canvas
        if asset not in self._embedded:
            told: dict[str, str] = {"name": ""}
            reader = _decoded(data)
            canvas.drawImage(reader, left, bottom, width, height, mask="auto", extraReturn=told)
            self._embedded[asset] = told["name"]
            return
        canvas._currentPageHasImages = 1
        canvas.saveState()
        canvas.translate(left, bottom)
        canvas.scale(width, height)
        canvas.doForm(self._embedded[asset])
        canvas.restoreState()

    def _corners(self, area: Area) -> tuple[float, float, float, float]:
        return area.left, self._height - area.bottom, area.right, self._height - area.top
