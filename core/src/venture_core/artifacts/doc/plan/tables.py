"""How wide the columns of a table are: by their weights, else by what stands in them."""

from typing import TYPE_CHECKING

from venture_core.artifacts.doc.plan.model import POINTS
from venture_core.artifacts.fonts.fitting import measure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from venture_core.artifacts.doc.ir.blocks import TableBlock
    from venture_core.artifacts.fonts.metrics import FontMetrics

TABLE_POINTS = 9.5
PAD = 5 * POINTS
"""Between a cell's edge and its text, in twips."""
_WIDEST_POINTS = 220.0
"""A column wishes for no more than this."""
SLACK = 1.04
"""How much wider than its longest word a column is: for fonts that stand in for ours."""
_SAMPLE = 200
"""How many rows at the head and at the foot of a long table are measured."""


def plan_columns(
    table: TableBlock, room: int, font: FontMetrics
) -> tuple[tuple[int, ...], list[tuple[str, str]]]:
    """Return the widths in twips, which together are `room`, and what does not fit."""
    least, wished, widest = _measures(table, font)
    if any(column.weight != 1 for column in table.columns):
        weights = [float(column.weight) for column in table.columns]
        widths = [weight * room / sum(weights) for weight in weights]
    else:
        spare = room - sum(least)
        extra = [want - need for want, need in zip(wished, least, strict=True)]
        total = sum(extra) or 1.0
        widths = [need + spare * more / total for need, more in zip(least, extra, strict=True)]
        if not any(extra):
            widths = [room / len(least)] * len(least)
    problems = list(_problems(table, least, widths, widest))
    whole = [max(1, int(width)) for width in widths]
    whole[-1] += max(0, room - sum(whole))
    return tuple(whole), problems


def _measures(table: TableBlock, font: FontMetrics) -> tuple[list[float], list[float], list[str]]:
    """Return for each column the width of its longest word, of its longest text, and that word."""
    rows = table.rows
    if len(rows) > 2 * _SAMPLE:
        rows = rows[:_SAMPLE] + rows[-_SAMPLE:]
    least, wished, widest = [], [], []
    for index, column in enumerate(table.columns):
        texts = [(column.header, True), *((row[index], False) for row in rows)]
        measured = [measure(text, font, bold=bold) for text, bold in texts]
        longest = max(measured, key=lambda each: each.widest_em)
        line = max(sum(width + space for width, space in each.pieces) for each in measured)
        pads = 2 * PAD
        least.append(longest.widest_em * SLACK * TABLE_POINTS * POINTS + pads)
        wished.append(max(least[-1], min(line * TABLE_POINTS, _WIDEST_POINTS) * POINTS + pads))
        widest.append(longest.widest)
    return least, wished, widest


def _problems(
    table: TableBlock, least: list[float], widths: list[float], widest: list[str]
) -> Iterator[tuple[str, str]]:
    for index in range(len(table.columns)):
        if least[index] > widths[index] + 1:
            yield (
                f"columns[{index}]",
                f"the word {widest[index][:40]!r} is wider than its column; shorten it, or "
                "give the column more weight",
            )
