"""The rules of a deck that span several fields: those of its assets, tables and charts."""

from typing import TYPE_CHECKING

from venture_core.artifacts.deck.ir.slides import ChartSlide, TableSlide
from venture_core.artifacts.ir.rules import ASSET_RULES, charts_are_sound, rows_fit_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from venture_core.artifacts.deck.ir.document import SlideSpec
    from venture_core.artifacts.ir.problems import Problem


def _tables(spec: SlideSpec) -> Iterator[Problem]:
    for index, slide in enumerate(spec.slides):
        if isinstance(slide, TableSlide):
            at = ("slides", index, "table")
            yield from rows_fit_columns(slide.table.rows, len(slide.table.columns), at)


def _charts(spec: SlideSpec) -> Iterator[Problem]:
    yield from charts_are_sound(
        (slide.chart, ("slides", index, "chart"))
        for index, slide in enumerate(spec.slides)
        if isinstance(slide, ChartSlide)
    )


RULES: tuple[Callable[[SlideSpec], Iterator[Problem]], ...] = (*ASSET_RULES, _tables, _charts)
"""Every rule beyond the field types, in the order in which problems are reported."""
