"""From a document to the plan of its text."""

from dataclasses import replace
from typing import TYPE_CHECKING

from venture_core.artifacts.colors import color_scheme, on_paper
from venture_core.artifacts.deck.plan.charts import PAGE_HEIGHT, PAGE_SIZES, has_data, plan_chart
from venture_core.artifacts.deck.plan.geometry import Box, points
from venture_core.artifacts.doc.ir.blocks import Figure, Heading, ListBlock, TableBlock
from venture_core.artifacts.doc.ir.rules import texts
from venture_core.artifacts.doc.plan.model import POINTS, DocPlan, Paper, PlannedBlock
from venture_core.artifacts.doc.plan.tables import plan_columns
from venture_core.artifacts.fonts.metrics import load_metrics
from venture_core.artifacts.ir.charts import ChartBlock
from venture_core.artifacts.ir.text import runs_of
from venture_core.artifacts.ir.values import right_to_left

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from venture_core.artifacts.doc.ir import DocSpec
    from venture_core.artifacts.fonts.metrics import FontMetrics
    from venture_core.artifacts.images import ImageInfo
    from venture_core.artifacts.ir.text import Source

_PAPERS = {
    "A4": Paper(11906, 16838),
    "Letter": Paper(12240, 15840),
}
_CAPTION_ROOM = 60 * POINTS
_LABELS = {
    "de": ("Abbildung", "Tabelle", "Inhalt"),
    "en": ("Figure", "Table", "Contents"),
    "es": ("Figura", "Tabla", "Contenido"),
    "fr": ("Figure", "Tableau", "Sommaire"),
    "it": ("Figura", "Tabella", "Indice"),
    "nl": ("Figuur", "Tabel", "Inhoud"),
    "pt": ("Figura", "Tabela", "Conteúdo"),
    "ar": ("الشكل", "الجدول", "المحتويات"),
    "zh": ("图", "表", "目录"),
    "ja": ("図", "表", "目次"),
}
"""What captions and contents are called. Other languages have the English words."""


def plan_document(spec: DocSpec, images: Mapping[str, ImageInfo]) -> DocPlan:
    """Plan the document. `images` has every picture it names."""
    paper = _PAPERS[spec.page.size]
    return DocPlan(
        spec=spec,
        paper=paper,
        scheme=on_paper(color_scheme(spec.theme)),
        rtl=right_to_left(spec.language),
        blocks=tuple(_blocks(spec, paper, images)),
        notes=tuple(_notes(spec)),
        labels=_LABELS.get(spec.language.partition("-")[0], _LABELS["en"]),
    )


def _blocks(spec: DocSpec, paper: Paper, images: Mapping[str, ImageInfo]) -> Iterator[PlannedBlock]:
    font = load_metrics(spec.theme.fonts.body)
    figures = tables = lists = 0
    for index, block in enumerate(spec.content):
        match block:
            case Heading():
                anchor = f"h-{block.id}" if block.id else f"_Toc{index:06d}"
                yield PlannedBlock(index, block, anchor=anchor)
            case Figure():
                figures += bool(block.caption.strip())
                size = _figure_size(images[block.image], block.width_percent, paper)
                yield PlannedBlock(index, block, number=figures, size=size)
            case ChartBlock():
                figures += bool(block.caption.strip())
                yield _chart(PlannedBlock(index, block, number=figures), block, paper, font)
            case TableBlock():
                tables += bool(block.caption.strip())
                widths, problems = plan_columns(block, paper.text_width, font)
                yield PlannedBlock(
                    index, block, number=tables, widths=widths, problems=tuple(problems)
                )
            case ListBlock() if block.style == "numbers":
                lists += 1
                yield PlannedBlock(index, block, number=lists)
            case _:
                yield PlannedBlock(index, block)


def _chart(
    planned: PlannedBlock, block: ChartBlock, paper: Paper, font: FontMetrics
) -> PlannedBlock:
    """Plan a chart as wide as the text, with labels as large as find room."""
    size = (paper.text_width, round(PAGE_HEIGHT * POINTS))
    frame = Box(0, 0, *(points(side / POINTS) for side in size))
    element = plan_chart(block.chart, block.alt_text, frame, font, PAGE_SIZES)
    empty = () if has_data(block.chart) else (("chart", "has no value to draw"),)
    return replace(planned, chart=element, size=size, problems=(*element.problems, *empty))


def _notes(spec: DocSpec) -> Iterator[Source]:
    sources = {source.id: source for source in spec.sources}
    for _, text in texts(spec):
        for run in runs_of(text):
            if run.cite is not None:
                yield sources[run.cite]


def _figure_size(image: ImageInfo, percent: int, paper: Paper) -> tuple[int, int]:
    """Return width and height on paper: as wide as is wished, never higher than a page."""
    width = paper.text_width * percent // 100
    height = width * image.height // image.width
    room = paper.text_height - _CAPTION_ROOM
    if height > room:
        width, height = max(1, width * room // height), room
    return width, max(1, height)
