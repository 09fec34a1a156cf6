"""What a page shows: shapes in drawing order, in points, the origin in the upper left corner."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from venture_core.artifacts.fonts.metrics import load_metrics
from venture_core.artifacts.fonts.shaping import is_plain, shaped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from venture_core.artifacts.fonts.bidi import Direction
    from venture_core.artifacts.fonts.shaping import Piece
    from venture_core.artifacts.ir.theme import FontFamily

type Point = tuple[float, float]
"""Distance from the left and from the top."""

type Anchor = Literal["start", "middle", "end"]
"""Which part of a text its position names."""


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of the page."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Left edge plus width."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """Top edge plus height."""
        return self.top + self.height

    def inset(self, side: float, end: float) -> Area:
        """Return what is left after `side` at left and right and `end` at top and bottom."""
        return Area(self.left + side, self.top + end, self.width - 2 * side, self.height - 2 * end)


@dataclass(frozen=True, slots=True)
class Fill:
    """A filled polygon."""

    points: tuple[Point, ...]
    color: str
    """sRGB, six hexadecimal digits."""
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, filled or outlined or both, its corners rounded if wanted."""

    area: Area
    fill: str | None = None
    stroke: str | None = None
    width: float = 1.0
    """Of the outline."""
    radius: float = 0.0
    opacity: float = 1.0
    """Of the filling."""


@dataclass(frozen=True, slots=True)
class Line:
    """Straight pieces from point to point, joined and ended round."""

    points: tuple[Point, ...]
    color: str
    width: float
    opacity: float = 1.0
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """One line of text, not broken any more."""

    text: str
    at: Point
    """Where its baseline stands, at the part that `anchor` names."""
    family: FontFamily
    size: float
    color: str
    bold: bool = False
    anchor: Anchor = "start"
    direction: Direction | None = None
    """That of its paragraph; None for that of its first letter."""

    @property
    def plain(self) -> bool:
        """Whether its family draws all of it, letter by letter from the left."""
        return is_plain(self.text, load_metrics(self.family), self.direction)

    @property
    def width(self) -> float:
        """Its length along the baseline."""
        return load_metrics(self.family).width_em(self.text, bold=self.bold) * self.size

    def pieces(self, language: str) -> Iterator[tuple[Piece, float]]:
        """Yield what each font draws, from left to right, and where it begins."""
        font = load_metrics(self.family)
        pieces = shaped(
            self.text, font, bold=self.bold, language=language, direction=self.direction
        )
        left = self.at[0] - {"start": 0.0, "middle": 0.5, "end": 1.0}[self.anchor] * self.width
        for piece in pieces:
            yield piece, left
            left += piece.width * self.size


@dataclass(frozen=True, slots=True)
class Picture:
    """A raster picture, stretched over its area after both sides were cropped alike."""

    asset: str
    area: Area
    alt_text: str
    crop: Point = (0.0, 0.0)
    """Shares of its width and of its height that are cut off, half on either side."""
    opacity: float = 1.0
    radius: float = 0.0


@dataclass(frozen=True, slots=True)
class Link:
    """An area of the page that leads to an address."""

    area: Area
    url: str


type Shape = Fill | Box | Line | Words | Picture | Link


@dataclass(frozen=True, slots=True)
class Mark:
    """An entry in the document's outline that leads to a page."""

    title: str
    level: int
    """0 for the highest; at most one deeper than the entry before."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One page."""

    width: float
    height: float
    background: str | None
    """sRGB, six hexadecimal digits; None where nothing is behind the shapes."""
    shapes: tuple[Shape, ...]
    marks: tuple[Mark, ...] = ()
    language: str = ""
    """Of its texts: it chooses among forms of Chinese letters."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """Pages, and the pictures that they name."""

    scenes: tuple[Scene, ...]
    assets: Mapping[str, bytes]
    """Each was checked."""
