"""Filling slides: each planned element goes into its placeholder, the unused ones go away."""

import io
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from pptx.oxml import parse_xml
from pptx.util import Emu, Pt

from venture_core.artifacts.deck.plan.layouts import BODY, level_size, space_before
from venture_core.artifacts.deck.plan.model import (
    ChartElement,
    DeckPlan,
    PictureElement,
    SlidePlan,
    TableElement,
    TextElement,
)
from venture_core.artifacts.deck.plan.tables import CELL_END, CELL_SIDE
from venture_core.artifacts.deck.render.colors import THEME_COLORS
from venture_core.artifacts.deck.render.markup import NAMESPACES
from venture_core.artifacts.deck.render.tablestyle import STYLE_ID
from venture_core.artifacts.deck.render.template import FOOTER_IDX, NUMBER_IDX, SLIDE_NUMBER_FIELD
from venture_core.artifacts.fonts.bidi import direction_of
from venture_core.artifacts.ir.values import right_to_left
from venture_core.artifacts.officetext import parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from venture_core.artifacts.deck.plan.geometry import Box
    from venture_core.artifacts.deck.plan.model import Element, Paragraph
    from venture_core.artifacts.deck.render.native import Native


def fill_slide(
    slide: Native,
    plan: SlidePlan,
    deck: DeckPlan,
    assets: Mapping[str, bytes],
) -> None:
    """Fill a fresh slide of the plan's layout."""
    holders = {holder.placeholder_format.idx: holder for holder in slide.placeholders}
    for element in plan.elements:
        idx = element.idx if isinstance(element, TextElement) else BODY
        _place(holders.pop(idx), element, deck, assets)
    for unused in holders.values():
        unused.element.getparent().remove(unused.element)
    _footer(slide, plan, deck)
    if plan.notes.strip():
        slide.notes_slide.notes_text_frame.text = plan.notes


def _place(
    holder: Native,
    element: Element,
    deck: DeckPlan,
    assets: Mapping[str, bytes],
) -> None:
    match element:
        case TextElement():
            _write_text(holder.text_frame, element, deck.spec.language)
        case TableElement():
            _insert_table(holder, element, deck.spec.language)
        case ChartElement():
            _insert_chart(holder, element, deck)
        case PictureElement():
            _insert_picture(holder, element, assets[element.asset])


def _write_text(frame: Native, element: TextElement, language: str) -> None:
    for index, paragraph in enumerate(element.paragraphs):
        target = frame.paragraphs[0] if index == 0 else frame.add_paragraph()
        _write_paragraph(target, paragraph, element, language)


def _write_paragraph(
    target: Native,
    paragraph: Paragraph,
    element: TextElement,
    language: str,
) -> None:
    """Write one paragraph; only what differs from the layout is set on it."""
    style, level = element.style, paragraph.level
    if style.bullets and level:
        target.level = level
    resized = element.size != style.sizes[0]
    if resized and style.bullets:
        target.space_before = Pt(space_before(element.size, level))
    right = right_to_left(language)
    if (direction_of(paragraph.text, "rtl" if right else "ltr") == "rtl") is not right:
        target._p.get_or_add_pPr().set("rtl", str(int(not right)))
    for run in _runs(target, paragraph.text, language):
        if resized:
            size = level_size(element.size, level) if style.bullets else element.size
            run.font.size = Pt(size)
        if paragraph.bold and not style.bold:
            run.font.bold = True
        if paragraph.color is not None:
            run.font.fill.solid()
            run.font.fill.fore_color.theme_color = THEME_COLORS[paragraph.color]


def _runs(target: Native, text: str, language: str) -> Iterator[Native]:
    """Add a text to a paragraph: a run for each language that it is written in."""
    for part in parts(text, language):
        run = target.add_run()
        run.text = part.text
        run._r.get_or_add_rPr().set("lang", part.language)
        yield run


def _insert_table(holder: Native, element: TableElement, language: str) -> None:
    frame = holder.insert_table(len(element.rows), len(element.columns))
    _stand(frame, element.box)
    _describe(frame, element.alt_text)
    table = frame.table
    properties = table._tbl.tblPr
    properties.find("{*}tableStyleId").text = STYLE_ID
    table.last_row = element.total_row
    for column, planned in zip(table.columns, element.columns, strict=True):
        column.width = Emu(planned.width)
    for row, height, cells in zip(table.rows, element.row_heights, element.rows, strict=True):
        row.height = Emu(height)
        for cell, text, column in zip(row.cells, cells, element.columns, strict=True):
            _write_cell(cell, text, element.size, column.align, language)


def _write_cell(
    cell: Native,
    text: str,
    size: float,
    align: str,
    language: str,
) -> None:
    cell.margin_left = cell.margin_right = Emu(CELL_SIDE)
    cell.margin_top = cell.margin_bottom = Emu(CELL_END)
    cell._tc.get_or_add_tcPr().set("anchor", "ctr")
    paragraph = cell.text_frame.paragraphs[0]
    properties = paragraph._p.get_or_add_pPr()
    properties.set("algn", align)
    if direction_of(text, "rtl" if right_to_left(language) else "ltr") == "rtl":
        properties.set("rtl", "1")
    for run in _runs(paragraph, text, language):
        run.font.size = Pt(size)


def _insert_chart(holder: Native, element: ChartElement, deck: DeckPlan) -> None:
    # Imported here: XlsxWriter costs 0.1 s that a deck without charts need not pay.
    from venture_core.artifacts.deck.render.charts import chart_data, chart_type, style_chart

    frame = holder.insert_chart(chart_type(element.chart), chart_data(element.chart))
    _stand(frame, element.box)
    _describe(frame, element.alt_text)
    right = right_to_left(deck.spec.language)
    style_chart(frame.chart, element, deck.scheme, right=right)


def _insert_picture(holder: Native, element: PictureElement, data: bytes) -> None:
    picture = holder.insert_picture(io.BytesIO(data))
    _stand(picture, element.box)
    _describe(picture, element.alt_text)
    width, height = element.crop
    picture.crop_left = picture.crop_right = width / 2
    picture.crop_top = picture.crop_bottom = height / 2


def _stand(shape: Native, box: Box) -> None:
    shape.left, shape.top = Emu(box.left), Emu(box.top)
    shape.width, shape.height = Emu(box.width), Emu(box.height)


def _describe(shape: Native, alt_text: str) -> None:
    shape._element._nvXxPr.cNvPr.set("descr", alt_text)


def _footer(slide: Native, plan: SlidePlan, deck: DeckPlan) -> None:
    """Add the footer placeholders, which python-pptx leaves out of new slides."""
    footer = deck.spec.footer
    if not plan.layout.footer:
        return
    language = f'<a:rPr lang="{deck.spec.language}"/>'
    if footer.text.strip():
        content = "".join(
            f'<a:r><a:rPr lang="{part.language}"/><a:t>{escape(part.text)}</a:t></a:r>'
            for part in parts(footer.text, deck.spec.language)
        )
        _add_footer(slide, "ftr", FOOTER_IDX, "Footer", content)
    if footer.slide_numbers:
        content = (
            f'<a:fld id="{SLIDE_NUMBER_FIELD}" type="slidenum">{language}'
            f"<a:t>{plan.number}</a:t></a:fld>"
        )
        _add_footer(slide, "sldNum", NUMBER_IDX, "Slide number", content)


def _add_footer(slide: Native, kind: str, idx: int, name: str, content: str) -> None:
    tree = slide.shapes._spTree
    shape_id = tree.max_shape_id + 1
    tree.append(
        parse_xml(
            f'<p:sp {NAMESPACES}><p:nvSpPr><p:cNvPr id="{shape_id}" name="{name}"/>'
            '<p:cNvSpPr><a:spLocks noGrp="1"/></p:cNvSpPr>'
            f'<p:nvPr><p:ph type="{kind}" sz="quarter" idx="{idx}"/></p:nvPr></p:nvSpPr><p:spPr/>'
            f"<p:txBody><a:bodyPr/><a:lstStyle/><a:p>{content}</a:p></p:txBody></p:sp>"
        )
    )
