"""Putting a page into another: its shapes, larger or smaller, at another place."""

from dataclasses import replace
from typing import TYPE_CHECKING

from venture_core.artifacts.drawing.scene import Area, Box, Fill, Line, Link, Picture, Words

if TYPE_CHECKING:
    from venture_core.artifacts.drawing.scene import Point, Scene, Shape


def placed(scene: Scene, at: Area) -> tuple[Shape, ...]:
    """Return the shapes of a page so that it fills `at`, which has its proportions.

    The page's background is the first of them.
    """
    scale = at.width / scene.width
    back = () if scene.background is None else (Box(at, fill=scene.background),)
    return (*back, *(_moved(shape, scale, (at.left, at.top)) for shape in scene.shapes))


def _moved(shape: Shape, scale: float, by: Point) -> Shape:
    match shape:
        case Fill():
            return replace(shape, points=_points(shape.points, scale, by))
        case Line():
            points = _points(shape.points, scale, by)
            return replace(shape, points=points, width=shape.width * scale)
        case Words():
            return replace(shape, at=_point(shape.at, scale, by), size=shape.size * scale)
        case Box():
            area = _area(shape.area, scale, by)
            width, radius = shape.width * scale, shape.radius * scale
            return replace(shape, area=area, width=width, radius=radius)
        case Picture():
            return replace(shape, area=_area(shape.area, scale, by), radius=shape.radius * scale)
        case Link():
            return replace(shape, area=_area(shape.area, scale, by))


def _point(point: Point, scale: float, by: Point) -> Point:
    return (point[0] * scale + by[0], point[1] * scale + by[1])


def _points(points: tuple[Point, ...], scale: float, by: Point) -> tuple[Point, ...]:
    return tuple(_point(point, scale, by) for point in points)


def _area(area: Area, scale: float, by: Point) -> Area:
    left, top = _point((area.left, area.top), scale, by)
    return Area(left, top, area.width * scale, area.height * scale)
