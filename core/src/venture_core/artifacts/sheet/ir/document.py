"""SpreadsheetSpec: the document that describes a workbook."""

from typing import Annotated, Literal, override

from pydantic import AfterValidator, Discriminator, Field, StringConstraints, Tag
from pydantic_core import PydanticCustomError

from venture_core.artifacts.ir.charts import NumberFormat
from venture_core.artifacts.ir.document import Document
from venture_core.artifacts.ir.values import AltText, IRModel, Line120, Line2000, Name
from venture_core.artifacts.sheet.ir.formulas import Amount, Formula, Summary

MAX_ROWS = 20_000
"""In the document; an asset may hold more."""
_TAKEN = frozenset({"history"})
"""Spreadsheet programs keep these for themselves."""
_FORBIDDEN_IN_NAMES = frozenset("[]:*?/\\'")


def _sheet_title(value: str) -> str:
    if (
        _FORBIDDEN_IN_NAMES.intersection(value)
        or value != value.strip()
        or not value.isprintable()
        or value.casefold() in _TAKEN
    ):
        expected = "a name other than History, without [ ] : * ? / \\ ' and spaces around it"
        raise PydanticCustomError("value_form", "not {expected}", {"expected": expected})
    return value


SheetTitle = Annotated[
    str, StringConstraints(min_length=1, max_length=31), AfterValidator(_sheet_title)
]


_FORMS = {str: "text", int: "number", float: "number", bool: "flag", type(None): "nothing"}


def _form(value: object) -> str | None:
    return _FORMS.get(type(value))


Cell = Annotated[
    Annotated[Line2000, Tag("text")]
    | Annotated[Amount, Tag("number")]
    | Annotated[bool, Tag("flag")]
    | Annotated[None, Tag("nothing")],
    Discriminator(
        _form,
        custom_error_type="value_form",
        custom_error_message="not {expected}",
        custom_error_context={"expected": "a string, a number, true, false or null"},
    ),
]
"""What a cell holds; null leaves it empty. Dates are strings such as 2026-01-31."""


class SheetColumn(IRModel):
    """A column: what it holds, how it is shown, what is made of it."""

    name: Name
    """What formulas and charts call it."""
    header: Line120
    type: Literal["text", "number", "date", "boolean", "link"] = "text"
    format: NumberFormat = NumberFormat()
    """How numbers are shown."""
    formula: Formula | None = None
    """Computes a column of numbers; its rows then hold null here, or end before it."""
    total: Summary | None = None
    """What the row at the foot says of a column of numbers."""
    highlight: Literal["none", "scale", "bars", "negative"] = "none"
    """Shades cells by their value, draws bars in them, or marks those below zero."""


class SheetChart(IRModel):
    """A chart of columns, beside the cells."""

    type: Literal["bar", "line", "pie"]
    title: Line120
    categories: Name
    """The column with the names."""
    series: Annotated[tuple[Name, ...], Field(min_length=1, max_length=6)]
    """The columns with the numbers; one for a pie."""
    alt_text: AltText = ""


class Sheet(IRModel):
    """A table of its own."""

    name: Name
    """What formulas of later sheets and named ranges call it."""
    title: SheetTitle
    """What its tab says."""
    columns: Annotated[tuple[SheetColumn, ...], Field(min_length=1, max_length=50)]
    rows: Annotated[
        tuple[Annotated[tuple[Cell, ...], Field(max_length=50)], ...], Field(max_length=MAX_ROWS)
    ] = ()
    data: Name | None = None
    """An asset with the rows, instead of `rows`: CSV in UTF-8; its first line names the columns."""
    filter: bool = True
    """The head has filters."""
    charts: Annotated[tuple[SheetChart, ...], Field(max_length=4)] = ()


class SpreadsheetSpec(Document):
    """A workbook, version 1 of its description. Heads stay in sight, and columns have names."""

    kind: Literal["SpreadsheetSpec"]
    sheets: Annotated[tuple[Sheet, ...], Field(min_length=1, max_length=20)]

    @override
    def asset_references(self) -> tuple[tuple[str, str], ...]:
        return tuple(
            (f"/sheets/{index}/data", sheet.data)
            for index, sheet in enumerate(self.sheets)
            if sheet.data is not None
        )
