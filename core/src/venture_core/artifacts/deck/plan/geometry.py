"""Lengths and boxes on a slide, in English Metric Units: 914,400 make an inch, 12,700 a point."""

from dataclasses import dataclass

EMU_PER_INCH = 914_400
EMU_PER_POINT = 12_700


def inches(value: float) -> int:
    """Convert inches to EMU."""
    return round(value * EMU_PER_INCH)


def points(value: float) -> int:
    """Convert points to EMU."""
    return round(value * EMU_PER_POINT)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on the slide; the origin is its upper left corner."""

    left: int
    top: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """Left edge plus width."""
        return self.left + self.width

    @property
    def bottom(self) -> int:
        """Top edge plus height."""
        return self.top + self.height

    @property
    def width_points(self) -> float:
        """Width in points."""
        return self.width / EMU_PER_POINT

    @property
    def height_points(self) -> float:
        """Height in points."""
        return self.height / EMU_PER_POINT


@dataclass(frozen=True, slots=True)
class Page:
    """The slide's size and the margins that all content keeps."""

    width: int
    height: int
    margin: int
    """Space kept free at the left and right edge."""

    @property
    def inner(self) -> int:
        """Width between the margins."""
        return self.width - 2 * self.margin


PAGES = {
    "16:9": Page(inches(40 / 3), inches(7.5), inches(0.75)),
    "4:3": Page(inches(10), inches(7.5), inches(0.6)),
}
"""The page of each aspect."""
