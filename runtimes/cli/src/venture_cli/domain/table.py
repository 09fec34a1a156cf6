"""Columns for people and for `awk`: left-aligned, three spaces apart, as kubectl prints them."""

from typing import TYPE_CHECKING, Final

from venture_cli.domain.harmless import harmless, width

if TYPE_CHECKING:
    from collections.abc import Sequence

GAP: Final = "   "
NONE: Final = "<none>"


type Row = tuple[str, ...]
"""The cells of one line."""


def row(*cells: str) -> Row:
    """Return a row of these cells, each on one line and harmless."""
    return tuple(harmless(" ".join(cell.split())) for cell in cells)


def align(rows: Sequence[Row]) -> list[Row]:
    """Return the rows with their cells padded so that columns start at the same place."""
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    # The last cell of a line needs no padding, which a terminal would only wrap.
    return [(*map(_padded, each[:-1], widths[:-1], strict=True), each[-1]) for each in rows]


def _padded(cell: str, columns: int) -> str:
    return cell + " " * (columns - width(cell))
