"""Drawing scenes as pixels by Pillow."""

import io
import math
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from PIL import Image, ImageChops, ImageCms, ImageDraw, ImageFont

from venture_core.artifacts.drawing import glyphs
from venture_core.artifacts.drawing.scene import Box, Fill, Line, Link, Picture, Words
from venture_core.artifacts.fonts.faces import face_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from venture_core.artifacts.drawing.scene import Point, Scene, Shape
    from venture_core.artifacts.ir.theme import FontFamily

_OVERSAMPLING: Final = 3
"""Shapes are drawn this much larger and shrunk, which makes their edges smooth."""
_MASK: Final = 48_000_000
"""The most pixels of an enlarged shape."""
_OPAQUE: Final = 255
_DASH: Final = 4.0
_PIECE: Final = 4
"""Straight parts of a line that are drawn together."""
_SMALLEST_STEP: Final = 1e-6
"""Pixels by which a walk along a line goes on at least, whatever rounding says."""
_SMALLEST_LETTERS: Final = 1.0
"""Pixels of letters that leave a mark; FreeType draws none of less than half a pixel."""
_SAMPLE: Final = (64, 16)
_ANCHORS: Final = {"start": "ls", "middle": "ms", "end": "rs"}

type _Bounds = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels; the last two are not within."""


def draw_scene(scene: Scene, assets: Mapping[str, bytes], scale: float) -> Image.Image:
    """Draw a page at `scale` pixels a point: RGB, or RGBA where it has no background.

    `assets` holds every picture that the scene names, checked before.
    """
    painter = _Painter(scene, assets, scale)
    for shape in scene.shapes:
        painter.draw(shape)
    return painter.image


def grounds(
    scene: Scene, assets: Mapping[str, bytes], scale: float
) -> Iterator[tuple[Words, Image.Image]]:
    """Yield each text with a picture, at most 64 by 16 pixels, of what is behind it."""
    painter = _Painter(scene, assets, scale)
    for shape in scene.shapes:
        if isinstance(shape, Words):
            left, top, right, bottom = painter.text_bounds(shape)
            if right > left and bottom > top:
                behind = painter.image.crop((left, top, right, bottom))
                behind.thumbnail(_SAMPLE, Image.Resampling.BOX)
                yield shape, behind
        painter.draw(shape)


@cache
def _font(family: FontFamily, size: float, *, bold: bool) -> ImageFont.FreeTypeFont:
    data = io.BytesIO(face_bytes(family, bold=bold))
    return ImageFont.truetype(data, size, layout_engine=ImageFont.Layout.BASIC)


class _Painter:
    def __init__(self, scene: Scene, assets: Mapping[str, bytes], scale: float) -> None:
        size = (max(1, round(scene.width * scale)), max(1, round(scene.height * scale)))
        self.image = (
            Image.new("RGBA", size, (0, 0, 0, 0))
            if scene.background is None
            else Image.new("RGB", size, f"#{scene.background}")
        )
        self._assets = assets
        self._scale = scale
        self._language = scene.language

    def draw(self, shape: Shape) -> None:
        """Draw one shape; links have no looks."""
        match shape:
            case Words():
                self._words(shape)
            case Picture():
                self._picture(shape)
            case Line():
                for piece in _pieces(shape):
                    self._smooth(piece)
            case Box() | Fill():
                self._smooth(shape)
            case Link():
                return

    def text_bounds(self, words: Words) -> _Bounds:
        """Return the pixels that a text may touch, within the page; none where it is too small."""
        if words.size * self._scale < _SMALLEST_LETTERS:
            return (0, 0, 0, 0)
        if not words.plain:
            return self._shaped_bounds(words)
        x, y = words.at[0] * self._scale, words.at[1] * self._scale
        box = self._font(words).getbbox(words.text, anchor=_ANCHORS[words.anchor])
        return self._within(x + box[0], y + box[1], x + box[2], y + box[3], 1)

    def _shaped_bounds(self, words: Words) -> _Bounds:
        size, y = words.size * self._scale, words.at[1] * self._scale
        boxes = []
        for piece, at in words.pieces(self._language):
            x = at * self._scale
            if piece.face is None:
                box = self._font(words).getbbox(piece.text, anchor="ls")
                boxes.append((x + box[0], y + box[1], x + box[2], y + box[3]))
                continue
            found = (
                glyphs.extent(each, size) for each in glyphs.placed(piece, piece.face, x, y, size)
            )
            boxes += [each for each in found if each is not None]
        if not boxes:
            return (0, 0, 0, 0)
        lefts, tops, rights, bottoms = zip(*boxes, strict=True)
        return self._within(min(lefts), min(tops), max(rights), max(bottoms), 1)

    def _font(self, words: Words) -> ImageFont.FreeTypeFont:
        return _font(words.family, words.size * self._scale, bold=words.bold)

    def _within(
        self, left: float, top: float, right: float, bottom: float, reach: float
    ) -> _Bounds:
        """Return whole pixels around a rectangle that reaches so far over its edges."""
        return (
            max(0, math.floor(left - reach)),
            max(0, math.floor(top - reach)),
            min(self.image.width, math.ceil(right + reach)),
            min(self.image.height, math.ceil(bottom + reach)),
        )

    def _lay(self, color: str, corner: tuple[int, int], mask: Image.Image) -> None:
        """Put a colour on the page where `mask` says so."""
        if self.image.mode == "RGB":
            self.image.paste(f"#{color}", corner, mask)
            return
        layer = Image.new("RGBA", mask.size, f"#{color}")
        layer.putalpha(mask)
        self.image.alpha_composite(layer, corner)

    def _words(self, words: Words) -> None:
        left, top, right, bottom = self.text_bounds(words)
        if right <= left or bottom <= top:
            return
        mask = Image.new("L", (right - left, bottom - top), 0)
        draw, font = ImageDraw.Draw(mask), self._font(words)
        x, y = words.at[0] * self._scale - left, words.at[1] * self._scale - top
        if words.plain:
            anchor = _ANCHORS[words.anchor]
            draw.text((x, y), words.text, fill=_OPAQUE, font=font, anchor=anchor)
            self._lay(words.color, (left, top), mask)
            return
        size, emoji = words.size * self._scale, []
        for piece, at in words.pieces(self._language):
            x = at * self._scale - left
            if piece.face is None:
                draw.text((x, y), piece.text, fill=_OPAQUE, font=font, anchor="ls")
                continue
            for glyph in glyphs.placed(piece, piece.face, x, y, size):
                if piece.face.pictures:
                    emoji.append(glyphs.picture(glyph, size))
                elif ink := glyphs.outline(glyph, size):
                    mask.paste(_OPAQUE, (ink.left, ink.top), ink.image)
        self._lay(words.color, (left, top), mask)
        for ink in filter(None, emoji):
            self._stick(ink.image, (left + ink.left, top + ink.top))

    def _stick(self, picture: Image.Image, corner: tuple[int, int]) -> None:
        """Put a small picture on the page; it may stand over its edges."""
        if self.image.mode == "RGB":
            self.image.paste(picture.convert("RGB"), corner, picture.getchannel("A"))
            return
        layer = Image.new("RGBA", self.image.size, (0, 0, 0, 0))
        layer.paste(picture, corner)
        self.image.alpha_composite(layer)

    def _smooth(self, shape: Box | Line | Fill) -> None:
        """Draw a shape enlarged on a mask of its own size, shrink it, and lay it on the page."""
        left, top, right, bottom = self._bounds(shape)
        width, height = right - left, bottom - top
        if width <= 0 or height <= 0:
            return
        finer = _oversampling(width, height)
        ground = (width * finer, height * finer)
        for color, opacity, layer in _layers(shape):
            mask = Image.new("L", ground, 0)
            offset = (left * finer, top * finer)
            ink = round(opacity * _OPAQUE)
            _draw_mask(ImageDraw.Draw(mask), layer, self._scale * finer, offset, ink)
            self._lay(color, (left, top), mask.reduce(finer))

    def _bounds(self, shape: Box | Line | Fill) -> _Bounds:
        """Return the pixels that a shape may touch, within the page."""
        match shape:
            case Box():
                area = shape.area
                points: tuple[Point, ...] = ((area.left, area.top), (area.right, area.bottom))
                reach = shape.width if shape.stroke else 0.0
            case Line():
                points, reach = shape.points, shape.width
            case Fill():
                points, reach = shape.points, 0.0
        xs = [x * self._scale for x, _ in points]
        ys = [y * self._scale for _, y in points]
        return self._within(min(xs), min(ys), max(xs), max(ys), reach * self._scale + 1)

    def _picture(self, picture: Picture) -> None:
        area, scale = picture.area, self._scale
        size = (max(1, round(area.width * scale)), max(1, round(area.height * scale)))
        source = decoded(self._assets[picture.asset])
        across, along = source.width * picture.crop[0] / 2, source.height * picture.crop[1] / 2
        box = (across, along, source.width - across, source.height - along)
        scaled = source.resize(size, Image.Resampling.LANCZOS, box=box)
        mask = scaled.getchannel("A")
        if picture.radius:
            mask = _rounded(mask, picture.radius * scale)
        if picture.opacity < 1.0:
            mask = mask.point([round(value * picture.opacity) for value in range(256)])
        place = (round(area.left * scale), round(area.top * scale))
        scaled.putalpha(mask)
        self._stick(scaled, place)


def _pieces(line: Line) -> Iterator[Line]:
    """Cut a long line into short ones: each is drawn on a mask of the size that it spans.

    One that is dashed or lets what is behind it through stays whole.
    """
    if line.dashed or line.opacity < 1:
        yield line
        return
    for start in range(0, len(line.points) - 1, _PIECE):
        yield replace(line, points=line.points[start : start + _PIECE + 1])


def _oversampling(width: int, height: int) -> int:
    """Return how much larger a shape is drawn: less for the largest, to bound memory."""
    fitting = (each for each in range(_OVERSAMPLING, 1, -1) if width * height * each**2 <= _MASK)
    return next(fitting, 1)


def decoded(data: bytes) -> Image.Image:
    """Decode a picture that was checked before, as RGBA in sRGB."""
    with Image.open(io.BytesIO(data)) as opened:
        profile = opened.info.get("icc_profile")
        if profile and opened.mode in ("RGB", "RGBA"):
            return _in_srgb(opened, profile)
        return opened.convert("RGBA")


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Convert colours from the picture's own profile; one that cannot be read is passed over."""
    try:
        converted = ImageCms.profileToProfile(
            image,
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            outputMode=image.mode,
        )
    except ImageCms.PyCMSError, OSError:
        return image.convert("RGBA")
    return (converted or image).convert("RGBA")


def _rounded(mask: Image.Image, radius: float) -> Image.Image:
    size = (mask.width * _OVERSAMPLING, mask.height * _OVERSAMPLING)
    corners = Image.new("L", size, 0)
    box = (0, 0, size[0] - 1, size[1] - 1)
    ImageDraw.Draw(corners).rounded_rectangle(box, radius * _OVERSAMPLING, fill=_OPAQUE)
    return ImageChops.multiply(mask, corners.reduce(_OVERSAMPLING))


def _layers(shape: Box | Line | Fill) -> Iterator[tuple[str, float, Box | Line | Fill]]:
    """Split a shape into what has one colour each: a box has a filling and an outline."""
    if not isinstance(shape, Box):
        yield shape.color, shape.opacity, shape
        return
    if shape.fill is not None:
        yield shape.fill, shape.opacity, Box(shape.area, fill=shape.fill, radius=shape.radius)
    if shape.stroke is not None:
        outline = Box(shape.area, stroke=shape.stroke, width=shape.width, radius=shape.radius)
        yield shape.stroke, 1.0, outline


def _draw_mask(
    draw: ImageDraw.ImageDraw,
    shape: Box | Line | Fill,
    scale: float,
    offset: tuple[int, int],
    ink: int,
) -> None:
    def placed(point: Point) -> Point:
        return point[0] * scale - offset[0], point[1] * scale - offset[1]

    match shape:
        case Box():
            _draw_box(draw, shape, scale, placed((shape.area.left, shape.area.top)), ink)
        case Line():
            points = [placed(point) for point in shape.points]
            pieces = _dashes(points, _DASH * scale) if shape.dashed else [points]
            for piece in pieces:
                _draw_stroke(draw, piece, shape.width * scale, ink)
        case Fill():
            draw.polygon([placed(point) for point in shape.points], fill=ink)


def _draw_box(draw: ImageDraw.ImageDraw, box: Box, scale: float, corner: Point, ink: int) -> None:
    left, top = corner
    right, bottom = left + box.area.width * scale - 1, top + box.area.height * scale - 1
    reach = box.width * scale / 2 if box.stroke else 0.0
    place = (left - reach, top - reach, max(left, right) + reach, max(top, bottom) + reach)
    draw.rounded_rectangle(
        place,
        box.radius * scale,
        fill=ink if box.fill else None,
        outline=ink if box.stroke else None,
        width=max(1, round(box.width * scale)),
    )


def _draw_stroke(draw: ImageDraw.ImageDraw, points: list[Point], width: float, ink: int) -> None:
    """Draw straight pieces with round joints and ends."""
    thick = max(1, round(width))
    draw.line(points, fill=ink, width=thick)
    for x, y in points:
        draw.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=ink)


def _dashes(points: list[Point], length: float) -> Iterator[list[Point]]:
    """Cut straight pieces into dashes with gaps as long as they are, counted along all pieces."""
    walked = 0.0
    for start, end in pairwise(points):
        distance = math.dist(start, end)
        at = 0.0
        while at < distance:
            place = (walked + at) % (2 * length)
            stop = min(distance, at + (length if place < length else 2 * length) - place)
            if place < length:
                yield [
                    (
                        start[0] + (end[0] - start[0]) * share / distance,
                        start[1] + (end[1] - start[1]) * share / distance,
                    )
                    for share in (at, stop)
                ]
            at = max(stop, at + _SMALLEST_STEP)
        walked += distance
