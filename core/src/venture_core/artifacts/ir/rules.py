"""Rules that span several fields, for what all documents share.

A rule yields the problems it finds; `at` is where in the document the thing is that it looks at.
"""

import base64
import binascii
from typing import TYPE_CHECKING

from venture_core.artifacts.ir.problems import Problem, pointer
from venture_core.artifacts.ir.values import MAX_INLINE_ASSET_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from venture_core.artifacts.ir.charts import Chart
    from venture_core.artifacts.ir.document import Document

type Place = tuple[str | int, ...]

MAX_PIE_SLICES = 6


def unique_names(names: Sequence[str], at: Place, expected: str) -> Iterator[Problem]:
    """Find the names that occur before; `at` is the list of what has them."""
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            yield Problem(pointer((*at, index, "name")), expected, "the name is already taken")
        seen.add(name)


def asset_names_are_unique(spec: Document) -> Iterator[Problem]:
    """Find the assets that share a name."""
    names = [asset.name for asset in spec.assets]
    yield from unique_names(names, ("assets",), "a name no other asset has")


def inline_assets_decode(spec: Document) -> Iterator[Problem]:
    """Find the assets whose bytes cannot be read, or are too many."""
    for index, asset in enumerate(spec.assets):
        yield from decoded_problems(asset.data, ("assets", index, "data"))


def decoded_problems(text: str, place: Place) -> Iterator[Problem]:
    """Say what is wrong with bytes in base64."""
    at = pointer(place)
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error, ValueError:
        yield Problem(at, "base64 with padding and no line breaks", "the data do not decode")
        return
    if not data or len(data) > MAX_INLINE_ASSET_BYTES:
        yield Problem(
            at,
            f"1 to {MAX_INLINE_ASSET_BYTES} bytes; larger assets go to an object store",
            f"the asset has {len(data)} bytes",
        )


def rows_fit_columns(
    rows: Sequence[Sequence[object]], columns: int, at: Place
) -> Iterator[Problem]:
    """Find the rows of the table at `at` that have more or fewer cells than columns."""
    for index, row in enumerate(rows):
        if len(row) != columns:
            yield Problem(
                pointer((*at, "rows", index)),
                f"{columns} cells, one for each column",
                f"the row has {len(row)}",
            )


def series_match_categories(chart: Chart, at: Place) -> Iterator[Problem]:
    """Find the series that have more or fewer values than there are categories."""
    for index, series in enumerate(chart.series):
        if len(series.values) != len(chart.categories):
            yield Problem(
                pointer((*at, "series", index, "values")),
                f"{len(chart.categories)} values, one for each category",
                f"the series has {len(series.values)}",
            )


def pies_are_parts_of_a_whole(chart: Chart, at: Place) -> Iterator[Problem]:
    """Find what no pie can show: several series, many slices, slices below zero."""
    if chart.type != "pie":
        return
    if len(chart.series) > 1:
        yield Problem(pointer((*at, "series")), "one series", f"the pie has {len(chart.series)}")
    if len(chart.categories) > MAX_PIE_SLICES:
        yield Problem(
            pointer((*at, "categories")),
            f"at most {MAX_PIE_SLICES} slices; group the small ones",
            f"the pie has {len(chart.categories)}",
        )
    for index, series in enumerate(chart.series):
        yield from _slices(series.values, (*at, "series", index, "values"))


def _slices(values: Sequence[float | None], at: Place) -> Iterator[Problem]:
    for index, value in enumerate(values):
        if value is None or value < 0:
            yield Problem(
                pointer((*at, index)),
                "a number of at least 0",
                "a slice of a pie has a size that is not negative",
            )


def bar_options_only_on_bars(chart: Chart, at: Place) -> Iterator[Problem]:
    """Find options that the type of the chart does not have."""
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


def series_names_are_unique(chart: Chart, at: Place) -> Iterator[Problem]:
    """Find the series that share a name."""
    names = [series.name for series in chart.series]
    yield from unique_names(names, (*at, "series"), "a name no other series has")


def charts_are_sound(charts: Iterable[tuple[Chart, Place]]) -> Iterator[Problem]:
    """Hold every chart, each by its place, to the rules of charts, rule by rule."""
    placed = tuple(charts)
    for rule in CHART_RULES:
        for chart, at in placed:
            yield from rule(chart, at)


ASSET_RULES = (asset_names_are_unique, inline_assets_decode)
"""Rules for the assets that any document carries."""
CHART_RULES = (
    series_match_categories,
    pies_are_parts_of_a_whole,
    bar_options_only_on_bars,
    series_names_are_unique,
)
"""Rules for any chart, by its place."""
