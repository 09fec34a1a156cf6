"""Drawing shaped glyphs as pixels: outlines by HarfBuzz's rasteriser, emoji as pictures."""

import io
import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterator

    from venture_core.artifacts.fonts.fallbacks import Face
    from venture_core.artifacts.fonts.shaping import Piece

_ALL_TURNED: Final = -1
"""HarfBuzz's rows go up, Pillow's down."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A glyph and where its origin stands, in pixels from the left and from the top."""

    face: Face
    id: int
    text: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Ink:
    """Pixels of a glyph: a mask, or a coloured picture."""

    image: Image.Image
    left: int
    top: int


def placed(piece: Piece, face: Face, x: float, y: float, size: float) -> Iterator[Placed]:
    """Place the glyphs of a piece, which `face` draws, from `x` on the baseline `y`."""
    for glyph in piece.glyphs:
        left, base = x + glyph.dx * size, y - glyph.dy * size
        yield Placed(face, glyph.id, glyph.text, left, base)
        x += glyph.advance * size


def extent(glyph: Placed, size: float) -> tuple[float, float, float, float] | None:
    """Return left, top, right and bottom of what is seen of a glyph; None for a blank."""
    found = glyph.face.font.get_glyph_extents(glyph.id)
    if found is None or not found.width or not found.height:
        return None
    scale = size / glyph.face.units
    left, top = glyph.x + found.x_bearing * scale, glyph.y - found.y_bearing * scale
    return left, top, left + found.width * scale, top - found.height * scale


def outline(glyph: Placed, size: float) -> Ink | None:
    """Draw a glyph's outline as a mask; None for a blank."""
    import uharfbuzz

    left, top = math.floor(glyph.x), math.floor(glyph.y)
    scale = size / glyph.face.units
    raster = uharfbuzz.RasterDraw()
    raster.transform = (scale, 0, 0, scale, glyph.x - left, top - glyph.y)
    raster.draw_glyph(glyph.face.font, glyph.id)
    drawn: Any = raster.render()
    box = drawn.extents if drawn is not None else None
    if box is None or not box.width or not box.height:
        return None
    area = (box.width, box.height)
    mask = Image.frombytes("L", area, bytes(drawn.buffer), "raw", "L", box.stride, _ALL_TURNED)
    return Ink(mask, left + box.x_origin, top - box.y_origin - box.height)


def picture(glyph: Placed, size: float) -> Ink | None:
    """Return an emoji at a size; None for a blank."""
    box = extent(glyph, size)
    data = picture_bytes(glyph.face, glyph.id)
    if box is None or not data:
        return None
    left, top = round(box[0]), round(box[1])
    area = (max(1, round(box[2] - box[0])), max(1, round(box[3] - box[1])))
    return Ink(_scaled(data, area), left, top)


def picture_bytes(face: Face, glyph: int) -> bytes:
    """Return the PNG of an emoji; nothing where the font has none."""
    blob = face.font.get_glyph_color_png(glyph)
    return bytes(blob.data) if blob is not None else b""


@lru_cache(maxsize=64)
def _scaled(data: bytes, area: tuple[int, int]) -> Image.Image:
    with Image.open(io.BytesIO(data)) as opened:
        return opened.convert("RGBA").resize(area, Image.Resampling.LANCZOS)
