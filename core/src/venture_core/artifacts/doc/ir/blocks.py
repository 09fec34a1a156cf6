"""The blocks of a text document."""

from typing import Annotated, Literal

from pydantic import Field

from venture_core.artifacts.ir.charts import ChartBlock
from venture_core.artifacts.ir.tables import TableColumn
from venture_core.artifacts.ir.text import Text
from venture_core.artifacts.ir.values import (
    AltText,
    Code,
    IRModel,
    Line120,
    Line200,
    Line2000,
    Name,
    Quotation,
)


class Heading(IRModel):
    """A heading; those of levels 1 to 3 stand in the table of contents."""

    type: Literal["heading"]
    level: Annotated[int, Field(ge=1, le=4)] = 1
    text: Line200
    id: Name | None = None
    """What links within the document call it."""


class Paragraph(IRModel):
    """Running text."""

    type: Literal["paragraph"]
    text: Text
    style: Literal["body", "lead"] = "body"
    """A lead is larger: one opens a document or a part of it."""


class Item3(IRModel):
    """An item of the third and last level."""

    text: Text


class Item2(IRModel):
    """An item of the second level."""

    text: Text
    items: Annotated[tuple[Item3, ...], Field(max_length=50)] = ()


class Item(IRModel):
    """An item of the first level."""

    text: Text
    items: Annotated[tuple[Item2, ...], Field(max_length=50)] = ()


class ListBlock(IRModel):
    """Points, or steps in their order."""

    type: Literal["list"]
    style: Literal["bullets", "numbers"] = "bullets"
    items: Annotated[tuple[Item, ...], Field(min_length=1, max_length=200)]


Cells = Annotated[tuple[Line2000, ...], Field(max_length=12)]


class TableBlock(IRModel):
    """A table whose head is repeated on each page."""

    type: Literal["table"]
    columns: Annotated[tuple[TableColumn, ...], Field(min_length=1, max_length=12)]
    rows: Annotated[tuple[Cells, ...], Field(max_length=5000)]
    total_row: bool = False
    """The last row is a total or a result and is set apart."""
    caption: Line200 = ""
    alt_text: AltText = ""


class Figure(IRModel):
    """A picture with its caption."""

    type: Literal["figure"]
    image: Name
    width_percent: Annotated[int, Field(ge=10, le=100)] = 100
    """Of the text's width; less where the page is not high enough."""
    caption: Line200 = ""
    alt_text: AltText = ""


class Quote(IRModel):
    """Somebody's words."""

    type: Literal["quote"]
    text: Quotation
    author: Line120 = ""


class CodeBlock(IRModel):
    """Lines of a program or of a log, as they are."""

    type: Literal["code"]
    text: Code


class Note(IRModel):
    """What readers must not miss."""

    type: Literal["note"]
    text: Text


class PageBreak(IRModel):
    """What follows begins on a new page."""

    type: Literal["pageBreak"]


Block = Annotated[
    Heading
    | Paragraph
    | ListBlock
    | TableBlock
    | Figure
    | ChartBlock
    | Quote
    | CodeBlock
    | Note
    | PageBreak,
    Field(discriminator="type"),
]
