"""The rules of a text document that span several fields."""

from typing import TYPE_CHECKING

from venture_core.artifacts.doc.ir.blocks import Heading, ListBlock, Note, Paragraph, TableBlock
from venture_core.artifacts.ir.charts import ChartBlock
from venture_core.artifacts.ir.problems import Problem, pointer
from venture_core.artifacts.ir.rules import ASSET_RULES, charts_are_sound, rows_fit_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from venture_core.artifacts.doc.ir.blocks import Item, Item2, Item3
    from venture_core.artifacts.doc.ir.document import DocSpec
    from venture_core.artifacts.ir.rules import Place
    from venture_core.artifacts.ir.text import Run

type PlacedText = tuple[Place, str | tuple[Run, ...]]


def texts(spec: DocSpec) -> Iterator[PlacedText]:
    """Give every text that can hold runs, with its place."""
    for index, block in enumerate(spec.content):
        at: Place = ("content", index)
        match block:
            case Paragraph() | Note():
                yield (*at, "text"), block.text
            case ListBlock():
                yield from _items(block.items, at)
            case _:
                continue


def _items(items: tuple[Item | Item2 | Item3, ...], at: Place) -> Iterator[PlacedText]:
    for index, item in enumerate(items):
        place = (*at, "items", index)
        yield (*place, "text"), item.text
        yield from _items(getattr(item, "items", ()), place)


def _ids_are_unique(spec: DocSpec) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, block in enumerate(spec.content):
        if isinstance(block, Heading) and block.id is not None:
            if block.id in seen:
                at = pointer(("content", index, "id"))
                yield Problem(at, "an id no other heading has", "the id is already taken")
            seen.add(block.id)
    known: set[str] = set()
    for index, source in enumerate(spec.sources):
        if source.id in known:
            at = pointer(("sources", index, "id"))
            yield Problem(at, "an id no other source has", "the id is already taken")
        known.add(source.id)


def _citations_have_sources(spec: DocSpec) -> Iterator[Problem]:
    known = {source.id for source in spec.sources}
    for at, text in texts(spec):
        for index, run in enumerate(() if isinstance(text, str) else text):
            if run.cite is not None and run.cite not in known:
                place = pointer((*at, index, "cite"))
                yield Problem(place, "the id of a source", f"no source is named {run.cite}")


def _tables(spec: DocSpec) -> Iterator[Problem]:
    for index, block in enumerate(spec.content):
        if isinstance(block, TableBlock):
            yield from rows_fit_columns(block.rows, len(block.columns), ("content", index))


def _charts(spec: DocSpec) -> Iterator[Problem]:
    yield from charts_are_sound(
        (block.chart, ("content", index, "chart"))
        for index, block in enumerate(spec.content)
        if isinstance(block, ChartBlock)
    )


RULES: tuple[Callable[[DocSpec], Iterator[Problem]], ...] = (
    *ASSET_RULES,
    _ids_are_unique,
    _citations_have_sources,
    _tables,
    _charts,
)
"""Every rule beyond the field types, in the order in which problems are reported."""
