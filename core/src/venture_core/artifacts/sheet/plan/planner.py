"""From a document to the plan of its workbook."""

from typing import TYPE_CHECKING, get_args

from venture_core.artifacts.colors import color_scheme, on_paper
from venture_core.artifacts.ir.values import right_to_left
from venture_core.artifacts.numbers import IN_COLUMNS, format_value, resolved
from venture_core.artifacts.sheet.ir.formulas import Summary
from venture_core.artifacts.sheet.plan.bounds import Room
from venture_core.artifacts.sheet.plan.csvdata import read_rows
from venture_core.artifacts.sheet.plan.evaluating import (
    FormulaError,
    compile_formula,
    summarize,
)
from venture_core.artifacts.sheet.plan.model import FIRST_ROW, PlannedSheet, SheetPlan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from venture_core.artifacts.sheet.ir import SpreadsheetSpec
    from venture_core.artifacts.sheet.ir.cells import Value
    from venture_core.artifacts.sheet.ir.document import Sheet, SheetColumn

_NARROWEST, _WIDEST = 8.0, 60.0
_SAMPLE = 500
"""How many rows at the head and at the foot decide on a column's width."""
_MAX_ERRORS = 100
_FILTER_ROOM = 3.0
"""Characters that the button of a filter covers."""


def plan_workbook(spec: SpreadsheetSpec, assets: Mapping[str, bytes]) -> SheetPlan:
    """Plan the workbook.

    Raises `InvalidAssetError` for rows that cannot be read, `InvalidIRError` for more than a
    workbook may hold or compute.
    """
    totals: dict[tuple[str, str, str], float] = {}
    planned = []
    room = Room()
    for at, sheet in enumerate(spec.sheets):
        rows = _whole_rows(sheet, assets, room.rows_for(sheet))
        room.take(at, sheet, len(rows))
        ready = _sheet(sheet, rows, totals)
        planned.append(ready)
        for index, column in enumerate(sheet.columns):
            if column.type == "number":
                values = [row[index] for row in ready.rows]
                for of in get_args(Summary):
                    value = summarize(values, of)
                    if value is not None:
                        totals[sheet.name, column.name, of] = value
    scheme = on_paper(color_scheme(spec.theme))
    return SheetPlan(spec, scheme, right_to_left(spec.language), tuple(planned))


def _sheet(
    sheet: Sheet, rows: list[list[Value]], totals: Mapping[tuple[str, str, str], float]
) -> PlannedSheet:
    columns = {column.name: index for index, column in enumerate(sheet.columns)}
    errors: list[tuple[str, str]] = []
    for index, column in enumerate(sheet.columns):
        if column.formula is None:
            continue
        compute = compile_formula(column.formula, columns, totals)
        for number, row in enumerate(rows, start=FIRST_ROW):
            try:
                row[index] = compute(row)
            except FormulaError as error:
                row[index] = str(error)
                if len(errors) < _MAX_ERRORS:
                    errors.append((f"{sheet.title}, {column.header}, row {number}", str(error)))
    foot = tuple(
        None if column.total is None else summarize([row[at] for row in rows], column.total)
        for at, column in enumerate(sheet.columns)
    )
    foot = foot if any(column.total for column in sheet.columns) else ()
    errors += [
        (f"{sheet.title}, {column.header}, total", "#DIV/0!")
        for column, value in zip(sheet.columns, foot, strict=False)
        if column.total is not None and value is None
    ]
    sheet = sheet.model_copy(
        update={
            "columns": tuple(_told(column, rows, at) for at, column in enumerate(sheet.columns))
        }
    )
    widths = tuple(_width(sheet, at, rows, foot) for at in range(len(sheet.columns)))
    return PlannedSheet(sheet, rows, foot, widths, tuple(errors))


def _told(column: SheetColumn, rows: list[list[Value]], at: int) -> SheetColumn:
    """Return a column whose format has the decimals that its numbers need."""
    if column.type != "number":
        return column
    values = (row[at] for row in rows)
    numbers = (each for each in values if isinstance(each, int | float))
    return column.model_copy(update={"format": resolved(column.format, numbers, IN_COLUMNS)})


def _whole_rows(sheet: Sheet, assets: Mapping[str, bytes], most: int) -> list[list[Value]]:
    """Return the rows, each with a place for every column; at most so many of an asset."""
    if sheet.data is None:
        missing = len(sheet.columns)
        return [[*row, *([None] * (missing - len(row)))] for row in sheet.rows]
    given = [at for at, column in enumerate(sheet.columns) if column.formula is None]
    rows = []
    for values in read_rows(sheet.data, assets[sheet.data], sheet, most):
        row: list[Value] = [None] * len(sheet.columns)
        for at, value in zip(given, values, strict=True):
            row[at] = value
        rows.append(row)
    return rows


def _width(sheet: Sheet, at: int, rows: list[list[Value]], foot: tuple[float | None, ...]) -> float:
    column = sheet.columns[at]
    some = rows if len(rows) <= 2 * _SAMPLE else rows[:_SAMPLE] + rows[-_SAMPLE:]
    longest = max((len(shown(row[at], column)) for row in some), default=0)
    total = len(shown(foot[at], column)) if foot else 0
    head = len(column.header) + (_FILTER_ROOM if sheet.filter else 0)
    return float(min(_WIDEST, max(_NARROWEST, longest + 2, total + 2, head + 2)))


def shown(value: Value, column: SheetColumn) -> str:
    """Return about what a cell shows."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "FALSE"
    if isinstance(value, str):
        return value
    return format_value(value, column.format)
