"""The slide types. Every slide carries speaker notes; every visual carries alternative text."""

from typing import Annotated, Literal

from pydantic import Field

from venture_core.artifacts.ir.charts import Chart
from venture_core.artifacts.ir.tables import TableColumn
from venture_core.artifacts.ir.values import (
    AltText,
    IRModel,
    Line60,
    Line120,
    Line200,
    Line400,
    Name,
    Notes,
    Quotation,
    Title,
)


class BaseSlide(IRModel):
    """What all slide types share."""

    notes: Notes = ""
    """What the speaker says; shown in presenter view only."""


class TitleSlide(BaseSlide):
    """The opening: what this is, who presents it, when."""

    type: Literal["title"]
    title: Title
    subtitle: Line200 = ""
    presenter: Line120 = ""
    date: Line60 = ""


class SectionSlide(BaseSlide):
    """A break between parts; the renderer numbers sections by itself."""

    type: Literal["section"]
    title: Title
    subtitle: Line200 = ""


class Bullet3(IRModel):
    """A bullet of the third and last level."""

    text: Line400


class Bullet2(IRModel):
    """A bullet of the second level."""

    text: Line400
    items: Annotated[tuple[Bullet3, ...], Field(max_length=8)] = ()


class Bullet(IRModel):
    """A bullet of the first level."""

    text: Line400
    items: Annotated[tuple[Bullet2, ...], Field(max_length=8)] = ()


Bullets = Annotated[tuple[Bullet, ...], Field(max_length=12)]


class BulletsSlide(BaseSlide):
    """A list of points, up to three levels deep."""

    type: Literal["bullets"]
    title: Title
    bullets: Bullets


class Column(IRModel):
    """One half of a two-column slide."""

    heading: Line60 = ""
    bullets: Bullets


class TwoColumnsSlide(BaseSlide):
    """Two lists side by side, each with an optional heading."""

    type: Literal["twoColumns"]
    title: Title
    left: Column
    right: Column


TableRow = Annotated[tuple[Line200, ...], Field(max_length=10)]


class Table(IRModel):
    """A table with a header row. Every row has one cell for each column."""

    columns: Annotated[tuple[TableColumn, ...], Field(min_length=1, max_length=10)]
    rows: Annotated[tuple[TableRow, ...], Field(max_length=25)]
    total_row: bool = False
    """The last row is a total or a result and is set apart."""


class TableSlide(BaseSlide):
    """A native, editable table."""

    type: Literal["table"]
    title: Title
    table: Table
    caption: Line200 = ""
    alt_text: AltText = ""


class ChartSlide(BaseSlide):
    """A chart, with an optional panel that says what it means."""

    type: Literal["chart"]
    title: Title
    chart: Chart
    takeaway: Line200 = ""
    alt_text: AltText = ""


class ImageSlide(BaseSlide):
    """A picture with an optional caption."""

    type: Literal["image"]
    title: Title
    image: Name
    fit: Literal["contain", "cover"] = "contain"
    """Show all of the picture, or fill the area and crop what stands over."""
    caption: Line200 = ""
    alt_text: AltText = ""


class QuoteSlide(BaseSlide):
    """Somebody's words, large."""

    type: Literal["quote"]
    quote: Quotation
    author: Line120 = ""
    role: Line120 = ""


Slide = Annotated[
    TitleSlide
    | SectionSlide
    | BulletsSlide
    | TwoColumnsSlide
    | TableSlide
    | ChartSlide
    | ImageSlide
    | QuoteSlide,
    Field(discriminator="type"),
]
