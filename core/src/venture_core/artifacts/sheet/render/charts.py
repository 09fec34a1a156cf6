"""Charts beside the cells, which read them."""

from typing import TYPE_CHECKING

from openpyxl.chart import BarChart, LineChart, PieChart, Reference
from openpyxl.chart.label import DataLabelList
from openpyxl.chart.series import DataPoint
from openpyxl.utils import get_column_letter

from venture_core.artifacts.colors import SERIES_ROLES
from venture_core.artifacts.numbers import number_code
from venture_core.artifacts.sheet.plan.model import FIRST_ROW

if TYPE_CHECKING:
    from venture_core.artifacts.colors import ColorScheme
    from venture_core.artifacts.sheet.ir.document import SheetChart
    from venture_core.artifacts.sheet.plan.model import PlannedSheet
    from venture_core.artifacts.sheet.render.native import Native

_WIDTH_CM, _HEIGHT_CM = 16.0, 8.5
_ROWS_APART = 19
_MOST_SLICES = 60
"""More than these have the colours that the viewer gives them."""
_LINE_EMU = 28_575
_DATE_TICKS = "yyyy-mm"
_TYPES = {"bar": BarChart, "line": LineChart, "pie": PieChart}


def add_charts(native: Native, planned: PlannedSheet, scheme: ColorScheme) -> None:
    """Put the charts of a sheet to the right of its columns, below each other."""
    column = get_column_letter(len(planned.sheet.columns) + 2)
    for index, chart in enumerate(planned.sheet.charts):
        made = _chart(native, planned, chart, scheme)
        native.add_chart(made, f"{column}{FIRST_ROW + index * _ROWS_APART}")


def _chart(native: Native, planned: PlannedSheet, chart: SheetChart, scheme: ColorScheme) -> Native:
    columns = {column.name: at for at, column in enumerate(planned.sheet.columns, start=1)}
    made = _TYPES[chart.type]()
    made.title, made.width, made.height = chart.title, _WIDTH_CM, _HEIGHT_CM
    last = planned.last_row
    for name in chart.series:
        at = columns[name]
        values = Reference(native, min_col=at, min_row=FIRST_ROW - 1, max_row=last)
        made.add_data(values, titles_from_data=True)
    at = columns[chart.categories]
    made.set_categories(Reference(native, min_col=at, min_row=FIRST_ROW, max_row=last))
    colors = [scheme.values[role] for role in SERIES_ROLES]
    if chart.type == "pie":
        _color_slices(made, len(planned.rows), colors)
        return made
    made.y_axis.number_format = number_code(
        planned.sheet.columns[columns[chart.series[0]] - 1].format
    )
    if planned.sheet.columns[at - 1].type == "date":
        made.x_axis.number_format = _DATE_TICKS
    made.x_axis.tickLblPos = "low"
    made.x_axis.delete = made.y_axis.delete = False
    for series, color in zip(made.series, colors, strict=False):
        if chart.type == "line":
            series.graphicalProperties.line.solidFill = color
            series.graphicalProperties.line.width = _LINE_EMU
            series.smooth = False
        else:
            series.graphicalProperties.solidFill = color
    if len(chart.series) > 1:
        made.legend.position = "b"
    else:
        made.legend = None
    return made


def _color_slices(made: Native, count: int, colors: list[str]) -> None:
    series = made.series[0]
    for index in range(min(count, _MOST_SLICES)):
        point = DataPoint(idx=index)
        point.graphicalProperties.solidFill = colors[index % len(colors)]
        series.dPt.append(point)
    made.dataLabels = DataLabelList()
    made.dataLabels.showPercent = True
    made.legend.position = "r"
