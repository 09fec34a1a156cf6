"""Turning pages round for languages that are read from the right.

Pictures and letters keep their own looks; only their places change.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from venture_core.artifacts.drawing.scene import Area, Box, Fill, Line, Link, Picture, Words
from venture_core.artifacts.fonts.bidi import direction_of
from venture_core.artifacts.ir.values import right_to_left

if TYPE_CHECKING:
    from venture_core.artifacts.drawing.scene import Anchor, Scene, Shape

_OPPOSITE: Final[dict[Anchor, Anchor]] = {"start": "end", "middle": "middle", "end": "start"}


def as_read(scene: Scene, language: str) -> Scene:
    """Return the page as readers of `language` expect it."""
    if not right_to_left(language):
        return replace(scene, language=language)
    shapes = tuple(_turned(shape, scene.width) for shape in scene.shapes)
    return replace(scene, language=language, shapes=shapes)


def _turned(shape: Shape, width: float) -> Shape:
    match shape:
        case Words():
            direction = shape.direction or direction_of(shape.text, otherwise="rtl")
            anchor = _OPPOSITE[shape.anchor]
            at = (width - shape.at[0], shape.at[1])
            return replace(shape, at=at, anchor=anchor, direction=direction)
        case Box() | Picture() | Link():
            area = shape.area
            turned = Area(width - area.right, area.top, area.width, area.height)
            return replace(shape, area=turned)
        case Line() | Fill():
            return replace(shape, points=tuple((width - x, y) for x, y in shape.points))
