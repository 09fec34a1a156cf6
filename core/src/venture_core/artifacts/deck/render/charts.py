"""Native charts: editable in the presentation program, coloured by the theme."""

from typing import TYPE_CHECKING

from pptx.enum.chart import (
    XL_CHART_TYPE,
    XL_LABEL_POSITION,
    XL_LEGEND_POSITION,
    XL_MARKER_STYLE,
    XL_TICK_LABEL_POSITION,
    XL_TICK_MARK,
)
from pptx.oxml import parse_xml
from pptx.util import Pt

from venture_core.artifacts.colors import SERIES_ROLES, ColorScheme, Role
from venture_core.artifacts.deck.plan.charts import label_role, mark_roles
from venture_core.artifacts.deck.render.colors import THEME_COLORS
from venture_core.artifacts.deck.render.markup import CHART, DRAWING, fill
from venture_core.artifacts.deck.render.workbook import ChartData
from venture_core.artifacts.numbers import number_code, share_decimals, step_of

if TYPE_CHECKING:
    from venture_core.artifacts.deck.plan.model import ChartElement
    from venture_core.artifacts.deck.render.native import Native
    from venture_core.artifacts.ir.charts import Chart

_TYPES = {
    ("bar", "vertical", False): XL_CHART_TYPE.COLUMN_CLUSTERED,
    ("bar", "vertical", True): XL_CHART_TYPE.COLUMN_STACKED,
    ("bar", "horizontal", False): XL_CHART_TYPE.BAR_CLUSTERED,
    ("bar", "horizontal", True): XL_CHART_TYPE.BAR_STACKED,
    ("line", "vertical", False): XL_CHART_TYPE.LINE_MARKERS,
    ("pie", "vertical", False): XL_CHART_TYPE.PIE,
}
_GRID_OPACITY = 0.25
_GRID_EMU = 6350
_LINE_POINTS = 2.75
_MARKER_POINTS = 7
_GAP_PERCENT = 60
_OVERLAP_STACKED, _OVERLAP_CLUSTERED = 100, -8


def chart_type(chart: Chart) -> XL_CHART_TYPE:
    """Name the chart type as python-pptx does."""
    return _TYPES[chart.type, chart.direction, chart.stacked]


def chart_data(chart: Chart) -> ChartData:
    """Collect the data for the chart's XML and its workbook."""
    return ChartData(chart, number_code(chart.form))


def style_chart(
    native: Native, element: ChartElement, scheme: ColorScheme, *, right: bool = False
) -> None:
    """Give a fresh chart its fonts, colours, axes, labels and legend.

    `right` has it begin at the right, for languages that are read from there.
    """
    chart = element.chart
    native.font.size = Pt(element.label_size)
    native.font.color.theme_color = THEME_COLORS[Role.TEXT]
    native.has_title = False
    _small_axis_ids(native)
    _legend(native, element)
    plot = native.plots[0]
    match chart.type:
        case "pie":
            _pie(plot, element)
        case "line":
            _lines(plot)
            _axes(native, element, right=right)
        case "bar":
            _bars(plot, chart)
            _axes(native, element, right=right)
    if chart.value_labels and chart.type != "pie":
        _value_labels(plot, element, scheme)


def _small_axis_ids(native: Native) -> None:
    """Give the axes ids from 1 up: those of python-pptx are negative, which the schema forbids."""
    numbers: dict[str, str] = {}
    for element in native._chartSpace.iter(f"{{{CHART}}}axId", f"{{{CHART}}}crossAx"):
        number = numbers.setdefault(element.get("val"), str(len(numbers) + 1))
        element.set("val", number)


def _legend(native: Native, element: ChartElement) -> None:
    native.has_legend = element.legend
    if element.legend:
        pie = element.chart.type == "pie"
        native.legend.position = XL_LEGEND_POSITION.RIGHT if pie else XL_LEGEND_POSITION.TOP
        native.legend.include_in_layout = False


def _paint(format_: Native, role: Role) -> None:
    format_.fill.solid()
    format_.fill.fore_color.theme_color = THEME_COLORS[role]


def _pie(plot: Native, element: ChartElement) -> None:
    series = plot.series[0]
    for index, role in enumerate(mark_roles(element.chart)):
        point = series.points[index].format
        _paint(point, role)
        point.line.width = Pt(1.5)
        point.line.color.theme_color = THEME_COLORS[Role.BACKGROUND]
    plot.has_data_labels = True
    labels = plot.data_labels
    labels.show_percentage = True
    labels.show_value = False
    decimals = share_decimals(element.chart.values)
    code = f"0.{'0' * decimals}%" if decimals else "0%"
    labels.number_format, labels.number_format_is_linked = code, False
    labels.position = XL_LABEL_POSITION.OUTSIDE_END
    labels.font.size = Pt(element.label_size)
    labels.font.bold = True


def _lines(plot: Native) -> None:
    for series, role in zip(plot.series, SERIES_ROLES, strict=False):
        series.smooth = False
        series.format.line.width = Pt(_LINE_POINTS)
        series.format.line.color.theme_color = THEME_COLORS[role]
        series.marker.style = XL_MARKER_STYLE.CIRCLE
        series.marker.size = _MARKER_POINTS
        _paint(series.marker.format, role)
        series.marker.format.line.color.theme_color = THEME_COLORS[Role.BACKGROUND]


def _bars(plot: Native, chart: Chart) -> None:
    plot.gap_width = _GAP_PERCENT
    plot.overlap = _OVERLAP_STACKED if chart.stacked else _OVERLAP_CLUSTERED
    for series, role in zip(plot.series, SERIES_ROLES, strict=False):
        _paint(series.format, role)
        series.invert_if_negative = False


def _axes(native: Native, element: ChartElement, *, right: bool) -> None:
    """Frame the marks quietly: light grid lines, no value axis line, labels outside."""
    chart = element.chart
    values, categories = native.value_axis, native.category_axis
    labelled = chart.type == "bar" and chart.value_labels and not chart.stacked
    values.has_major_gridlines = not labelled
    if labelled:
        # Every bar says its value: a scale beside them would only repeat it.
        values.tick_label_position = XL_TICK_LABEL_POSITION.NONE
    else:
        values.major_gridlines.format.line.width = _GRID_EMU
        _replace_line(values.major_gridlines.format.line, Role.MUTED, _GRID_OPACITY)
    values.format.line.fill.background()
    values.major_tick_mark = values.minor_tick_mark = XL_TICK_MARK.NONE
    if step := step_of(chart.form, chart.values):
        values.major_unit = step
        values.maximum_scale = step if not any(chart.values) else None
    labels = values.tick_labels
    labels.number_format, labels.number_format_is_linked = number_code(chart.form), False
    categories.major_tick_mark = categories.minor_tick_mark = XL_TICK_MARK.NONE
    categories.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    categories.format.line.width = _GRID_EMU * 2
    categories.format.line.color.theme_color = THEME_COLORS[Role.MUTED]
    if right:
        turned = values if chart.direction == "horizontal" else categories
        turned.reverse_order = True
    if chart.direction == "horizontal":
        # Bars are listed from the top, as the document lists them.
        categories.reverse_order = True
        if not labelled:
            values.tick_label_position = XL_TICK_LABEL_POSITION.HIGH
    if chart.axis_title.strip():
        values.has_title = True
        frame = values.axis_title.text_frame
        frame.text = chart.axis_title
        font = frame.paragraphs[0].runs[0].font
        font.size, font.bold = Pt(element.label_size), False
        font.color.theme_color = THEME_COLORS[Role.TEXT]


def _replace_line(line: Native, role: Role, opacity: float) -> None:
    line.color.theme_color = THEME_COLORS[role]
    paint = parse_xml(
        fill(role, opacity).replace("<a:solidFill", f'<a:solidFill xmlns:a="{DRAWING}"')
    )
    properties = line._ln
    properties.replace(properties.solidFill, paint)


def _value_labels(plot: Native, element: ChartElement, scheme: ColorScheme) -> None:
    chart = element.chart
    code = number_code(chart.form)
    for index, (series, role) in enumerate(zip(plot.series, SERIES_ROLES, strict=False)):
        labels = series.data_labels
        _hide_labels(labels, [at for of, at in sorted(element.hidden_labels) if of == index])
        labels.show_value = True
        labels.number_format, labels.number_format_is_linked = code, False
        labels.font.size = Pt(element.label_size)
        ink = label_role(role, scheme) if chart.stacked else Role.TEXT
        labels.font.color.theme_color = THEME_COLORS[ink]
        if chart.type == "line":
            labels.position = XL_LABEL_POSITION.ABOVE
        elif chart.stacked:
            labels.position = XL_LABEL_POSITION.CENTER
        else:
            labels.position = XL_LABEL_POSITION.OUTSIDE_END


def _hide_labels(labels: Native, points: list[int]) -> None:
    """Take the labels of these points away."""
    for at, point in enumerate(points):
        hidden = f'<c:dLbl xmlns:c="{CHART}"><c:idx val="{point}"/><c:delete val="1"/></c:dLbl>'
        labels._element.insert(at, parse_xml(hidden))
