"""A native chart by itself, for files that are no decks."""

import io
from typing import TYPE_CHECKING

from pptx.opc.package import OpcPackage
from pptx.oxml import parse_xml
from pptx.parts.chart import ChartPart

from venture_core.artifacts.deck.render.charts import chart_data, chart_type, style_chart
from venture_core.artifacts.deck.render.markup import CHART, DRAWING

if TYPE_CHECKING:
    from venture_core.artifacts.colors import ColorScheme
    from venture_core.artifacts.deck.plan.model import ChartElement
    from venture_core.artifacts.deck.render.native import Native

_NO_FRAME = (
    f'<c:spPr xmlns:c="{CHART}" xmlns:a="{DRAWING}"><a:noFill/><a:ln><a:noFill/></a:ln></c:spPr>'
)
"""Word processors put a frame around a chart that does not say it has none."""


def chart_alone(element: ChartElement, scheme: ColorScheme) -> tuple[bytes, bytes]:
    """Return the part of a chart, and the workbook with its data, which is its only relation."""
    package: Native = OpcPackage(io.BytesIO())
    data: Native = chart_data(element.chart)
    part = ChartPart.new(chart_type(element.chart), data, package)
    style_chart(part.chart, element, scheme)
    space = part.chart._chartSpace
    space.chart.addnext(parse_xml(_NO_FRAME))
    return part.blob, part.chart_workbook.xlsx_part.blob
