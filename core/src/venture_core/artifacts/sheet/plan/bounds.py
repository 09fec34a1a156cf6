"""How much a workbook may hold and compute: a few lines of it can ask for very much."""

from typing import TYPE_CHECKING, Final

from venture_core.artifacts.ir.problems import InvalidIRError, Problem, pointer
from venture_core.artifacts.sheet.ir.formulas import Operation

if TYPE_CHECKING:
    from venture_core.artifacts.sheet.ir.document import Sheet
    from venture_core.artifacts.sheet.ir.formulas import Formula

MAX_ROWS: Final = 250_000
"""Of one sheet."""
MAX_CELLS: Final = 1_000_000
"""Of all sheets, computed ones too: a cell takes about 200 bytes and 20 µs on the way."""
MAX_OPERATIONS: Final = 10_000_000
"""Of all formulas in all their rows; three seconds."""
MAX_LINKS: Final = 65_530
"""Of one sheet: spreadsheet programs open no more, and offer to repair the file."""


class Room:
    """What is left of a workbook's cells and operations."""

    def __init__(self) -> None:
        self._cells = MAX_CELLS
        self._operations = MAX_OPERATIONS

    def rows_for(self, sheet: Sheet) -> int:
        """Return how many rows the sheet can still have."""
        return min(MAX_ROWS, self._cells // len(sheet.columns))

    def take(self, index: int, sheet: Sheet, rows: int) -> None:
        """Count a sheet with so many rows. Raises `InvalidIRError` where it is too much."""
        self._cells -= rows * len(sheet.columns)
        if self._cells < 0:
            expected = f"at most {MAX_CELLS:,} cells in all sheets, computed ones too"
            raise _refusal((index,), expected, "with this sheet there are more")
        for at, column in enumerate(sheet.columns):
            if column.formula is not None:
                self._operations -= rows * _operations(column.formula)
                if self._operations < 0:
                    expected = f"at most {MAX_OPERATIONS:,} operations, over all rows and formulas"
                    place = (index, "columns", at, "formula")
                    raise _refusal(place, expected, "with this formula there are more")
            if column.type == "link" and rows > MAX_LINKS:
                expected = f"at most {MAX_LINKS:,} links in a sheet; make it a column of text"
                raise _refusal((index, "columns", at, "type"), expected, f"there are {rows:,}")


def _operations(formula: Formula) -> int:
    if isinstance(formula, Operation):
        return 1 + _operations(formula.left) + _operations(formula.right)
    return 1


def _refusal(at: tuple[str | int, ...], expected: str, message: str) -> InvalidIRError:
    return InvalidIRError([Problem(pointer(("sheets", *at)), expected, message)])
