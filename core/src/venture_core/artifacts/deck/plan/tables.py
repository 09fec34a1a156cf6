"""Measuring a table: column widths, row heights, and the size at which it fits."""

from typing import TYPE_CHECKING

from venture_core.artifacts.deck.plan.geometry import EMU_PER_POINT, Box, inches, points
from venture_core.artifacts.deck.plan.model import TableColumn, TableElement
from venture_core.artifacts.fonts.fitting import measure

if TYPE_CHECKING:
    from venture_core.artifacts.deck.ir.slides import Table
    from venture_core.artifacts.fonts.metrics import FontMetrics

SIZES = (16.0, 15.0, 14.0, 13.0, 12.0)
CELL_SIDE = inches(0.12)
"""Space at the left and right inside a cell."""
CELL_END = inches(0.06)
"""Space at the top and bottom inside a cell."""

_ROW_EM = 2.1
_ALIGNMENTS = {"left": "l", "center": "ctr", "right": "r"}


def plan_table(table: Table, alt_text: str, area: Box, font: FontMetrics) -> TableElement:
    """Fit `table` into `area` at the largest size possible, and say what does not fit."""
    rows = (tuple(column.header for column in table.columns), *table.rows)
    columns = _columns(table, area.width)
    for size in SIZES:
        heights, problems = _measure_rows(table, rows, columns, size, font)
        excess = sum(heights) - area.height
        if excess > 0:
            problems = (
                *problems,
                (
                    "table",
                    f"stands {excess / EMU_PER_POINT:.0f} pt over its area at {size:g} pt, the "
                    "smallest readable size here; split it over two slides",
                ),
            )
        if not problems:
            break
    box = Box(area.left, area.top, area.width, sum(heights))
    return TableElement(
        columns, rows, heights, table.total_row, size, box, alt_text.strip(), problems
    )


def _columns(table: Table, width: int) -> tuple[TableColumn, ...]:
    """Share `width` by weight; the last column takes what rounding leaves."""
    total = sum(column.weight for column in table.columns)
    widths = [width * column.weight // total for column in table.columns]
    widths[-1] += width - sum(widths)
    return tuple(
        TableColumn(share, _ALIGNMENTS[column.align])
        for share, column in zip(widths, table.columns, strict=True)
    )


def _measure_rows(
    table: Table,
    rows: tuple[tuple[str, ...], ...],
    columns: tuple[TableColumn, ...],
    size: float,
    font: FontMetrics,
) -> tuple[tuple[int, ...], tuple[tuple[str, str], ...]]:
    """Heights of all rows at `size`, and the cells with a word that is wider than its column."""
    heights: list[int] = []
    problems: list[tuple[str, str]] = []
    for row_index, row in enumerate(rows):
        bold = row_index == 0 or (table.total_row and row_index == len(rows) - 1)
        lines = 1
        for column_index, (cell, column) in enumerate(zip(row, columns, strict=True)):
            limit = (column.width - 2 * CELL_SIDE) / EMU_PER_POINT / size
            text = measure(cell, font, bold=bold)
            lines = max(lines, text.lines(limit))
            if text.widest_em > limit:
                reason = f"“{text.widest:.40}” is wider than its column at {size:g} pt"
                problems.append((_cell_name(row_index, column_index), reason))
        needed = points(lines * size * font.line_em) + 2 * CELL_END
        heights.append(max(needed, points(size * _ROW_EM)))
    return tuple(heights), tuple(problems)


def _cell_name(row: int, column: int) -> str:
    return f"table.columns[{column}].header" if row == 0 else f"table.rows[{row - 1}][{column}]"
