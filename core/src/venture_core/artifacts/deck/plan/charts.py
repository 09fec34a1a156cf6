"""Planning a chart: the size of its labels, its legend, and whether the labels find room."""

from itertools import pairwise
from typing import TYPE_CHECKING

from venture_core.artifacts.colors import SERIES_ROLES, Role
from venture_core.artifacts.deck.plan.model import ChartElement
from venture_core.artifacts.fonts.fitting import measure
from venture_core.artifacts.numbers import format_value, misleading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from venture_core.artifacts.colors import ColorScheme
    from venture_core.artifacts.deck.plan.geometry import Box
    from venture_core.artifacts.fonts.metrics import FontMetrics
    from venture_core.artifacts.ir.charts import Chart

SIZES = (14.0, 12.0, 11.0, 10.0)
PAGE_SIZES = (10.5, 10.0, 9.0)
"""Of labels on pages that are read from near."""
PAGE_HEIGHT = 230.0
"""Of a chart on such a page, in points."""

_AXIS_POINTS = 60.0
_MAX_LABEL_LINES = 3
_SIDE_LABEL_SHARE = 0.3
_LEGEND_KEY_POINTS = 30.0
_LEGEND_ROWS = 2
_PIE_LEGEND_SHARE = 0.38
_LABEL_PAD = 1.2
_LABEL_AND_MARKER = 1.6
_PLOT_SHARE = 0.8
"""What legend and the round end of the scale leave of the plot's length."""


def has_data(chart: Chart) -> bool:
    """Say whether there is anything to draw: a value that is not null, for a pie one above zero."""
    values = [value for series in chart.series for value in series.values if value is not None]
    return any(value > 0 for value in values) if chart.type == "pie" else bool(values)


def plan_chart(
    chart: Chart, alt_text: str, box: Box, font: FontMetrics, sizes: tuple[float, ...] = SIZES
) -> ChartElement:
    """Choose one of `sizes` for a chart's labels in `box`, and say which find no room."""
    legend = chart.type == "pie" or len(chart.series) > 1
    for size in sizes:
        problems = tuple(_problems(chart, box, font, size))
        if not problems:
            break
    problems += tuple(_misleading(chart))
    hidden = frozenset(_thin_marks(chart, box, font, size)) if chart.stacked else frozenset()
    return ChartElement(chart, box, size, legend, hidden, alt_text.strip(), problems)


def label_role(series: Role, scheme: ColorScheme) -> Role:
    """Choose the colour for a label drawn on a mark: background or text, whichever stands out."""
    background = scheme.contrast(Role.BACKGROUND, series)
    return Role.BACKGROUND if background >= scheme.contrast(Role.TEXT, series) else Role.TEXT


def mark_roles(chart: Chart) -> tuple[Role, ...]:
    """Return the colours of the chart's marks: one a slice in a pie, else one a series."""
    count = len(chart.categories) if chart.type == "pie" else len(chart.series)
    return SERIES_ROLES[:count]


def _problems(chart: Chart, box: Box, font: FontMetrics, size: float) -> Iterator[tuple[str, str]]:
    if chart.type == "pie":
        yield from _pie_legend(chart, box, font, size)
        return
    yield from _category_labels(chart, box, font, size)
    yield from _legend(chart, box, font, size)
    if chart.value_labels:
        yield from _value_labels(chart, box, font, size)


def _misleading(chart: Chart) -> Iterator[tuple[str, str]]:
    if not chart.value_labels or chart.type == "pie":
        return
    if message := misleading(chart.form, chart.values):
        yield "chart.numberFormat", f"{message}; give it more decimals, or another scale"


def _slot_points(chart: Chart, box: Box) -> float:
    """Room along the category axis for each category."""
    length = box.width_points if chart.direction == "vertical" else box.height_points
    return (length - _AXIS_POINTS) / max(1, len(chart.categories))


def _category_labels(
    chart: Chart, box: Box, font: FontMetrics, size: float
) -> Iterator[tuple[str, str]]:
    slot = _slot_points(chart, box)
    if chart.direction == "vertical":
        width, lines = slot, _MAX_LABEL_LINES
        advice = "shorten it, or let the bars run horizontally"
    else:
        width, lines = box.width_points * _SIDE_LABEL_SHARE, int(slot / (size * font.line_em))
        advice = "shorten it, or show fewer categories"
    for index, label in enumerate(chart.categories):
        text = measure(label, font, bold=False)
        if text.widest_em * size > width or text.lines(width / size) > lines:
            yield (
                f"chart.categories[{index}]",
                f"the label finds no room along the axis at {size:g} pt; {advice}",
            )


def _legend(chart: Chart, box: Box, font: FontMetrics, size: float) -> Iterator[tuple[str, str]]:
    if len(chart.series) < 2:  # noqa: PLR2004 - one series has no legend
        return
    needed = sum(
        font.width_em(series.name, bold=False) * size + _LEGEND_KEY_POINTS
        for series in chart.series
    )
    if needed > _LEGEND_ROWS * box.width_points:
        yield "chart.series", f"the legend takes more than two lines at {size:g} pt"


def _pie_legend(
    chart: Chart, box: Box, font: FontMetrics, size: float
) -> Iterator[tuple[str, str]]:
    room = box.width_points * _PIE_LEGEND_SHARE - _LEGEND_KEY_POINTS
    for index, label in enumerate(chart.categories):
        if font.width_em(label, bold=False) * size > room:
            yield (
                f"chart.categories[{index}]",
                f"the label finds no room in the legend at {size:g} pt",
            )


def _value_labels(
    chart: Chart, box: Box, font: FontMetrics, size: float
) -> Iterator[tuple[str, str]]:
    """Labels beside or above marks must not run into the next mark's label."""
    form = chart.form
    labels = [
        format_value(value, form)
        for series in chart.series
        for value in series.values
        if value is not None
    ]
    widest = max((font.width_em(label, bold=False) * size for label in labels), default=0.0)
    slot = _slot_points(chart, box)
    side_by_side = len(chart.series) if chart.type == "bar" and not chart.stacked else 1
    needed = widest if chart.direction == "vertical" else size * font.line_em
    crowded = needed * side_by_side > slot
    if crowded or (chart.type == "line" and _lines_too_close(chart, box, size * font.line_em)):
        yield (
            "chart.valueLabels",
            f"the labels run into each other at {size:g} pt; show fewer values or none",
        )


def _lines_too_close(chart: Chart, box: Box, label_points: float) -> bool:
    """Say whether two lines come so near each other that their labels touch."""
    columns = [
        sorted(value for value in column if value is not None)
        for column in zip(*(series.values for series in chart.series), strict=True)
    ]
    values = [value for column in columns for value in column]
    span = max(0.0, *values) - min(0.0, *values)
    plot = (box.height_points - _AXIS_POINTS) * _PLOT_SHARE
    return any(
        (upper - lower) * plot < label_points * _LABEL_AND_MARKER * span
        for column in columns
        for lower, upper in pairwise(column)
    )


def _thin_marks(
    chart: Chart, box: Box, font: FontMetrics, size: float
) -> Iterator[tuple[int, int]]:
    """Find the stacked marks that are shorter than their label, which then stays away."""
    columns = list(zip(*(series.values for series in chart.series), strict=True))
    span = max(
        sum(value for value in column if value is not None and value > 0)
        - sum(value for value in column if value is not None and value < 0)
        for column in columns
    )
    length = box.height_points if chart.direction == "vertical" else box.width_points
    form = chart.form
    for series_index, series in enumerate(chart.series):
        for index, value in enumerate(series.values):
            if value is None:
                continue
            label = format_value(value, form)
            along = font.width_em(label, bold=False) * _LABEL_PAD
            needed = size * (font.line_em if chart.direction == "vertical" else along)
            room = abs(value) / span * (length - _AXIS_POINTS) * _PLOT_SHARE if span else 0.0
            if room < needed:
                yield series_index, index
