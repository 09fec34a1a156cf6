"""The plan of a deck: every element with its place, size and colours, before any file exists."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from venture_core.artifacts.colors import ColorScheme, Role
    from venture_core.artifacts.deck.ir import SlideSpec
    from venture_core.artifacts.deck.plan.geometry import Box, Page
    from venture_core.artifacts.deck.plan.layouts import Layout, LayoutSpec, TextStyle
    from venture_core.artifacts.ir import Chart


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph of a text element."""

    text: str
    level: int = 0
    """Level of indentation, 0 to 2."""
    bold: bool = False
    color: Role | None = None
    """Differs from the element's colour when given."""


@dataclass(frozen=True, slots=True)
class TextElement:
    """Text for a placeholder, with the size at which it fits."""

    element: str
    """How findings name it, such as `title` or `bullets`."""
    idx: int
    """The layout's placeholder that holds it."""
    paragraphs: tuple[Paragraph, ...]
    style: TextStyle
    box: Box
    size: float
    """Points of first-level text."""
    problem: str = ""
    """Why the text does not fit even at the smallest size; empty when it fits."""


@dataclass(frozen=True, slots=True)
class TableElement:
    """A table, measured."""

    columns: tuple[TableColumn, ...]
    rows: tuple[tuple[str, ...], ...]
    """Header row first."""
    row_heights: tuple[int, ...]
    """EMU."""
    total_row: bool
    size: float
    box: Box
    alt_text: str
    problems: tuple[tuple[str, str], ...] = ()
    """Element and reason for each thing that does not fit."""


@dataclass(frozen=True, slots=True)
class TableColumn:
    """Width in EMU and alignment (l, ctr, r) of a column."""

    width: int
    align: str


@dataclass(frozen=True, slots=True)
class ChartElement:
    """A chart, with the size of its labels."""

    chart: Chart
    box: Box
    label_size: float
    legend: bool
    hidden_labels: frozenset[tuple[int, int]]
    """Series and category of each stacked mark that is too thin for its label."""
    alt_text: str
    problems: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PictureElement:
    """A picture in its frame."""

    asset: str
    box: Box
    """What it covers on the slide."""
    crop: tuple[float, float]
    """Shares of its width and of its height that are cut off, half on either side."""
    alt_text: str


type Element = TextElement | TableElement | ChartElement | PictureElement


@dataclass(frozen=True, slots=True)
class SlidePlan:
    """One slide."""

    number: int
    """Counted from 1."""
    layout: LayoutSpec
    elements: tuple[Element, ...]
    notes: str
    section: str = ""
    """Title of the section that starts here, for section slides."""


@dataclass(frozen=True, slots=True)
class DeckPlan:
    """The whole deck."""

    spec: SlideSpec
    page: Page
    scheme: ColorScheme
    layouts: dict[Layout, LayoutSpec]
    slides: tuple[SlidePlan, ...]
