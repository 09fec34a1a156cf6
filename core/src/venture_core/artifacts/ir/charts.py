"""Charts, as every kind of document describes them."""

from typing import Annotated, Literal

from pydantic import Field

from venture_core.artifacts.ir.values import AltText, CurrencySymbol, IRModel, Line60, Line200
from venture_core.artifacts.numbers import MAX_DECIMALS, resolved


class NumberFormat(IRModel):
    """How values are written on axes, labels and in the embedded workbook."""

    style: Literal["number", "percent", "currency"] = "number"
    decimals: Annotated[int, Field(ge=0, le=MAX_DECIMALS)] | None = None
    """Left out: as many as the values need to be told apart."""
    symbol: CurrencySymbol = "$"
    """Written before the number when the style is currency."""
    scale: Literal["ones", "thousands", "millions"] = "ones"
    """Display unit: 1,200,000 shows as 1,200K or 1.2M. The data keep their full value."""


class Series(IRModel):
    """One row of numbers, a value (or null for a gap) for each category."""

    name: Line60
    values: Annotated[
        tuple[Annotated[float, Field(ge=-1e15, le=1e15)] | None, ...], Field(max_length=24)
    ]


class Chart(IRModel):
    """A native chart with its data in an embedded workbook."""

    type: Literal["bar", "line", "pie"]
    categories: Annotated[tuple[Line60, ...], Field(max_length=24)]
    series: Annotated[tuple[Series, ...], Field(max_length=6)]
    direction: Literal["vertical", "horizontal"] = "vertical"
    """Which way bars run; bar charts only."""
    stacked: bool = False
    """Series stand on each other; bar charts only."""
    value_labels: bool = False
    """Write each value beside its mark. Pie charts are always labelled."""
    number_format: NumberFormat = NumberFormat()
    axis_title: Line60 = ""
    """What the values are, with their unit; bar and line charts only."""

    @property
    def values(self) -> tuple[float | None, ...]:
        """The values of all series."""
        return tuple(value for series in self.series for value in series.values)

    @property
    def form(self) -> NumberFormat:
        """The number format, with as many decimals as its values need where it does not say."""
        return resolved(self.number_format, self.values)


class ChartBlock(IRModel):
    """A chart across the page."""

    type: Literal["chart"]
    chart: Chart
    caption: Line200 = ""
    alt_text: AltText = ""
