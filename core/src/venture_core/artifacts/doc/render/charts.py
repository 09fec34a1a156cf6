"""Native charts of a text, which a word processor can edit and restyle."""

from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr

from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part

from venture_core.artifacts.packaging.opc import DEFAULT_TYPES, RELATIONSHIPS

if TYPE_CHECKING:
    from venture_core.artifacts.colors import ColorScheme
    from venture_core.artifacts.doc.plan.model import PlannedBlock

EMU_PER_TWIP = 635
_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006"


def drawing_id(planned: PlannedBlock) -> int:
    """Return the number of a drawing within the text; the logos of heads have the first two."""
    return planned.index + 3


def add_chart(part: Any, scheme: ColorScheme, planned: PlannedBlock) -> str:  # noqa: ANN401
    """Add a chart and its workbook to the package of the text, and return its drawing.

    Its colours are those of the theme, so that a word processor can restyle it.
    """
    from venture_core.artifacts.deck.render.alone import chart_alone

    element, number = planned.chart, drawing_id(planned)
    if element is None:
        raise AssertionError("only charts come here")
    xml, workbook = chart_alone(element, scheme)
    package = part.package
    book = Part(
        PackURI(f"/word/embeddings/chart{number}.xlsx"), DEFAULT_TYPES["xlsx"], workbook, package
    )
    made = Part(PackURI(f"/word/charts/chart{number}.xml"), CONTENT_TYPE.DML_CHART, xml, package)
    made.relate_to(book, RELATIONSHIP_TYPE.PACKAGE)
    reference = part.relate_to(made, RELATIONSHIP_TYPE.CHART)
    width, height = (side * EMU_PER_TWIP for side in planned.size)
    return (
        f'<w:drawing><wp:inline xmlns:wp="{_DRAWING}/wordprocessingDrawing" distT="0" distB="0" '
        f'distL="0" distR="0"><wp:extent cx="{width}" cy="{height}"/>'
        f'<wp:docPr id="{number}" name="Chart {number}" descr={quoteattr(element.alt_text)}/>'
        f'<wp:cNvGraphicFramePr/><a:graphic xmlns:a="{_DRAWING}/main">'
        f'<a:graphicData uri="{_DRAWING}/chart"><c:chart xmlns:c="{_DRAWING}/chart" '
        f'xmlns:r="{RELATIONSHIPS}" r:id="{reference}"/></a:graphicData></a:graphic>'
        "</wp:inline></w:drawing>"
    )
