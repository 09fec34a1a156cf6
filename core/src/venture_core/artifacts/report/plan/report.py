"""Planning a report: everything is measured and shared between pages before any file exists."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from venture_core.artifacts.colors import Role
from venture_core.artifacts.deck.plan.charts import PAGE_HEIGHT, PAGE_SIZES, has_data, plan_chart
from venture_core.artifacts.deck.plan.geometry import Box as Frame
from venture_core.artifacts.deck.plan.geometry import points
from venture_core.artifacts.drawing.charts import chart_shapes
from venture_core.artifacts.drawing.lettering import baseline, set_lines
from venture_core.artifacts.drawing.scene import Area, Box, Line, Mark, Picture, Scene, Words
from venture_core.artifacts.fonts.fitting import break_lines
from venture_core.artifacts.ir.charts import ChartBlock
from venture_core.artifacts.report.ir.document import (
    FiguresBlock,
    GridBlock,
    HeadingBlock,
    ImageBlock,
    PageBreakBlock,
    ParagraphBlock,
    StatementBlock,
)
from venture_core.artifacts.report.plan.flow import (
    BLOCK_GAP,
    BODY_POINTS,
    CAPTION_POINTS,
    MARGIN,
    TOP,
    Flow,
    Misfit,
)
from venture_core.artifacts.report.plan.grid import END, SIDE, measure_grid, statement_grid
from venture_core.artifacts.report.plan.grid import POINTS as GRID_POINTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from venture_core.artifacts.colors import ColorScheme
    from venture_core.artifacts.deck.plan.model import ChartElement
    from venture_core.artifacts.drawing.scene import Anchor
    from venture_core.artifacts.images import ImageInfo
    from venture_core.artifacts.report.ir.document import Block, ReportSpec
    from venture_core.artifacts.report.plan.grid import Grid, Row

TITLE_SIZES: Final = (26.0, 24.0, 22.0, 20.0)
HEADING_POINTS: Final = {1: 17.0, 2: 13.5, 3: 11.5}

_SPACE_BEFORE: Final = {1: 22.0, 2: 16.0, 3: 12.0}
_KEPT_BELOW_HEADING: Final = 48.0
"""Room that a heading wants below it, else it goes to the next page."""
_LINE_EM: Final = 1.1
"""Lines of running text stand this much wider than the font asks for."""
_FIGURE_HEIGHT: Final = 78.0
_FIGURE_SIZES: Final = (24.0, 22.0, 20.0, 18.0, 16.0, 14.0)
_FEWEST_LINES: Final = 2
"""A paragraph leaves at least so many lines on either page."""
LOGO: Final = (110.0, 32.0)


@dataclass(frozen=True, slots=True)
class ReportPlan:
    """The report in pages."""

    spec: ReportSpec
    scheme: ColorScheme
    pages: tuple[Scene, ...]
    problems: tuple[Misfit, ...]
    """What does not fit."""
    places: tuple[int, ...]
    """The page on which each block begins, counted from 1."""
    charts: tuple[tuple[str, ChartElement], ...]
    """The charts that are drawn, with the names of their blocks."""


def plan_report(spec: ReportSpec, images: Mapping[str, ImageInfo]) -> ReportPlan:
    """Measure every block and share them between pages. `images` describes each picture used."""
    flow = _Writer(spec, images)
    places: list[int] = []
    flow.opening()
    for index, block in enumerate(spec.blocks):
        flow.name = f"blocks[{index}]"
        flow.add(block)
        places.append(flow.began)
    return ReportPlan(
        spec,
        flow.scheme,
        flow.finished(),
        tuple(flow.problems),
        tuple(places),
        tuple(flow.charts),
    )


class _Writer(Flow):
    """Writes the blocks of a report."""

    def opening(self) -> None:
        """Write title, subtitle, author and date, and the logo, at the top of the first page."""
        spec, font = self.spec, self.typeface.heading
        width = self.width - (LOGO[0] + SIDE * 4 if spec.theme.logo else 0)
        self._logo()
        self.put(Box(Area(MARGIN, self.y, 44, 4), fill=self.color(Role.PRIMARY)))
        self.y += 14
        size = next(
            (
                size
                for size in TITLE_SIZES
                if len(break_lines(spec.title, font, width / size, bold=True)) == 1
            ),
            TITLE_SIZES[-1],
        )
        self.name = "title"
        self.paragraph(spec.title, font, size, Role.TEXT, bold=True, width=width)
        self.name = "subtitle"
        if spec.subtitle.strip():
            self.y += 2
            self.paragraph(spec.subtitle, self.typeface.body, 12.5, Role.MUTED)
        byline = "  ·  ".join(part for part in (spec.author, spec.date) if part.strip())
        self.name = "author"
        if byline:
            self.y += 4
            self.paragraph(byline, self.typeface.body, CAPTION_POINTS, Role.MUTED)
        self.y += 10
        ends = ((MARGIN, self.y), (MARGIN + self.width, self.y))
        self.put(Line(ends, self.color(Role.MUTED), 0.75, opacity=0.5))
        self.y += BLOCK_GAP + 4

    def add(self, block: Block) -> None:
        """Place one block; `began` says where, afterwards."""
        match block:
            case HeadingBlock():
                self._heading(block)
            case ParagraphBlock():
                self._running(block)
            case FiguresBlock():
                self._figures(block)
            case GridBlock():
                grid = measure_grid(block, self.width, self.typeface.body)
                self._grid(grid, block.caption)
            case StatementBlock():
                grid = statement_grid(block, self.width, self.typeface.body)
                self._grid(grid, block.account)
            case ChartBlock():
                self._chart(block)
            case ImageBlock():
                self._image(block)
            case PageBreakBlock():
                self.began = len(self.pages)
                if not self.fresh:
                    self.turn()

    def _logo(self) -> None:
        name = self.spec.theme.logo
        if name is None:
            return
        image = self.images[name]
        scale = min(LOGO[0] / image.width, LOGO[1] / image.height)
        width, height = image.width * scale, image.height * scale
        area = Area(MARGIN + self.width - width, self.y, width, height)
        self.put(Picture(name, area, "Logo"))

    def _heading(self, block: HeadingBlock) -> None:
        font, size = self.typeface.heading, HEADING_POINTS[block.level]
        lines = len(break_lines(block.text, font, self.width / size, bold=True))
        before = 0.0 if self.fresh else _SPACE_BEFORE[block.level]
        self.need(before + lines * size * font.line_em + _KEPT_BELOW_HEADING)
        if not self.fresh:
            self.y += before
        # A level that is left out would make the outline invalid.
        self.level = min(block.level - 1, self.level + 1)
        self.pages[-1].marks.append(Mark(block.text, self.level))
        role = Role.PRIMARY if block.level == 1 else Role.TEXT
        self.paragraph(block.text, font, size, role, bold=True)
        self.y += 5

    def _running(self, block: ParagraphBlock) -> None:
        first = True
        for text in block.text.split("\n"):
            if not text.strip():
                continue
            self._split(text, first=first)
            first = False
            self.y += 5
        self.y += 3

    def _split(self, text: str, *, first: bool) -> None:
        """Set a paragraph of running text, on two pages where it must."""
        font, size = self.typeface.body, BODY_POINTS
        step = size * font.line_em * _LINE_EM
        self.check(self.name, text, font, self.width, size)
        lines = list(break_lines(text, font, self.width / size, bold=False))
        began = len(self.pages)
        while lines:
            fitting = int(self.room / step)
            if fitting < len(lines):
                fitting = min(fitting, len(lines) - _FEWEST_LINES)
            if fitting < min(len(lines), _FEWEST_LINES) and not self.fresh:
                self.turn()
                continue
            now, lines = lines[: max(1, fitting)], lines[max(1, fitting) :]
            began = min(began, len(self.pages)) if self.pages[-1].shapes else len(self.pages)
            for line in now:
                at = (MARGIN, baseline(self.y, size, font))
                self.put(Words(line, at, font.family, size, self.color(Role.TEXT)))
                self.y += step
            if lines:
                self.turn()
        if first:
            self.began = began

    def _figures(self, block: FiguresBlock) -> None:
        """Set key figures as tiles of one size, their values alike."""
        self.need(_FIGURE_HEIGHT)
        gap = 12.0
        count = len(block.items)
        width = (self.width - gap * (count - 1)) / count
        inner = width - 24
        heading, body = self.typeface.heading, self.typeface.body
        size = next(
            (
                size
                for size in _FIGURE_SIZES
                if all(
                    len(break_lines(i.value, heading, inner / size, bold=True)) == 1
                    for i in block.items
                )
            ),
            _FIGURE_SIZES[-1],
        )
        for index, item in enumerate(block.items):
            left = MARGIN + index * (width + gap)
            tile = Area(left, self.y, width, _FIGURE_HEIGHT)
            self.put(Box(tile, fill=self.color(Role.SURFACE), radius=4))
            self.put(Box(Area(left, self.y, 4, _FIGURE_HEIGHT), fill=self.color(Role.PRIMARY)))
            for part, text, top, points_, role, font in (
                ("label", item.label, 9.0, CAPTION_POINTS, Role.MUTED, body),
                ("value", item.value, 23.0, size, Role.TEXT, heading),
                ("note", item.note, 57.0, CAPTION_POINTS, Role.MUTED, body),
            ):
                bold = part == "value"
                room = Area(left + 14, self.y + top, inner, 0)
                lines = break_lines(text, font, inner / points_, bold=bold)
                element = f"{self.name}.items[{index}].{part}"
                self.check(element, text, font, inner, points_)
                if len(lines) > 1:
                    self.problem(element, f"takes more than one line at {points_:g} pt")
                self.put(*set_lines(text, room, font, points_, self.color(role), bold=bold))
        self.y += _FIGURE_HEIGHT + BLOCK_GAP

    def _grid(self, grid: Grid, caption: str) -> None:
        """Set a grid row by row; every page begins with the head."""
        first = grid.rows[0].height if grid.rows else 0.0
        height = self.caption_height(caption)
        self.need(height + grid.head.height + first)
        self.problems += (
            Misfit(len(self.pages), f"{self.name}.{place}", message)
            for place, message in grid.problems
        )
        if caption.strip():
            self.paragraph(caption, self.typeface.body, CAPTION_POINTS, Role.MUTED, bold=True)
            self.y += 3
        self._row(grid, grid.head, "head", 0)
        tallest = self.bottom - TOP - grid.head.height
        for number, row in enumerate(grid.rows):
            if row.height > tallest:
                self.problem(f"{self.name}.rows[{number}]", "is taller than a page")
            if row.height > self.room:
                self.turn()
                self._row(grid, grid.head, "head", 0)
            last = grid.total and number == len(grid.rows) - 1
            self._row(grid, row, "total" if last else "row", number)
        self.y += BLOCK_GAP

    def _row(self, grid: Grid, row: Row, kind: str, number: int) -> None:
        area = Area(MARGIN, self.y, self.width, row.height)
        color = self.color(Role.TEXT)
        if kind == "head":
            self.put(Box(area, fill=self.color(Role.PRIMARY)))
            color = self.color(self.scheme.on_primary)
        elif kind == "total":
            ends = ((area.left, area.top), (area.right, area.top))
            self.put(Line(ends, self.color(Role.PRIMARY), 1.5))
        elif number % 2:
            self.put(Box(area, fill=self.color(Role.SURFACE)))
        left = area.left
        for lines, width, anchor in zip(row.cells, grid.widths, grid.anchors, strict=True):
            self._cell(
                lines, Area(left, self.y, width, row.height), anchor, color, bold=kind != "row"
            )
            left += width
        self.y += row.height

    def _cell(
        self, lines: tuple[str, ...], area: Area, anchor: Anchor, color: str, *, bold: bool
    ) -> None:
        font = self.typeface.body
        x = {
            "start": area.left + SIDE,
            "middle": area.left + area.width / 2,
            "end": area.right - SIDE,
        }[anchor]
        step = GRID_POINTS * font.line_em
        for number, line in enumerate(lines):
            if line:
                at = (x, baseline(area.top + END + number * step, GRID_POINTS, font))
                self.put(Words(line, at, font.family, GRID_POINTS, color, bold, anchor))

    def _chart(self, block: ChartBlock) -> None:
        below = self.caption_height(block.caption)
        self.need(PAGE_HEIGHT + below)
        if has_data(block.chart):
            edges = (MARGIN, self.y, self.width, PAGE_HEIGHT)
            font = self.typeface.body
            frame = Frame(*(points(edge) for edge in edges))
            element = plan_chart(block.chart, block.alt_text, frame, font, PAGE_SIZES)
            self.charts.append((self.name, element))
            for place, message in element.problems:
                self.problem(f"{self.name}.{place}", message)
            self.put(*chart_shapes(element, self.scheme, font))
        self.y += PAGE_HEIGHT
        self.caption(block.caption)
        self.y += BLOCK_GAP

    def _image(self, block: ImageBlock) -> None:
        """Set a picture as wide as it is wanted, or smaller where a page is not tall enough."""
        image = self.images[block.image]
        below = self.caption_height(block.caption)
        tallest = self.bottom - TOP - below
        width = self.width * block.width / 100
        height = width * image.height / image.width
        if height > tallest:
            width, height = width * tallest / height, tallest
        self.need(height + below)
        area = Area(MARGIN + (self.width - width) / 2, self.y, width, height)
        self.put(Picture(block.image, area, block.alt_text))
        self.y += height
        self.caption(block.caption)
        self.y += BLOCK_GAP
