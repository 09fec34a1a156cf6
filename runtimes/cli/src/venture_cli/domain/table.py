"""Columns for people and for `awk`: left-aligned, three spaces apart, as kubectl prints them."""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

GAP: Final = "   "


type Row = tuple[str, ...]
"""The cells of one line."""


def row(*cells: str) -> Row:
    """Return a row of these cells, each forced onto one line."""
    return tuple(" ".join(cell.split()) for cell in cells)


def align(rows: Sequence[Row]) -> list[Row]:
    """Return the rows with their cells padded so that columns start at the same place."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    # The last cell of a line needs no padding, which a terminal would only wrap.
    return [
        (*(cell.ljust(width) for cell, width in zip(each[:-1], widths, strict=False)), each[-1])
        for each in rows
    ]
