"""The rules of a workbook that span several fields."""

from typing import TYPE_CHECKING

from venture_core.artifacts.ir.problems import Problem, pointer
from venture_core.artifacts.ir.rules import ASSET_RULES, unique_names
from venture_core.artifacts.sheet.ir.cells import problem_of
from venture_core.artifacts.sheet.ir.formulas import Constant, OfColumn, OfTotal, Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from venture_core.artifacts.ir.rules import Place
    from venture_core.artifacts.sheet.ir.document import Sheet, SheetColumn, SpreadsheetSpec
    from venture_core.artifacts.sheet.ir.formulas import Formula

MAX_DEPTH = 8


def _names_are_unique(spec: SpreadsheetSpec) -> Iterator[Problem]:
    names = [sheet.name for sheet in spec.sheets]
    yield from unique_names(names, ("sheets",), "a name no other sheet has")
    titles: set[str] = set()
    for index, sheet in enumerate(spec.sheets):
        at: Place = ("sheets", index)
        if sheet.title.casefold() in titles:
            place = pointer((*at, "title"))
            yield Problem(place, "a title no other sheet has", "the title is already taken")
        titles.add(sheet.title.casefold())
        columns = [column.name for column in sheet.columns]
        yield from unique_names(columns, (*at, "columns"), "a name no other column has")


def _rows_fit(spec: SpreadsheetSpec) -> Iterator[Problem]:
    for index, sheet in enumerate(spec.sheets):
        at: Place = ("sheets", index)
        if sheet.data is not None and sheet.rows:
            place = pointer((*at, "rows"))
            yield Problem(place, "no rows where data names an asset", "there are both")
        for row, cells in enumerate(sheet.rows):
            if len(cells) > len(sheet.columns):
                place = pointer((*at, "rows", row))
                expected = f"at most {len(sheet.columns)} cells, one for each column"
                yield Problem(place, expected, f"the row has {len(cells)}")
                continue
            for column, cell in enumerate(cells):
                if wrong := problem_of(cell, sheet.columns[column]):
                    place = pointer((*at, "rows", row, column))
                    yield Problem(place, wrong, "the cell holds something else")


def _formulas_have_values(spec: SpreadsheetSpec) -> Iterator[Problem]:
    for index, sheet in enumerate(spec.sheets):
        for at_column, column in enumerate(sheet.columns):
            at: Place = ("sheets", index, "columns", at_column)
            if column.formula is not None:
                if column.type != "number":
                    place = pointer((*at, "type"))
                    yield Problem(place, "number, where there is a formula", "it computes numbers")
                yield from _formula(column.formula, (*at, "formula"), spec, index, at_column, 1)
            if column.total not in (None, "count") and column.type != "number":
                place = pointer((*at, "total"))
                yield Problem(place, "count, or no total", f"the column holds {column.type}")
            if column.highlight != "none" and column.type != "number":
                place = pointer((*at, "highlight"))
                yield Problem(place, "none", f"the column holds {column.type}")


def _formula(
    formula: Formula, at: Place, spec: SpreadsheetSpec, sheet: int, column: int, depth: int
) -> Iterator[Problem]:
    match formula:
        case Constant():
            return
        case OfColumn():
            known = {each.name for each in spec.sheets[sheet].columns[:column] if _numeric(each)}
            if formula.column not in known:
                names = ", ".join(sorted(known)) or "there is none"
                place = pointer((*at, "column"))
                expected = f"a column of numbers further left ({names})"[:200]
                yield Problem(place, expected, f"{formula.column} is none")
        case OfTotal():
            sheets = {each.name: each for each in spec.sheets[:sheet]}
            if formula.sheet not in sheets:
                place = pointer((*at, "sheet"))
                yield Problem(
                    place, "the name of a sheet before this one", f"{formula.sheet} is none"
                )
            elif not _has_numbers(sheets[formula.sheet], formula.column):
                place = pointer((*at, "column"))
                yield Problem(place, "a column of numbers there", f"{formula.column} is none")
        case Operation():
            if depth >= MAX_DEPTH:
                yield Problem(pointer(at), f"at most {MAX_DEPTH} operations deep", "it is deeper")
                return
            for side, inner in (("left", formula.left), ("right", formula.right)):
                yield from _formula(inner, (*at, side), spec, sheet, column, depth + 1)


def _numeric(column: SheetColumn) -> bool:
    return column.type == "number"


def _has_numbers(sheet: Sheet, column: str) -> bool:
    return any(each.name == column and _numeric(each) for each in sheet.columns)


def _charts_have_columns(spec: SpreadsheetSpec) -> Iterator[Problem]:
    for index, sheet in enumerate(spec.sheets):
        names = {column.name for column in sheet.columns}
        for at_chart, chart in enumerate(sheet.charts):
            at: Place = ("sheets", index, "charts", at_chart)
            if chart.categories not in names:
                place = pointer((*at, "categories"))
                yield Problem(place, "the name of a column", f"{chart.categories} is none")
            for number, series in enumerate(chart.series):
                if not _has_numbers(sheet, series):
                    place = pointer((*at, "series", number))
                    yield Problem(place, "a column of numbers", f"{series} is none")
            if chart.type == "pie" and len(chart.series) > 1:
                place = pointer((*at, "series"))
                yield Problem(place, "one series", f"the pie has {len(chart.series)}")


RULES: tuple[Callable[[SpreadsheetSpec], Iterator[Problem]], ...] = (
    *ASSET_RULES,
    _names_are_unique,
    _rows_fit,
    _formulas_have_values,
    _charts_have_columns,
)
"""Every rule beyond the field types, in the order in which problems are reported."""
