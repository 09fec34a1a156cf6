"""Data grids: how wide their columns are, what their cells say, how tall their rows stand."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from venture_core.artifacts.fonts.fitting import SAFETY, break_lines, measure
from venture_core.artifacts.numbers import IN_COLUMNS, format_value, resolved

if TYPE_CHECKING:
    from collections.abc import Iterator

    from venture_core.artifacts.drawing.scene import Anchor
    from venture_core.artifacts.fonts.metrics import FontMetrics
    from venture_core.artifacts.ir.charts import NumberFormat
    from venture_core.artifacts.report.ir.document import (
        Cell,
        GridBlock,
        StatementBlock,
    )

POINTS: Final = 9.0
SIDE: Final = 5.0
"""Space at the left and right inside a cell."""
END: Final = 3.0
"""Space at the top and bottom inside a cell."""

_WIDEST_SHARE: Final = 0.5
"""The most of the page's width that a column asks for by its content."""
_ANCHORS: Final[dict[str, Anchor]] = {"left": "start", "center": "middle", "right": "end"}


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the lines of each cell, and its height in points."""

    cells: tuple[tuple[str, ...], ...]
    height: float


@dataclass(frozen=True, slots=True)
class Grid:
    """A data grid, measured."""

    widths: tuple[float, ...]
    anchors: tuple[Anchor, ...]
    head: Row
    rows: tuple[Row, ...]
    total: bool
    """Whether the last row is set apart."""
    problems: tuple[tuple[str, str], ...]
    """Place and reason for each cell that does not fit."""


def measure_grid(block: GridBlock, width: float, font: FontMetrics) -> Grid:
    """Choose the columns' widths within `width` and break what the cells say."""
    forms = tuple(_form(block, index) for index in range(len(block.columns)))
    texts = tuple(
        tuple(_text(cell, form) for cell, form in zip(row, forms, strict=True))
        for row in block.rows
    )
    numeric = tuple(_is_numeric(block, index) for index in range(len(block.columns)))
    anchors = tuple(
        _ANCHORS[column.align or ("right" if number else "left")]
        for column, number in zip(block.columns, numeric, strict=True)
    )
    headers = tuple(column.header for column in block.columns)
    weights = tuple(column.weight for column in block.columns)
    if all(weights):
        whole = sum(weight or 0 for weight in weights)
        widths = tuple(width * (weight or 0) / whole for weight in weights)
    else:
        widths = _by_content(headers, texts, width, font)
    return _measured(headers, texts, widths, anchors, font, total=block.total_row)


def statement_grid(block: StatementBlock, width: float, font: FontMetrics) -> Grid:
    """Set a statement as a grid: what it opens with, each entry with the balance after it."""
    balance = block.opening_cents
    texts = [("", "Opening balance", "", money(balance, block.symbol))]
    for entry in block.entries:
        balance += entry.cents
        amount = money(entry.cents, block.symbol)
        texts.append((entry.date, entry.text, amount, money(balance, block.symbol)))
    change = balance - block.opening_cents
    texts.append(("", "Closing balance", money(change, block.symbol), money(balance, block.symbol)))
    headers = ("Date", "Entry", "Amount", "Balance")
    widths = _by_content(headers, tuple(texts), width, font)
    anchors: tuple[Anchor, ...] = ("start", "start", "end", "end")
    return _measured(headers, tuple(texts), widths, anchors, font, total=True)


def money(cents: int, symbol: str) -> str:
    """Write an amount in hundredths exactly, such as -$1,234.05."""
    whole, part = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{symbol}{whole:,}.{part:02d}"


def _form(block: GridBlock, index: int) -> NumberFormat | None:
    """Return how the numbers of a column are written, with the decimals that they need."""
    form = block.columns[index].number_format
    if form is None:
        return None
    cells = (row[index] for row in block.rows)
    return resolved(form, (each for each in cells if not isinstance(each, str)), IN_COLUMNS)


def _text(cell: Cell, form: NumberFormat | None) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    if form is not None:
        return format_value(cell, form)
    return f"{cell:,}"


def _is_numeric(block: GridBlock, index: int) -> bool:
    """Say whether a column holds numbers and nothing else but gaps."""
    cells = [row[index] for row in block.rows if row[index] is not None]
    return bool(cells) and not any(isinstance(cell, str) for cell in cells)


def _by_content(
    headers: tuple[str, ...], texts: tuple[tuple[str, ...], ...], width: float, font: FontMetrics
) -> tuple[float, ...]:
    """Give columns what their widest cell needs; the wide ones share what is left of the page."""
    wishes: list[float] = []
    for index, header in enumerate(headers):
        widest = max((font.width_em(row[index], bold=False) for row in texts), default=0.0)
        widest = max(widest, font.width_em(header, bold=True)) * SAFETY * POINTS + 2 * SIDE + 1
        wishes.append(min(widest, width * _WIDEST_SHARE))
    wanted = sum(wishes)
    if wanted <= width:
        spare = (width - wanted) / len(wishes)
        return tuple(wish + spare for wish in wishes)
    fair = width / len(wishes)
    narrow = sum(wish for wish in wishes if wish <= fair)
    wide = sum(wish for wish in wishes if wish > fair)
    return tuple(wish if wish <= fair else (width - narrow) * wish / wide for wish in wishes)


def _measured(
    headers: tuple[str, ...],
    texts: tuple[tuple[str, ...], ...],
    widths: tuple[float, ...],
    anchors: tuple[Anchor, ...],
    font: FontMetrics,
    *,
    total: bool,
) -> Grid:
    problems: list[tuple[str, str]] = []
    head = _row(headers, widths, font, "columns", problems, bold=True)
    rows = tuple(
        _row(row, widths, font, f"rows[{number}]", problems, bold=total and row is texts[-1])
        for number, row in enumerate(texts)
    )
    return Grid(widths, anchors, head, rows, total and bool(rows), tuple(problems))


def _row(
    texts: tuple[str, ...],
    widths: tuple[float, ...],
    font: FontMetrics,
    name: str,
    problems: list[tuple[str, str]],
    *,
    bold: bool,
) -> Row:
    cells: list[tuple[str, ...]] = []
    for index, (text, width) in enumerate(zip(texts, widths, strict=True)):
        limit = (width - 2 * SIDE) / POINTS
        problems += (
            (f"{name}[{index}]", reason) for reason in _misfits(text, limit, font, bold=bold)
        )
        if font.width_em(text, bold=bold) * SAFETY <= limit:
            cells.append((text,))
        else:
            cells.append(break_lines(text, font, limit, bold=bold))
    height = max(map(len, cells)) * POINTS * font.line_em + 2 * END
    return Row(tuple(cells), height)


def _misfits(text: str, limit: float, font: FontMetrics, *, bold: bool) -> Iterator[str]:
    if missing := font.missing(text):
        yield f"the font has no letters for “{missing:.20}”"
    if font.width_em(text, bold=bold) * SAFETY > limit:
        measured = measure(text, font, bold=bold)
        if measured.widest_em > limit:
            yield f"“{measured.widest:.40}” is wider than its column at {POINTS:g} pt"
