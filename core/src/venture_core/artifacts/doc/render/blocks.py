"""The words of a text: each block as WordprocessingML."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from venture_core.artifacts.doc.ir.blocks import (
    CodeBlock,
    Figure,
    Heading,
    ListBlock,
    Note,
    PageBreak,
    Paragraph,
    Quote,
    TableBlock,
)
from venture_core.artifacts.doc.plan.model import CONTENTS_LEVELS
from venture_core.artifacts.doc.render.markup import attribute, field, paragraph, run
from venture_core.artifacts.ir.charts import ChartBlock
from venture_core.artifacts.ir.text import runs_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from venture_core.artifacts.doc.ir.blocks import Item, Item2, Item3
    from venture_core.artifacts.doc.plan.model import DocPlan, PlannedBlock
    from venture_core.artifacts.ir.text import Run

_LOOK, _LOOK_WITH_TOTAL = "0420", "0460"
"""First row, bands of rows, and perhaps the last row."""


@dataclass(slots=True)
class Writer:
    """Writes the blocks in their order, and counts the notes that they call for."""

    plan: DocPlan
    link_id: Callable[[str], str]
    """Gives the id of the relationship that leads to an address."""
    picture: Callable[[PlannedBlock, Figure], str]
    """Gives the drawing of a figure."""
    chart: Callable[[PlannedBlock], str]
    """Gives the drawing of a chart."""
    notes: int = 0

    def opening(self) -> Iterator[str]:
        """Write the title, who wrote it and when, and the contents."""
        spec = self.plan.spec
        yield paragraph("Title", run(spec.title))
        if spec.subtitle.strip():
            yield paragraph("Subtitle", run(spec.subtitle))
        byline = self.plan.byline
        yield paragraph("Byline", run(byline) if byline else "")
        if spec.contents:
            yield from self._contents()

    def block(self, planned: PlannedBlock) -> Iterator[str]:
        """Write a block."""
        block = planned.block
        match block:
            case Heading():
                mark = _bookmark(planned.index, planned.anchor, run(block.text))
                yield paragraph(f"Heading{block.level}", mark)
            case Paragraph():
                yield paragraph(
                    "Lead" if block.style == "lead" else "Normal", self._runs(block.text)
                )
            case ListBlock():
                number = planned.number + 1
                yield from self._items(block.items, number, 0)
            case TableBlock():
                yield from self._table(block, planned)
            case Figure() | ChartBlock():
                drawing = (
                    self.picture(planned, block)
                    if isinstance(block, Figure)
                    else self.chart(planned)
                )
                keep = "<w:keepNext/>" if block.caption.strip() else ""
                yield paragraph("Normal", f"<w:r>{drawing}</w:r>", keep)
                yield from self._caption("Caption", 0, planned.number, block.caption)
            case Quote():
                keep = "<w:keepNext/>" if block.author.strip() else ""
                yield paragraph("Quote", run(block.text), keep)
                if block.author.strip():
                    yield paragraph("QuoteAuthor", run(f"\u2014 {block.author}"))
            case CodeBlock():
                yield paragraph("Code", _lines(block.text))
            case Note():
                yield paragraph("Note", self._runs(block.text))
            case PageBreak():
                yield '<w:p><w:r><w:br w:type="page"/></w:r></w:p>'

    def _runs(self, text: str | tuple[Run, ...]) -> str:
        return "".join(self._run(each) for each in runs_of(text))

    def _run(self, each: Run) -> str:
        # In the order in which the schema lists them.
        properties = '<w:rStyle w:val="Hyperlink"/>' if each.link else ""
        if each.code:
            properties = properties or '<w:rStyle w:val="CodeText"/>'
        properties += "<w:b/><w:bCs/>" if each.bold else ""
        properties += "<w:i/><w:iCs/>" if each.italic else ""
        written = run(each.text, properties)
        if each.link and each.link.startswith("#"):
            written = f'<w:hyperlink w:anchor="h-{each.link[1:]}">{written}</w:hyperlink>'
        elif each.link:
            written = f'<w:hyperlink r:id="{self.link_id(each.link)}">{written}</w:hyperlink>'
        if each.cite:
            self.notes += 1
            written += (
                '<w:r><w:rPr><w:rStyle w:val="FootnoteReference"/></w:rPr>'
                f'<w:footnoteReference w:id="{self.notes}"/></w:r>'
            )
        return written

    def _items(
        self, items: Sequence[Item | Item2 | Item3], number: int, level: int
    ) -> Iterator[str]:
        place = f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>'
        for item in items:
            yield paragraph("ListParagraph", self._runs(item.text), place)
            yield from self._items(getattr(item, "items", ()), number, level + 1)

    def _table(self, table: TableBlock, planned: PlannedBlock) -> Iterator[str]:
        if table.caption.strip():
            yield from self._caption("TableCaption", 1, planned.number, table.caption)
        grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in planned.widths)
        bidi = "<w:bidiVisual/>" if self.plan.rtl else ""
        described = (
            f"<w:tblDescription w:val={attribute(table.alt_text)}/>" if table.alt_text else ""
        )
        cells = [
            (
                f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/></w:tcPr><w:p><w:pPr>'
                f'<w:pStyle w:val="TableText"/><w:jc w:val="{column.align}"/></w:pPr>'
            )
            for column, width in zip(table.columns, planned.widths, strict=True)
        ]
        rows = [_row(cells, [column.header for column in table.columns], head=True)]
        rows += [_row(cells, row) for row in table.rows]
        yield (
            '<w:tbl><w:tblPr><w:tblStyle w:val="VentureTable"/>'
            f'{bidi}<w:tblW w:w="{sum(planned.widths)}" w:type="dxa"/>'
            '<w:tblLayout w:type="fixed"/>'
            f'<w:tblLook w:val="{_LOOK_WITH_TOTAL if table.total_row else _LOOK}"'
            f' w:firstRow="1" w:lastRow="{int(table.total_row)}" w:firstColumn="0" '
            f'w:lastColumn="0" w:noHBand="0" w:noVBand="1"/>{described}</w:tblPr>'
            f"<w:tblGrid>{grid}</w:tblGrid>{''.join(rows)}</w:tbl>"
        )
        yield paragraph("Normal", "")

    def _caption(self, style: str, label: int, number: int, text: str) -> Iterator[str]:
        if text.strip():
            word = self.plan.labels[label]
            sequence = field(f"SEQ {('Figure', 'Table')[label]} \\* ARABIC", str(number))
            yield paragraph(style, run(f"{word} ") + sequence + run(f": {text}"))

    def _contents(self) -> Iterator[str]:
        """Write the contents as a field of links, which the word processor can make again."""
        headings = self.plan.contents
        if not headings:
            return
        yield paragraph("TOCHeading", run(self.plan.labels[2]))
        begin = (
            '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText xml:space="preserve">'
            f' TOC \\o "1-{CONTENTS_LEVELS}" \\n \\h \\z \\u </w:instrText></w:r>'
            '<w:r><w:fldChar w:fldCharType="separate"/></w:r>'
        )
        end = '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
        last = len(headings) - 1
        for at, (heading, anchor) in enumerate(headings):
            link = (
                f'<w:hyperlink w:anchor="{anchor}" w:history="1">{run(heading.text)}</w:hyperlink>'
            )
            content = (begin if at == 0 else "") + link + (end if at == last else "")
            yield paragraph(f"TOC{heading.level}", content)


def _bookmark(number: int, name: str, content: str) -> str:
    return (
        f'<w:bookmarkStart w:id="{number}" w:name="{name}"/>{content}'
        f'<w:bookmarkEnd w:id="{number}"/>'
    )


def _row(cells: list[str], texts: Sequence[str], *, head: bool = False) -> str:
    mark = "<w:tblHeader/>" if head else ""
    content = "".join(
        f"{cell}{run(text)}</w:p></w:tc>" for cell, text in zip(cells, texts, strict=True)
    )
    return f"<w:tr><w:trPr><w:cantSplit/>{mark}</w:trPr>{content}</w:tr>"


def _lines(text: str) -> str:
    return "<w:r><w:br/></w:r>".join(run(line) for line in text.split("\n"))
