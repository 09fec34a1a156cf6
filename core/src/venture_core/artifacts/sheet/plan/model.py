"""The plan of a workbook."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from venture_core.artifacts.colors import ColorScheme
    from venture_core.artifacts.sheet.ir import SpreadsheetSpec
    from venture_core.artifacts.sheet.ir.cells import Value
    from venture_core.artifacts.sheet.ir.document import Sheet

FIRST_ROW = 2
"""Where the rows begin: the head is the first."""


@dataclass(frozen=True, slots=True)
class PlannedSheet:
    """A sheet with all its values."""

    sheet: Sheet
    rows: list[list[Value]]
    """As the cells hold them; what is computed is in its place."""
    totals: tuple[float | None, ...]
    """What the row at the foot says, for each column; empty where no column has a total."""
    widths: tuple[float, ...]
    """Of the columns, in characters of the default font."""
    errors: tuple[tuple[str, str], ...]
    """The place of each formula that has no value, and why."""

    @property
    def last_row(self) -> int:
        """The number of the last row with data, at least that of the first."""
        return max(FIRST_ROW, FIRST_ROW + len(self.rows) - 1)


@dataclass(frozen=True, slots=True)
class SheetPlan:
    """The whole workbook."""

    spec: SpreadsheetSpec
    scheme: ColorScheme
    rtl: bool
    sheets: tuple[PlannedSheet, ...]
