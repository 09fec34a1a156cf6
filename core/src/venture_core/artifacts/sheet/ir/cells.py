"""Which values a column takes."""

from datetime import date
from typing import TYPE_CHECKING

from venture_core.artifacts.ir.text import LINK

if TYPE_CHECKING:
    from venture_core.artifacts.sheet.ir.document import SheetColumn

type Value = str | float | bool | None

_WANTED = {
    "text": "a string",
    "number": "a number",
    "date": "a date such as 2026-01-31, from 1900-03-01 on",
    "boolean": "true or false",
    "link": "a link that begins with https://, http:// or mailto:",
}
FIRST_DATE = date(1900, 3, 1)
"""Before it, spreadsheet programs disagree on dates."""


def problem_of(value: Value, column: SheetColumn) -> str:
    """Return what a cell of the column has to hold instead, empty where the value is right."""
    if value is None:
        return ""
    if column.formula is not None:
        return "null: the column is computed"
    match column.type:
        case "text":
            right = isinstance(value, str)
        case "number":
            right = isinstance(value, float | int) and not isinstance(value, bool)
        case "boolean":
            right = isinstance(value, bool)
        case "date":
            right = isinstance(value, str) and parsed_date(value) is not None
        case "link":
            right = isinstance(value, str) and _is_link(value)
    return "" if right else _WANTED[column.type]


def parsed_date(text: str) -> date | None:
    """Return the day that a string names, None where it names none that a sheet can hold."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day >= FIRST_DATE else None


def _is_link(text: str) -> bool:
    return LINK.fullmatch(text) is not None and not text.startswith("#")
