"""Drawing a planned chart as shapes: bars, lines, pies, with axes, legend and labels."""

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from venture_core.artifacts.colors import Role
from venture_core.artifacts.deck.plan.charts import label_role, mark_roles
from venture_core.artifacts.deck.plan.geometry import EMU_PER_POINT
from venture_core.artifacts.drawing.lettering import baseline, set_lines
from venture_core.artifacts.drawing.scale import ticks
from venture_core.artifacts.drawing.scene import Area, Box, Fill, Line, Words
from venture_core.artifacts.fonts.fitting import break_lines
from venture_core.artifacts.numbers import format_value, share_decimals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from venture_core.artifacts.colors import ColorScheme
    from venture_core.artifacts.deck.plan.model import ChartElement
    from venture_core.artifacts.drawing.scene import Anchor, Point, Shape
    from venture_core.artifacts.fonts.metrics import FontMetrics
    from venture_core.artifacts.ir.charts import Chart, NumberFormat

_GRID_OPACITY: Final = 0.25
_GRID_POINTS: Final = 0.5
_AXIS_POINTS: Final = 1.0
_LINE_POINTS: Final = 2.75
_MARKER_POINTS: Final = 3.5
_PAD: Final = 6.0
_KEY_POINTS: Final = 10.0
_GAP: Final = 0.6
"""Space between categories, in widths of a bar."""
_BAR_GAP: Final = 0.08
_WIDEST_BAR: Final = 96.0
"""A wider bar is a slab."""
_SIDE_LABEL_SHARE: Final = 0.3
_PIE_SHARE: Final = 0.6
_DEGREES_PER_CORNER: Final = 2
_MARKER_CORNERS: Final = 24


def chart_shapes(element: ChartElement, scheme: ColorScheme, font: FontMetrics) -> Iterator[Shape]:
    """Draw the chart within its box."""
    box = element.box
    area = Area(*(edge / EMU_PER_POINT for edge in (box.left, box.top, box.width, box.height)))
    pen = _Pen(element, scheme, font, element.chart.form)
    if element.chart.type == "pie":
        yield from _pie(pen, area)
        return
    if element.legend:
        names = [series.name for series in element.chart.series]
        rows = tuple(_legend_rows(pen, names, area.width))
        yield from _legend(pen, rows, area)
        area = _below(area, len(rows) * pen.line + _PAD)
    if title := element.chart.axis_title.strip():
        yield pen.words(title, (area.left, pen.baseline(area.top)), Role.MUTED)
        area = _below(area, pen.line + _PAD)
    yield from _plot(pen, area)


@dataclass(frozen=True, slots=True)
class _Pen:
    """What all parts of one chart are drawn with."""

    element: ChartElement
    scheme: ColorScheme
    font: FontMetrics
    form: NumberFormat

    @property
    def chart(self) -> Chart:
        return self.element.chart

    @property
    def size(self) -> float:
        return self.element.label_size

    @property
    def line(self) -> float:
        """Height of a line of labels."""
        return self.size * self.font.line_em

    def baseline(self, top: float) -> float:
        return baseline(top, self.size, self.font)

    def middle(self, y: float) -> float:
        """Return the baseline of a label whose line is centred on `y`."""
        return self.baseline(y - self.line / 2)

    def color(self, role: Role) -> str:
        return self.scheme.values[role]

    def label(self, value: float) -> str:
        return format_value(value, self.form)

    def width(self, text: str, *, bold: bool = False) -> float:
        return self.font.width_em(text, bold=bold) * self.size

    def words(
        self, text: str, at: Point, role: Role, anchor: Anchor = "start", *, bold: bool = False
    ) -> Words:
        color = self.color(role)
        return Words(text, at, self.font.family, self.size, color, bold, anchor)


def _below(area: Area, height: float) -> Area:
    return Area(area.left, area.top + height, area.width, area.height - height)


def _legend_rows(pen: _Pen, names: list[str], width: float) -> Iterator[list[tuple[int, str]]]:
    """Share the names, with their numbers, between rows that are not wider than `width`."""
    row: list[tuple[int, str]] = []
    used = 0.0
    for number, name in enumerate(names):
        needed = _legend_width(pen, name)
        if row and used + needed > width:
            yield row
            row, used = [], 0.0
        row.append((number, name))
        used += needed
    if row:
        yield row


def _legend_width(pen: _Pen, name: str) -> float:
    return _KEY_POINTS + _PAD + pen.width(name) + 2 * _PAD


def _legend(pen: _Pen, rows: tuple[list[tuple[int, str]], ...], area: Area) -> Iterator[Shape]:
    roles = mark_roles(pen.chart)
    for at, row in enumerate(rows):
        left, top = area.left, area.top + at * pen.line
        for number, name in row:
            yield from _key(pen, name, roles[number], left, top)
            left += _legend_width(pen, name)


def _key(pen: _Pen, name: str, role: Role, left: float, top: float) -> Iterator[Shape]:
    square = Area(left, top + (pen.line - _KEY_POINTS) / 2, _KEY_POINTS, _KEY_POINTS)
    yield Box(square, fill=pen.color(role), radius=2)
    yield pen.words(name, (left + _KEY_POINTS + _PAD, pen.baseline(top)), Role.TEXT)


@dataclass(frozen=True, slots=True)
class _Axes:
    """Where categories and values are within the plot."""

    plot: Area
    horizontal: bool
    """Bars run to the right, categories down."""
    count: int
    low: float
    high: float

    @property
    def slot(self) -> float:
        length = self.plot.height if self.horizontal else self.plot.width
        return length / max(1, self.count)

    def value(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        if self.horizontal:
            return self.plot.left + share * self.plot.width
        return self.plot.bottom - share * self.plot.height

    def category(self, index: int) -> float:
        """Return the middle of a category along its axis."""
        start = self.plot.top if self.horizontal else self.plot.left
        return start + (index + 0.5) * self.slot

    def bar(self, middle: float, thick: float, low: float, high: float) -> Area:
        """Return the bar that is centred on `middle` and goes from one value to another."""
        near, far = sorted((self.value(low), self.value(high)))
        if self.horizontal:
            return Area(near, middle - thick / 2, far - near, thick)
        return Area(middle - thick / 2, near, thick, far - near)

    def across(self, value: float) -> tuple[Point, Point]:
        """Return the ends of the line on which everything has `value`."""
        at = self.value(value)
        if self.horizontal:
            return (at, self.plot.top), (at, self.plot.bottom)
        return (self.plot.left, at), (self.plot.right, at)


def _plot(pen: _Pen, area: Area) -> Iterator[Shape]:
    chart = pen.chart
    horizontal = chart.type == "bar" and chart.direction == "horizontal"
    bare = chart.type == "bar" and chart.value_labels and not chart.stacked
    low, high = _range(chart)
    marks = ticks(low, high, pen.label)
    if bare:
        marks = (min(low, 0.0), max(high, 0.0)) if high > low else (0.0, 1.0)
    plot = _plot_area(pen, area, marks, horizontal=horizontal, bare=bare)
    axes = _Axes(plot, horizontal, len(chart.categories), marks[0], marks[-1])
    if not bare:
        yield from _grid(pen, axes, marks)
    yield from _bars(pen, axes) if chart.type == "bar" else _lines(pen, axes)
    yield Line(axes.across(0.0), pen.color(Role.MUTED), _AXIS_POINTS)
    yield from _categories(pen, axes)


def _range(chart: Chart) -> tuple[float, float]:
    """Return the lowest and highest value that is drawn; stacked bars reach their sums."""
    columns = [
        [value for value in column if value is not None]
        for column in zip(*(series.values for series in chart.series), strict=True)
    ]
    if chart.type == "bar" and chart.stacked:
        lows = [sum(value for value in column if value < 0) for column in columns]
        highs = [sum(value for value in column if value > 0) for column in columns]
    else:
        lows = highs = [value for column in columns for value in column]
    return min(lows, default=0.0), max(highs, default=0.0)


def _plot_area(
    pen: _Pen, area: Area, marks: tuple[float, ...], *, horizontal: bool, bare: bool
) -> Area:
    """Leave room for the labels of both axes, and for those beside the marks."""
    chart = pen.chart
    beside = chart.value_labels and not chart.stacked
    widest = max((pen.width(pen.label(mark)) for mark in marks), default=0.0)
    if horizontal:
        left = _side_label_width(pen, area)
        foot = 0.0 if bare else pen.line + _PAD
        right = _widest_label(pen) + _PAD if beside else widest / 2
        return Area(
            area.left + left + _PAD, area.top, area.width - left - _PAD - right, area.height - foot
        )
    left = 0.0 if bare else widest + _PAD
    slot = (area.width - left) / max(1, len(chart.categories))
    lines = max(
        (
            len(break_lines(label, pen.font, slot / pen.size, bold=False))
            for label in chart.categories
        ),
        default=1,
    )
    foot = lines * pen.line + _PAD
    top = pen.line + _PAD if beside else pen.line / 2
    if beside and min(marks) < 0:
        foot += pen.line
    return Area(area.left + left, area.top + top, area.width - left, area.height - top - foot)


def _side_label_width(pen: _Pen, area: Area) -> float:
    widest = max((pen.width(label) for label in pen.chart.categories), default=0.0)
    # A little more than the widest: lines are broken by widths that are taken generously.
    return min(area.width * _SIDE_LABEL_SHARE, widest * 1.03)


def _widest_label(pen: _Pen) -> float:
    values = [value for series in pen.chart.series for value in series.values if value is not None]
    return max((pen.width(pen.label(value)) for value in values), default=0.0)


def _grid(pen: _Pen, axes: _Axes, marks: tuple[float, ...]) -> Iterator[Shape]:
    for mark in marks:
        color = pen.color(Role.MUTED)
        yield Line(axes.across(mark), color, _GRID_POINTS, opacity=_GRID_OPACITY)
        at = axes.value(mark)
        if axes.horizontal:
            place = (at, pen.baseline(axes.plot.bottom + _PAD))
            yield pen.words(pen.label(mark), place, Role.TEXT, "middle")
        else:
            place = (axes.plot.left - _PAD, pen.middle(at))
            yield pen.words(pen.label(mark), place, Role.TEXT, "end")


def _categories(pen: _Pen, axes: _Axes) -> Iterator[Shape]:
    plot = axes.plot
    for index, label in enumerate(pen.chart.categories):
        middle = axes.category(index)
        if axes.horizontal:
            width = plot.left - _PAD - pen.element.box.left / EMU_PER_POINT
            lines = len(break_lines(label, pen.font, width / pen.size, bold=False))
            room = Area(plot.left - _PAD - width, middle - lines * pen.line / 2, width, 0)
            anchor: Anchor = "end"
        else:
            foot = pen.line if pen.chart.value_labels and axes.low < 0 else 0.0
            room = Area(middle - axes.slot / 2, plot.bottom + _PAD + foot, axes.slot, 0)
            anchor = "middle"
        color = pen.color(Role.TEXT)
        yield from set_lines(label, room, pen.font, pen.size, color, anchor=anchor)


def _bars(pen: _Pen, axes: _Axes) -> Iterator[Shape]:
    if pen.chart.stacked:
        yield from _stacks(pen, axes)
        return
    chart = pen.chart
    count = len(chart.series)
    thick = min(axes.slot / (count + _BAR_GAP * (count - 1) + _GAP), _WIDEST_BAR)
    step = thick * (1 + _BAR_GAP)
    for number, (series, role) in enumerate(zip(chart.series, mark_roles(chart), strict=True)):
        for index, value in enumerate(series.values):
            if value is None:
                continue
            middle = axes.category(index) + (number - (count - 1) / 2) * step
            bar = axes.bar(middle, thick, 0.0, value)
            yield Box(bar, fill=pen.color(role))
            if chart.value_labels:
                yield _beside(pen, axes, bar, value)


def _beside(pen: _Pen, axes: _Axes, bar: Area, value: float) -> Words:
    """Write a value at the end of its bar."""
    text = pen.label(value)
    if axes.horizontal:
        y = pen.middle(bar.top + bar.height / 2)
        if value < 0:
            return pen.words(text, (bar.left - _PAD, y), Role.TEXT, "end")
        return pen.words(text, (bar.right + _PAD, y), Role.TEXT)
    top = bar.bottom + 2 if value < 0 else bar.top - pen.line
    return pen.words(text, (bar.left + bar.width / 2, pen.baseline(top)), Role.TEXT, "middle")


def _stacks(pen: _Pen, axes: _Axes) -> Iterator[Shape]:
    chart = pen.chart
    thick = min(axes.slot / (1 + _GAP), _WIDEST_BAR)
    ups, downs = [0.0] * axes.count, [0.0] * axes.count
    for number, (series, role) in enumerate(zip(chart.series, mark_roles(chart), strict=True)):
        for index, value in enumerate(series.values):
            if value is None:
                continue
            sums = downs if value < 0 else ups
            start = sums[index]
            sums[index] += value
            bar = axes.bar(axes.category(index), thick, start, sums[index])
            yield Box(bar, fill=pen.color(role))
            if chart.value_labels and (number, index) not in pen.element.hidden_labels:
                at = (bar.left + bar.width / 2, pen.middle(bar.top + bar.height / 2))
                ink = label_role(role, pen.scheme)
                yield pen.words(pen.label(value), at, ink, "middle")


def _lines(pen: _Pen, axes: _Axes) -> Iterator[Shape]:
    chart = pen.chart
    for series, role in zip(chart.series, mark_roles(chart), strict=True):
        color = pen.color(role)
        points = [
            None if value is None else (axes.category(index), axes.value(value))
            for index, value in enumerate(series.values)
        ]
        for run in _runs(points):
            yield Line(tuple(run), color, _LINE_POINTS)
        for point in points:
            if point is not None:
                yield Fill(_disc(point, _MARKER_POINTS + 1), pen.color(Role.BACKGROUND))
                yield Fill(_disc(point, _MARKER_POINTS), color)
        if chart.value_labels:
            yield from _above(pen, series.values, points)


def _above(
    pen: _Pen, values: tuple[float | None, ...], points: list[Point | None]
) -> Iterator[Shape]:
    for value, point in zip(values, points, strict=True):
        if value is not None and point is not None:
            at = (point[0], pen.baseline(point[1] - pen.line - _PAD))
            yield pen.words(pen.label(value), at, Role.TEXT, "middle")


def _runs(points: list[Point | None]) -> Iterator[list[Point]]:
    """Cut a line where values are missing; a point alone is no line."""
    run: list[Point] = []
    for point in (*points, None):
        if point is not None:
            run.append(point)
            continue
        if len(run) > 1:
            yield run
        run = []


def _disc(center: Point, radius: float) -> tuple[Point, ...]:
    return _arc(center, radius, 0.0, 360.0 * (1 - 1 / _MARKER_CORNERS), _MARKER_CORNERS - 1)


def _arc(center: Point, radius: float, start: float, end: float, pieces: int) -> tuple[Point, ...]:
    """Return points on a circle, in degrees clockwise from the top."""
    angles = (math.radians(start + (end - start) * piece / pieces) for piece in range(pieces + 1))
    x, y = center
    return tuple(
        (round(x + radius * math.sin(angle), 3), round(y - radius * math.cos(angle), 3))
        for angle in angles
    )


def _pie(pen: _Pen, area: Area) -> Iterator[Shape]:
    """Draw slices clockwise from the top, their shares outside, their names at the right."""
    chart = pen.chart
    values = [value or 0.0 for value in chart.series[0].values]
    total = sum(values)
    side = min(area.width * _PIE_SHARE, area.height)
    radius = side / 2 - pen.line * 1.5
    legend = max(_legend_width(pen, name) for name in chart.categories)
    left = area.left + max(0.0, (area.width - side - 3 * _PAD - legend) / 2)
    center = (left + side / 2, area.top + area.height / 2)
    angle, decimals = 0.0, share_decimals(values)
    for value, role in zip(values, mark_roles(chart), strict=True):
        if value <= 0:
            continue
        end = angle + 360.0 * value / total
        yield from _slice(pen, center, radius, angle, end, role)
        middle = math.radians((angle + end) / 2)
        share = f"{value / total:.{decimals}%}"
        aside = radius + _PAD + pen.width(share, bold=True) / 2
        at = (
            center[0] + aside * math.sin(middle),
            pen.middle(center[1] - (radius + pen.line * 0.7) * math.cos(middle)),
        )
        yield pen.words(share, at, Role.TEXT, "middle", bold=True)
        angle = end
    top = center[1] - len(values) * pen.line * 0.75
    for number, (name, role) in enumerate(zip(chart.categories, mark_roles(chart), strict=True)):
        yield from _key(pen, name, role, left + side + 3 * _PAD, top + number * pen.line * 1.5)


def _slice(
    pen: _Pen, center: Point, radius: float, start: float, end: float, role: Role
) -> Iterator[Shape]:
    pieces = max(1, math.ceil((end - start) / _DEGREES_PER_CORNER))
    rim = _arc(center, radius, start, end, pieces)
    yield Fill((center, *rim), pen.color(role))
    edge = Line((rim[0], center), pen.color(Role.BACKGROUND), 1.5)
    yield edge
    yield replace(edge, points=(center, rim[-1]))
