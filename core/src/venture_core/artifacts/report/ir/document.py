"""ReportSpec: the document that describes a report."""

import datetime
import re
from typing import Annotated, Literal, override

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from venture_core.artifacts.ir.charts import ChartBlock, NumberFormat
from venture_core.artifacts.ir.document import Document
from venture_core.artifacts.ir.values import (
    AltText,
    CurrencySymbol,
    IRModel,
    Line60,
    Line120,
    Line200,
    Name,
    Notes,
    Title,
)

MAX_BLOCKS = 500
MAX_ROWS = 20_000
MAX_CENTS = 10**15

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _date(value: str) -> str:
    if not _DATE.fullmatch(value) or not _exists(value):
        expected = "a day that exists, written as 2026-09-30"
        raise PydanticCustomError("value_form", "not {expected}", {"expected": expected})
    return value


def _exists(day: str) -> bool:
    try:
        datetime.date.fromisoformat(day)
    except ValueError:
        return False
    return True


Date = Annotated[str, StringConstraints(max_length=10), AfterValidator(_date)]
Cents = Annotated[int, Field(ge=-MAX_CENTS, le=MAX_CENTS)]
"""An amount of money in the currency's hundredths."""
Number = Annotated[int, Field(ge=-(10**15), le=10**15)] | Annotated[float, Field(ge=-1e15, le=1e15)]
Cell = Line200 | Number | None
"""Text, a number that the column's format writes, or nothing."""


class HeadingBlock(IRModel):
    """A heading; those of all levels make up the outline."""

    type: Literal["heading"]
    level: Annotated[int, Field(ge=1, le=3)] = 1
    text: Title


class ParagraphBlock(IRModel):
    """Running text; line feeds begin new paragraphs."""

    type: Literal["paragraph"]
    text: Notes


class Figure(IRModel):
    """One number that matters, with what it is and how it stands."""

    label: Line60
    value: Annotated[Line60, StringConstraints(min_length=1)]
    note: Line60 = ""


class FiguresBlock(IRModel):
    """Up to four key figures side by side."""

    type: Literal["figures"]
    items: Annotated[tuple[Figure, ...], Field(min_length=1, max_length=4)]


class ReportColumn(IRModel):
    """A column of a data grid."""

    header: Line60
    align: Literal["left", "center", "right"] | None = None
    """Without it, columns of numbers stand at the right and others at the left."""
    weight: Annotated[int, Field(ge=1, le=12)] | None = None
    """Share of the width, where all columns have one; else widths follow from the content."""
    number_format: NumberFormat | None = None
    """How numbers are written; without it, with separators and the decimals that they have."""


ReportRow = Annotated[tuple[Cell, ...], Field(max_length=12)]


class GridBlock(IRModel):
    """A data grid of up to 20,000 rows; its head is repeated on every page."""

    type: Literal["grid"]
    columns: Annotated[tuple[ReportColumn, ...], Field(min_length=1, max_length=12)]
    rows: Annotated[tuple[ReportRow, ...], Field(max_length=MAX_ROWS)]
    total_row: bool = False
    """The last row is a total and is set apart."""
    caption: Line200 = ""


class Entry(IRModel):
    """One movement of a statement."""

    date: Date
    text: Line120
    cents: Cents
    """Positive for money that came in."""


class StatementBlock(IRModel):
    """A statement of account: the balance after each entry is computed, never given."""

    type: Literal["statement"]
    account: Line120
    symbol: CurrencySymbol = "$"
    opening_cents: Cents = 0
    entries: Annotated[tuple[Entry, ...], Field(max_length=MAX_ROWS)]


class ImageBlock(IRModel):
    """A picture across the page."""

    type: Literal["image"]
    image: Name
    width: Annotated[int, Field(ge=10, le=100)] = 100
    """Share of the text's width, in percent."""
    caption: Line200 = ""
    alt_text: AltText = ""


class PageBreakBlock(IRModel):
    """What follows begins on a new page."""

    type: Literal["pageBreak"]


Block = Annotated[
    HeadingBlock
    | ParagraphBlock
    | FiguresBlock
    | GridBlock
    | StatementBlock
    | ChartBlock
    | ImageBlock
    | PageBreakBlock,
    Field(discriminator="type"),
]


class PageSetup(IRModel):
    """The paper."""

    size: Literal["A4", "Letter"] = "A4"
    orientation: Literal["portrait", "landscape"] = "portrait"


class PageFooter(IRModel):
    """The line at the foot of every page."""

    text: Line120 = ""
    page_numbers: bool = True
    """At the right, with the number of pages: Page 3 of 12."""


class ReportSpec(Document):
    """A report, version 1 of its description."""

    kind: Literal["ReportSpec"]
    subtitle: Line200 = ""
    date: Line60 = ""
    page: PageSetup = PageSetup()
    footer: PageFooter = PageFooter()
    blocks: Annotated[tuple[Block, ...], Field(min_length=1, max_length=MAX_BLOCKS)]

    @override
    def asset_references(self) -> tuple[tuple[str, str], ...]:
        images = tuple(
            (f"/blocks/{index}/image", block.image)
            for index, block in enumerate(self.blocks)
            if isinstance(block, ImageBlock)
        )
        return super().asset_references() + images
