"""The words of a text as HTML: a tree, in which nothing that people wrote is markup."""

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
from venture_core.artifacts.doc.plan.model import POINTS
from venture_core.artifacts.drawing.charts import chart_shapes
from venture_core.artifacts.drawing.scene import Scene
from venture_core.artifacts.drawing.svg import write_svg
from venture_core.artifacts.fonts.metrics import load_metrics
from venture_core.artifacts.ir.charts import ChartBlock
from venture_core.artifacts.ir.text import runs_of
from venture_core.artifacts.paged.markup import add, asset_url, document_head, node

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from xml.etree.ElementTree import Element

    from venture_core.artifacts.doc.ir.blocks import Item, Item2, Item3
    from venture_core.artifacts.doc.plan.model import DocPlan, PlannedBlock
    from venture_core.artifacts.ir.text import Run, Source
    from venture_core.artifacts.paged.markup import Child


def page(plan: DocPlan) -> Element:
    """Return the whole text."""
    spec = plan.spec
    writer = _Writer(plan)
    body = node("body", None, *writer.running(), *writer.opening())
    for planned in plan.blocks:
        add(body, writer.block(planned))
    direction = "rtl" if plan.rtl else "ltr"
    return node("html", {"lang": spec.language, "dir": direction}, document_head(spec), body)


def charts(plan: DocPlan) -> dict[str, bytes]:
    """Return the charts of the text as SVG, by the names under which the page has them."""
    font = load_metrics(plan.spec.theme.fonts.body)
    drawn: dict[str, bytes] = {}
    for planned in plan.blocks:
        if planned.chart is not None:
            width, height = (side / POINTS for side in planned.size)
            shapes = tuple(chart_shapes(planned.chart, plan.scheme, font))
            scene = Scene(width, height, None, shapes)
            drawn[chart_name(planned)] = write_svg(scene, plan.spec, planned.chart.alt_text, {})
    return drawn


def chart_name(planned: PlannedBlock) -> str:
    """Return the name of a chart among the assets, which have no such names."""
    return f"chart/{planned.index}"


class _Writer:
    """Writes the blocks in their order, and takes the notes that they call for."""

    def __init__(self, plan: DocPlan) -> None:
        self.plan = plan
        self._sources = {source.id: source for source in plan.spec.sources}

    def running(self) -> Iterator[Element]:
        """Write what stands at the head and foot of pages."""
        spec = self.plan.spec
        if spec.theme.logo is not None:
            logo = node("img", {"src": asset_url(spec.theme.logo), "alt": ""})
            yield node("div", {"class": "logo"}, logo)
        yield node("div", {"class": "header"}, spec.page.header.strip() or spec.title)
        if spec.page.footer.strip():
            yield node("div", {"class": "footer"}, spec.page.footer)

    def opening(self) -> Iterator[Element]:
        """Write the title, who wrote it and when, and the contents."""
        spec = self.plan.spec
        yield node("p", {"class": "title"}, spec.title)
        if spec.subtitle.strip():
            yield node("p", {"class": "subtitle"}, spec.subtitle)
        yield node("p", {"class": "byline"}, self.plan.byline)
        if spec.contents and self.plan.contents:
            lines = [
                node("li", {"class": f"level{heading.level}"}, _anchored(heading.text, anchor))
                for heading, anchor in self.plan.contents
            ]
            title = node("p", {"class": "contents"}, self.plan.labels[2])
            yield node("div", {"class": "contents"}, title, node("ul", None, *lines))

    def block(self, planned: PlannedBlock) -> Element:
        """Write a block."""
        block = planned.block
        match block:
            case Heading():
                made = node(f"h{block.level}", {"id": planned.anchor}, block.text)
            case Paragraph():
                made = node("p", {"class": block.style}, *self._runs(block.text))
            case ListBlock():
                made = self._list(block.items, "ol" if block.style == "numbers" else "ul")
            case TableBlock():
                made = self._table(block, planned)
            case Figure():
                made = self._figure(block, planned, block.image)
            case ChartBlock():
                made = self._figure(block, planned, chart_name(planned))
            case Quote():
                made = node("blockquote", None, node("p", None, block.text))
                if block.author.strip():
                    add(made, node("p", {"class": "author"}, f"\u2014 {block.author}"))
            case CodeBlock():
                # Parsers of HTML drop a line feed that a `pre` begins with.
                made = node("pre", None, f"\n{block.text}")
            case Note():
                made = node("p", {"class": "note"}, *self._runs(block.text))
            case PageBreak():
                made = node("div", {"class": "break"})
        return made

    def _runs(self, text: str | tuple[Run, ...]) -> Iterator[Child]:
        for run in runs_of(text):
            written: Child = run.text
            if run.code:
                written = node("code", None, written)
            if run.italic:
                written = node("em", None, written)
            if run.bold:
                written = node("strong", None, written)
            if run.link:
                target = f"#h-{run.link[1:]}" if run.link.startswith("#") else run.link
                written = node("a", {"href": target}, written)
            yield written
            if run.cite:
                yield node("span", {"class": "source"}, *_source(self._sources[run.cite]))

    def _list(self, items: Sequence[Item | Item2 | Item3], tag: str) -> Element:
        made = node(tag)
        for item in items:
            line = node("li", None, *self._runs(item.text))
            if below := getattr(item, "items", ()):
                add(line, self._list(below, tag))
            add(made, line)
        return made

    def _table(self, table: TableBlock, planned: PlannedBlock) -> Element:
        attributes = {"class": "total"} if table.total_row else {}
        if table.alt_text.strip():
            attributes["summary"] = table.alt_text
        made = node("table", attributes)
        if table.caption.strip():
            add(made, node("caption", None, *self._label(1, planned.number, table.caption)))
        for width in planned.widths:
            add(made, node("col", {"style": f"width: {width / POINTS:g}pt"}))
        aligned = [{"class": column.align} for column in table.columns]
        head = [
            node("th", {**look, "scope": "col"}, column.header)
            for column, look in zip(table.columns, aligned, strict=True)
        ]
        rows = [
            node("tr", None, *(node("td", *cell) for cell in zip(aligned, row, strict=True)))
            for row in table.rows
        ]
        add(made, node("thead", None, node("tr", None, *head)), node("tbody", None, *rows))
        return made

    def _figure(self, figure: Figure | ChartBlock, planned: PlannedBlock, name: str) -> Element:
        width, height = (side / POINTS for side in planned.size)
        style = f"width: {width:g}pt; height: {height:g}pt"
        source = asset_url(name)
        made = node(
            "figure", None, node("img", {"src": source, "alt": figure.alt_text, "style": style})
        )
        if figure.caption.strip():
            add(made, node("figcaption", None, *self._label(0, planned.number, figure.caption)))
        return made

    def _label(self, which: int, number: int, text: str) -> tuple[Child, ...]:
        return node("b", None, f"{self.plan.labels[which]} {number}:"), f" {text}"


def _anchored(text: str, anchor: str) -> Element:
    return node("a", {"href": f"#{anchor}"}, text)


def _source(source: Source) -> Iterator[Child]:
    yield source.text
    if source.link is not None and not source.link.startswith("#"):
        yield " "
        yield node("a", {"href": source.link}, source.link.removeprefix("mailto:"))
