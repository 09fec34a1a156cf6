"""Planning a picture: where each layer stands, and the size at which text fits."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from venture_core.artifacts.colors import Role, color_scheme
from venture_core.artifacts.deck.plan.geometry import Box as Frame
from venture_core.artifacts.deck.plan.pictures import contain, cover
from venture_core.artifacts.deck.plan.text import Typeface
from venture_core.artifacts.drawing.lettering import set_lines
from venture_core.artifacts.drawing.scene import Area, Box, Picture, Scene
from venture_core.artifacts.fonts.fitting import break_lines, measure
from venture_core.artifacts.images import inspect_images
from venture_core.artifacts.picture.ir.document import PictureLayer, ShapeLayer, TextLayer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from venture_core.artifacts.colors import ColorScheme
    from venture_core.artifacts.drawing.scene import Anchor, Shape, Words
    from venture_core.artifacts.fonts.metrics import FontMetrics
    from venture_core.artifacts.images import ImageInfo
    from venture_core.artifacts.picture.ir.document import ImageSpec

_STEP: Final = 0.94
"""Each size that is tried is this share of the one before."""
_ANCHORS: Final[dict[str, Anchor]] = {"left": "start", "center": "middle", "right": "end"}
_ROLES: Final = {
    "background": Role.BACKGROUND,
    "text": Role.TEXT,
    "surface": Role.SURFACE,
    "muted": Role.MUTED,
    "primary": Role.PRIMARY,
    "accent2": Role.ACCENT2,
    "accent3": Role.ACCENT3,
    "accent4": Role.ACCENT4,
    "accent5": Role.ACCENT5,
    "accent6": Role.ACCENT6,
}


@dataclass(frozen=True, slots=True)
class PicturePlan:
    """The picture, a unit of its scene being a pixel."""

    spec: ImageSpec
    assets: Mapping[str, bytes]
    """Every picture that the scene names."""
    scene: Scene
    texts: tuple[tuple[str, Words], ...]
    """Each line of text with the layer that it belongs to."""
    problems: tuple[tuple[str, str], ...]
    """Element and reason for each text that does not fit."""


def plan_picture(spec: ImageSpec, assets: Mapping[str, bytes]) -> PicturePlan:
    """Place every layer. `assets` are the pictures that are used; each is checked.

    Raises `InvalidAssetError` for one that cannot be used.
    """
    images = inspect_images(assets)
    scheme, typeface = color_scheme(spec.theme), Typeface.of(spec)
    shapes: list[Shape] = []
    texts: list[tuple[str, Words]] = []
    problems: list[tuple[str, str]] = []
    for index, layer in enumerate(spec.layers):
        area = Area(layer.at.left, layer.at.top, layer.at.width, layer.at.height)
        match layer:
            case PictureLayer():
                shapes.append(_picture(layer, area, images[layer.image]))
            case ShapeLayer():
                color = _color(layer.color, scheme)
                opacity = layer.opacity / 100
                shapes.append(Box(area, fill=color, radius=layer.radius, opacity=opacity))
            case TextLayer():
                name = f"layers[{index}].text"
                font = typeface.heading if layer.heading else typeface.body
                problems += ((name, reason) for reason in _misfits(layer, area, font))
                words = tuple(_set(layer, area, font, _color(layer.color, scheme)))
                texts += ((name, line) for line in words)
                shapes += words
    background = None if spec.background == "transparent" else _color(spec.background, scheme)
    scene = Scene(spec.width, spec.height, background, tuple(shapes), language=spec.language)
    return PicturePlan(spec, assets, scene, tuple(texts), tuple(problems))


def _color(value: str, scheme: ColorScheme) -> str:
    return value.removeprefix("#") if value.startswith("#") else scheme.values[_ROLES[value]]


def _picture(layer: PictureLayer, area: Area, image: ImageInfo) -> Picture:
    frame = Frame(*(round(edge) for edge in (area.left, area.top, area.width, area.height)))
    crop = (0.0, 0.0)
    if layer.fit == "cover":
        crop = cover(image, frame)
    else:
        placed = contain(image, frame)
        area = Area(placed.left, placed.top, placed.width, placed.height)
    return Picture(layer.image, area, "", crop, layer.opacity / 100, layer.radius)


def _sizes(layer: TextLayer) -> Iterator[float]:
    """Sizes from the one that is wanted to the smallest."""
    size = float(layer.size)
    while size > layer.min_size:
        yield size
        size = max(float(layer.min_size), round(size * _STEP, 1))
    yield float(layer.min_size)


def _fits(layer: TextLayer, area: Area, font: FontMetrics, size: float) -> bool:
    lines = 0
    for paragraph in layer.text.split("\n"):
        if measure(paragraph, font, bold=layer.bold).widest_em * size > area.width:
            return False
        lines += len(break_lines(paragraph, font, area.width / size, bold=layer.bold))
    return lines * size * font.line_em <= area.height


def _misfits(layer: TextLayer, area: Area, font: FontMetrics) -> Iterator[str]:
    if missing := font.missing(layer.text.replace("\n", "")):
        yield f"the font has no letters for “{missing:.20}”"
    if not _fits(layer, area, font, layer.min_size):
        yield (
            f"does not fit {area.width:g} by {area.height:g} pixels at {layer.min_size} pixels, "
            "the smallest size allowed; shorten it, or give it more room"
        )


def _set(layer: TextLayer, area: Area, font: FontMetrics, color: str) -> Iterator[Words]:
    sizes = tuple(_sizes(layer))
    size = next((size for size in sizes if _fits(layer, area, font, size)), sizes[-1])
    lines = [
        line
        for paragraph in layer.text.split("\n")
        for line in break_lines(paragraph, font, area.width / size, bold=layer.bold)
    ]
    free = area.height - len(lines) * size * font.line_em
    top = area.top + {"top": 0.0, "middle": free / 2, "bottom": free}[layer.anchor]
    for line in lines:
        # One line a time, since it was broken before.
        room = Area(area.left, top, area.width + size, 0)
        if layer.align != "left":
            room = Area(area.left, top, area.width, 0)
        anchor = _ANCHORS[layer.align]
        yield from set_lines(line, room, font, size, color, bold=layer.bold, anchor=anchor)
        top += size * font.line_em
