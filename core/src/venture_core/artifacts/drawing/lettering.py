"""Setting text: lines broken as they were measured, each on its baseline."""

from typing import TYPE_CHECKING, Final

from venture_core.artifacts.drawing.scene import Area, Words
from venture_core.artifacts.fonts.bidi import direction_of, runs_right
from venture_core.artifacts.fonts.fitting import break_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from venture_core.artifacts.drawing.scene import Anchor
    from venture_core.artifacts.fonts.metrics import FontMetrics

BASELINE_SHARE: Final = 0.77
"""How far down a line its baseline stands, as a share of the line's height."""


def baseline(top: float, size: float, font: FontMetrics) -> float:
    """Return where the baseline of a line stands whose upper edge is at `top`."""
    return top + size * font.line_em * BASELINE_SHARE


def set_lines(
    text: str,
    area: Area,
    font: FontMetrics,
    size: float,
    color: str,
    *,
    bold: bool = False,
    anchor: Anchor = "start",
) -> Iterator[Words]:
    """Set a paragraph from the top of `area`, broken to its width; it may stand over the foot.

    It stands where `anchor` says, in whichever direction it runs: pages of a language that is read
    from the right are turned as a whole (`mirroring`).
    """
    direction = direction_of(text) if runs_right(text) else None
    at = {"start": area.left, "middle": area.left + area.width / 2, "end": area.right}[anchor]
    lines = break_lines(text, font, area.width / size, bold=bold)
    for number, line in enumerate(lines):
        top = area.top + number * size * font.line_em
        place = (at, baseline(top, size, font))
        yield Words(line, place, font.family, size, color, bold, anchor, direction)
