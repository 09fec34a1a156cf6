"""Computing what formulas say, so that a viewer without a calculator shows numbers."""

import math
from typing import TYPE_CHECKING

from venture_core.artifacts.sheet.ir.formulas import Constant, OfColumn, OfTotal, Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from venture_core.artifacts.sheet.ir.cells import Value
    from venture_core.artifacts.sheet.ir.formulas import Formula, Summary

type Totals = Mapping[tuple[str, str, str], float]
"""What is already known of sheets before: by sheet, column and summary."""


class FormulaError(ArithmeticError):
    """A formula has no value; the message is what a spreadsheet program would show."""


def compile_formula(
    formula: Formula, columns: Mapping[str, int], totals: Totals
) -> Callable[[Sequence[Value]], float]:
    """Return a function from a row to the formula's value, which raises `FormulaError`."""
    match formula:
        case Constant():
            value = formula.value
            return lambda _: value
        case OfColumn():
            at = columns[formula.column]
            return lambda row: _number(row[at])
        case OfTotal():
            key = (formula.sheet, formula.column, formula.of)

            def total(_: Sequence[Value]) -> float:
                if key not in totals:
                    raise FormulaError("#DIV/0!")
                return totals[key]

            return total
        case Operation():
            left = compile_formula(formula.left, columns, totals)
            right = compile_formula(formula.right, columns, totals)
            operate = _OPERATIONS[formula.type]
            return lambda row: operate(left(row), right(row))


def summarize(values: Sequence[Value], of: Summary) -> float | None:
    """Return what a column comes to, None where it is not defined: nothing's average, an error."""
    if of != "count" and any(isinstance(value, str) for value in values):
        return None
    numbers = [
        float(value)
        for value in values
        if isinstance(value, float | int) and not isinstance(value, bool)
    ]
    match of:
        case "count":
            return float(sum(value is not None for value in values))
        case "sum":
            return math.fsum(numbers)
        case "average":
            return math.fsum(numbers) / len(numbers) if numbers else None
        case "min":
            return min(numbers, default=0.0)
        case "max":
            return max(numbers, default=0.0)


def _number(value: Value) -> float:
    if isinstance(value, str):
        # What a formula further left came to.
        raise FormulaError(value)
    # An empty cell counts as nothing, as in every spreadsheet program.
    return 0.0 if value is None else float(value)


def _divide(left: float, right: float) -> float:
    if right == 0:
        raise FormulaError("#DIV/0!")
    return _finite(left / right)


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise FormulaError("#NUM!")
    return value


_OPERATIONS: dict[str, Callable[[float, float], float]] = {
    "add": lambda left, right: _finite(left + right),
    "subtract": lambda left, right: _finite(left - right),
    "multiply": lambda left, right: _finite(left * right),
    "divide": _divide,
}
