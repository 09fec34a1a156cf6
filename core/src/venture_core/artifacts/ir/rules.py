"""Rules that span several fields, which a field's own type cannot state.

Each rule is a function from a parsed document to the problems it finds; `RULES` lists them all.
"""

import base64
import binascii
from typing import TYPE_CHECKING, NamedTuple

from venture_core.artifacts.ir.problems import Problem, pointer
from venture_core.artifacts.ir.slides import Chart, ChartSlide, TableSlide
from venture_core.artifacts.ir.values import MAX_INLINE_ASSET_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from venture_core.artifacts.ir.document import SlideSpec

MAX_PIE_SLICES = 6


def _table_rows_fit_columns(spec: SlideSpec) -> Iterator[Problem]:
    for index, slide in enumerate(spec.slides):
        if not isinstance(slide, TableSlide):
            continue
        columns = len(slide.table.columns)
        for row_index, row in enumerate(slide.table.rows):
            if len(row) != columns:
                yield Problem(
                    pointer(("slides", index, "table", "rows", row_index)),
                    f"{columns} cells, one for each column",
                    f"the row has {len(row)}",
                )


class _PlacedChart(NamedTuple):
    chart: Chart
    at: tuple[str | int, ...]


def _charts(spec: SlideSpec) -> Iterator[_PlacedChart]:
    for index, slide in enumerate(spec.slides):
        if isinstance(slide, ChartSlide):
            yield _PlacedChart(slide.chart, ("slides", index, "chart"))


def _series_match_categories(spec: SlideSpec) -> Iterator[Problem]:
    for chart, at in _charts(spec):
        for index, series in enumerate(chart.series):
            if len(series.values) != len(chart.categories):
                yield Problem(
                    pointer((*at, "series", index, "values")),
                    f"{len(chart.categories)} values, one for each category",
                    f"the series has {len(series.values)}",
                )


def _pies_are_parts_of_a_whole(spec: SlideSpec) -> Iterator[Problem]:
    for chart, at in _charts(spec):
        if chart.type != "pie":
            continue
        if len(chart.series) > 1:
            yield Problem(
                pointer((*at, "series")), "one series", f"the pie has {len(chart.series)}"
            )
        if len(chart.categories) > MAX_PIE_SLICES:
            yield Problem(
                pointer((*at, "categories")),
                f"at most {MAX_PIE_SLICES} slices; group the small ones",
                f"the pie has {len(chart.categories)}",
            )
        for index, series in enumerate(chart.series):
            yield from _slices(series.values, (*at, "series", index, "values"))


def _slices(values: Sequence[float | None], at: tuple[str | int, ...]) -> Iterator[Problem]:
    for index, value in enumerate(values):
        if value is None or value < 0:
            yield Problem(
                pointer((*at, index)),
                "a number of at least 0",
                "a slice of a pie has a size that is not negative",
            )


def _bar_options_only_on_bars(spec: SlideSpec) -> Iterator[Problem]:
    for chart, at in _charts(spec):
        if chart.type != "bar" and chart.direction != "vertical":
            yield Problem(
                pointer((*at, "direction")),
                "no direction unless the type is bar",
                f"a {chart.type} chart has no direction",
            )
        if chart.type != "bar" and chart.stacked:
            yield Problem(
                pointer((*at, "stacked")),
                "false unless the type is bar",
                f"a {chart.type} chart cannot be stacked",
            )
        if chart.type == "pie" and chart.axis_title:
            yield Problem(
                pointer((*at, "axisTitle")),
                "no axis title when the type is pie",
                "a pie chart has no axis",
            )


def _chart_names_are_unique(spec: SlideSpec) -> Iterator[Problem]:
    for chart, at in _charts(spec):
        names = [series.name for series in chart.series]
        yield from _repeated(names, (*at, "series"), "a name no other series has")


def _asset_names_are_unique(spec: SlideSpec) -> Iterator[Problem]:
    names = [asset.name for asset in spec.assets]
    yield from _repeated(names, ("assets",), "a name no other asset has")


def _repeated(names: Sequence[str], at: tuple[str | int, ...], expected: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            yield Problem(pointer((*at, index, "name")), expected, "the name is already taken")
        seen.add(name)


def _inline_assets_decode(spec: SlideSpec) -> Iterator[Problem]:
    for index, asset in enumerate(spec.assets):
        at = pointer(("assets", index, "data"))
        try:
            data = base64.b64decode(asset.data, validate=True)
        except binascii.Error, ValueError:
            yield Problem(at, "base64 with padding and no line breaks", "the data do not decode")
            continue
        if not data or len(data) > MAX_INLINE_ASSET_BYTES:
            yield Problem(
                at,
                f"1 to {MAX_INLINE_ASSET_BYTES} bytes; larger assets go to an object store",
                f"the asset has {len(data)} bytes",
            )


RULES: tuple[Callable[[SlideSpec], Iterator[Problem]], ...] = (
    _asset_names_are_unique,
    _inline_assets_decode,
    _table_rows_fit_columns,
    _series_match_categories,
    _pies_are_parts_of_a_whole,
    _bar_options_only_on_bars,
    _chart_names_are_unique,
)
"""Every rule beyond the field types, in the order in which problems are reported."""
