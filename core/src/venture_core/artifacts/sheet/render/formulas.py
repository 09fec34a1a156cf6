"""Formulas as spreadsheet programs read them, written from their nodes alone."""

from typing import TYPE_CHECKING, Final

from openpyxl.utils import get_column_letter

from venture_core.artifacts.sheet.ir.formulas import Constant, OfColumn, OfTotal, Operation
from venture_core.artifacts.sheet.plan.model import FIRST_ROW

if TYPE_CHECKING:
    from collections.abc import Mapping

    from venture_core.artifacts.sheet.ir.formulas import Formula, Summary
    from venture_core.artifacts.sheet.plan.model import PlannedSheet

_FUNCTIONS: Final = {
    "sum": "SUM",
    "average": "AVERAGE",
    "min": "MIN",
    "max": "MAX",
    "count": "COUNTA",
}
_LONGEST_INTEGER: Final = 1e15
_SIGNS: Final = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}


def row_formula(formula: Formula, planned: PlannedSheet, sheets: Mapping[str, PlannedSheet]) -> str:
    """Return the formula of a column with `#` where the number of the row belongs."""
    match formula:
        case Constant():
            return number(formula.value)
        case OfColumn():
            return f"{_letter(planned, formula.column)}#"
        case OfTotal():
            other = sheets[formula.sheet]
            letter = _letter(other, formula.column)
            return f"{_FUNCTIONS[formula.of]}({column_range(other, letter)})"
        case Operation():
            left = row_formula(formula.left, planned, sheets)
            right = row_formula(formula.right, planned, sheets)
            return f"({left}{_SIGNS[formula.type]}{right})"


def total_formula(of: Summary, letter: str, planned: PlannedSheet) -> str:
    """Return what the foot of a column says."""
    return f"={_FUNCTIONS[of]}({letter}{FIRST_ROW}:{letter}{planned.last_row})"


def column_range(planned: PlannedSheet, letter: str) -> str:
    """Return the cells of a column, as any sheet can name them."""
    return f"'{planned.sheet.title}'!${letter}${FIRST_ROW}:${letter}${planned.last_row}"


def number(value: float) -> str:
    """Write a number as XML and formulas have it: the shortest that reads back the same."""
    value = float(value)
    if value.is_integer() and abs(value) < _LONGEST_INTEGER:
        return str(int(value))
    return repr(value).upper()


def _letter(planned: PlannedSheet, column: str) -> str:
    names = [each.name for each in planned.sheet.columns]
    return str(get_column_letter(names.index(column) + 1))
