"""Which letters of a text our fonts lack: pages have nothing else to fall back on."""

from typing import TYPE_CHECKING

from venture_core.artifacts.doc.ir.blocks import (
    CodeBlock,
    Figure,
    Heading,
    ListBlock,
    Note,
    Paragraph,
    Quote,
    TableBlock,
)
from venture_core.artifacts.fonts.metrics import load_metrics
from venture_core.artifacts.ir.charts import ChartBlock
from venture_core.artifacts.ir.text import plain
from venture_core.artifacts.ir.theme import FontFamily

if TYPE_CHECKING:
    from collections.abc import Iterator

    from venture_core.artifacts.doc.ir import DocSpec
    from venture_core.artifacts.doc.ir.blocks import Block, Item, Item2, Item3

CODE_FAMILY = FontFamily.ARIAL
"""The type of one width has the letters of its family, which is measured."""


def lacking(spec: DocSpec) -> Iterator[tuple[str, str]]:
    """Give the place and the sentence for each text with letters that its font does not have."""
    fonts = spec.theme.fonts
    about = (spec.subtitle, spec.author, spec.date, spec.page.header, spec.page.footer)
    places = [
        ("title", spec.title, fonts.heading),
        ("subtitle, author, date and page", "".join(about), fonts.body),
        ("sources", "".join(source.text for source in spec.sources), fonts.body),
    ]
    for index, block in enumerate(spec.content):
        family = fonts.body
        if isinstance(block, Heading):
            family = fonts.heading
        elif isinstance(block, CodeBlock):
            family = CODE_FAMILY
        places.append((f"content[{index}] ({block.type})", "".join(_texts(block)), family))
    for place, text, family in places:
        if missing := load_metrics(family).missing("".join(dict.fromkeys(text)).replace("\n", "")):
            yield place, f"the font has no letters for \u201c{missing:.20}\u201d"


def _texts(block: Block) -> Iterator[str]:
    match block:
        case Paragraph() | Note():
            yield plain(block.text)
        case Heading() | CodeBlock():
            yield block.text
        case Quote():
            yield block.text + block.author
        case Figure():
            yield block.caption
        case ChartBlock(chart=chart):
            yield block.caption + chart.axis_title + chart.number_format.symbol
            yield from chart.categories
            yield from (series.name for series in chart.series)
        case ListBlock():
            yield from _items(block.items)
        case TableBlock():
            yield block.caption
            yield from (column.header for column in block.columns)
            for row in block.rows:
                yield from row
        case _:
            return


def _items(items: tuple[Item | Item2 | Item3, ...]) -> Iterator[str]:
    for item in items:
        yield plain(item.text)
        yield from _items(getattr(item, "items", ()))
