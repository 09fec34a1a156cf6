"""The rules of a report that span several fields: those of its assets, grids and charts."""

from typing import TYPE_CHECKING

from venture_core.artifacts.ir.charts import ChartBlock
from venture_core.artifacts.ir.rules import ASSET_RULES, charts_are_sound, rows_fit_columns
from venture_core.artifacts.report.ir.document import GridBlock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from venture_core.artifacts.ir.problems import Problem
    from venture_core.artifacts.report.ir.document import ReportSpec


def _grid_rows_fit_columns(spec: ReportSpec) -> Iterator[Problem]:
    for index, block in enumerate(spec.blocks):
        if isinstance(block, GridBlock):
            yield from rows_fit_columns(block.rows, len(block.columns), ("blocks", index))


def _charts(spec: ReportSpec) -> Iterator[Problem]:
    yield from charts_are_sound(
        (block.chart, ("blocks", index, "chart"))
        for index, block in enumerate(spec.blocks)
        if isinstance(block, ChartBlock)
    )


RULES: tuple[Callable[[ReportSpec], Iterator[Problem]], ...] = (
    *ASSET_RULES,
    _grid_rows_fit_columns,
    _charts,
)
"""Every rule beyond the field types, in the order in which problems are reported."""
