"""Columns for people and for `awk`: left-aligned, three spaces apart, as kubectl prints them."""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

GAP: Final = "   "


class Row(tuple[str, ...]):
    """The cells of one line."""

    __slots__ = ()

    def __new__(cls, *cells: str) -> Row:
        """Make a row of these cells, each on one line."""
        return super().__new__(cls, (" ".join(cell.split()) for cell in cells))


def align(rows: Sequence[Row]) -> list[str]:
    """Return the rows as lines whose columns start at the same place."""
    if not rows:
        return []
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
