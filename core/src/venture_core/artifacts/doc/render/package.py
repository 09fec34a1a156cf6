"""From the plan of a text to the bytes of a .docx file."""

import io
from functools import partial
from typing import TYPE_CHECKING, Any

import docx
from docx.opc.constants import RELATIONSHIP_TYPE

from venture_core.artifacts.doc.render.blocks import Writer
from venture_core.artifacts.doc.render.charts import EMU_PER_TWIP, add_chart, drawing_id
from venture_core.artifacts.doc.render.template import document_xml, template
from venture_core.artifacts.packaging.opc import DECLARATION, pack

if TYPE_CHECKING:
    from collections.abc import Mapping

    from venture_core.artifacts.doc.ir.blocks import Figure
    from venture_core.artifacts.doc.plan.model import DocPlan, PlannedBlock

_LOGO_EMU = 360_000
"""Height of the logo at the head of pages: a centimetre."""


def render_docx(plan: DocPlan, assets: Mapping[str, bytes]) -> bytes:
    """Write the text. `assets` holds every picture that the plan names."""
    native = docx.Document(io.BytesIO(template(plan)))
    part = native.part
    writer = Writer(
        plan,
        link_id=lambda url: part.relate_to(url, RELATIONSHIP_TYPE.HYPERLINK, is_external=True),
        picture=partial(_drawing, part, assets),
        chart=partial(add_chart, part, plan.scheme),
    )
    pieces = list(writer.opening())
    for planned in plan.blocks:
        pieces += writer.block(planned)
    _add_logo(native, plan, assets)
    # As objects of python-docx thousands of rows take many seconds, and nobody asks them anything.
    words = f"{DECLARATION}{document_xml(plan, ''.join(pieces))}".encode()
    return pack(part.package, links=True, written={"word/document.xml": words})


def _drawing(part: Any, assets: Mapping[str, bytes], planned: PlannedBlock, figure: Figure) -> str:  # noqa: ANN401
    from lxml import etree

    width, height = (side * EMU_PER_TWIP for side in planned.size)
    inline = part.new_pic_inline(io.BytesIO(assets[figure.image]), width, height)
    inline.docPr.id = drawing_id(planned)
    inline.docPr.set("name", f"Figure {drawing_id(planned)}")
    inline.docPr.set("descr", figure.alt_text)
    return f"<w:drawing>{etree.tostring(inline, encoding='unicode')}</w:drawing>"


def _add_logo(native: Any, plan: DocPlan, assets: Mapping[str, bytes]) -> None:  # noqa: ANN401
    """Put the logo before what the head of each page says."""
    logo = plan.spec.theme.logo
    if logo is None:
        return
    section = native.sections[0]
    for number, header in enumerate((section.header, section.first_page_header), start=1):
        paragraph = header.paragraphs[0]
        run = paragraph.insert_paragraph_before(style=paragraph.style).add_run()
        picture = run.add_picture(io.BytesIO(assets[logo]), height=_LOGO_EMU)
        picture._inline.docPr.id = number
        picture._inline.docPr.set("descr", "")
