"""The plan of a text document."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from venture_core.artifacts.doc.ir.blocks import Heading

if TYPE_CHECKING:
    from venture_core.artifacts.colors import ColorScheme
    from venture_core.artifacts.deck.plan.model import ChartElement
    from venture_core.artifacts.doc.ir import DocSpec
    from venture_core.artifacts.doc.ir.blocks import Block
    from venture_core.artifacts.ir.text import Source

POINTS = 20
"""Twips in a point: what lengths of a text document are counted in."""
CONTENTS_LEVELS = 3
"""How many levels of headings the contents list."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A page, in twips."""

    width: int
    height: int
    margin: int = 68 * POINTS

    @property
    def text_width(self) -> int:
        """Between the margins."""
        return self.width - 2 * self.margin

    @property
    def text_height(self) -> int:
        """Between the margins."""
        return self.height - 2 * self.margin


@dataclass(frozen=True, slots=True)
class PlannedBlock:
    """A block and what was decided for it."""

    index: int
    """Its place in the document's content, from 0."""
    block: Block
    anchor: str = ""
    """The bookmark of a heading."""
    number: int = 0
    """Of a figure or a table with a caption, or of a numbered list: each counts from 1."""
    widths: tuple[int, ...] = ()
    """Of a table's columns, in twips."""
    size: tuple[int, int] = (0, 0)
    """Width and height of a figure or a chart, in twips."""
    chart: ChartElement | None = None
    """A chart with the size of its labels."""
    problems: tuple[tuple[str, str], ...] = ()
    """Element and reason for each thing that does not fit."""


@dataclass(frozen=True, slots=True)
class DocPlan:
    """The whole document."""

    spec: DocSpec
    paper: Paper
    scheme: ColorScheme
    rtl: bool
    blocks: tuple[PlannedBlock, ...]
    notes: tuple[Source, ...]
    """What each citation rests on, in their order."""
    labels: tuple[str, str, str]
    """The words for a figure, a table, and the contents."""

    @property
    def byline(self) -> str:
        """Who wrote it, and when, as far as it says."""
        parts = (self.spec.author, self.spec.date)
        return " \u00b7 ".join(part for part in parts if part.strip())

    @property
    def contents(self) -> tuple[tuple[Heading, str], ...]:
        """The headings that the contents list, with their anchors."""
        return tuple(
            (each.block, each.anchor)
            for each in self.blocks
            if isinstance(each.block, Heading) and each.block.level <= CONTENTS_LEVELS
        )
