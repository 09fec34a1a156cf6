"""Line breaking and the choice of a size at which text fits its box."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from venture_core.artifacts.fonts.clusters import unbroken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from venture_core.artifacts.fonts.metrics import FontMetrics

_SPACES = " \u2000-\u2006\u2008-\u200b\u3000"
# A word ends after a hyphen or dash, as viewers break there, or before white space.
_UNIT = re.compile(rf"([^{_SPACES}\-\u2013\u2014]*[\-\u2013\u2014]*)([{_SPACES}]*)")

SAFETY = 1.015
"""Widths are taken this much wider, for viewers that round every advance to whole pixels."""


@dataclass(frozen=True, slots=True)
class MeasuredText:
    """One paragraph cut into pieces that never break, with their widths in em."""

    pieces: tuple[tuple[float, float], ...]
    """Width of each piece and of the white space behind it."""
    widest_em: float
    """Width of the widest piece: below this, a viewer would break a word in the middle."""
    widest: str

    def lines(self, limit_em: float) -> int:
        """Count the lines the paragraph takes in a box `limit_em` wide; an empty one takes 1."""
        count, used = 1, 0.0
        pending_space = 0.0
        for width, space in self.pieces:
            if used > 0 and used + pending_space + width > limit_em:
                count, used = count + 1, 0.0
                pending_space = 0.0
            used += pending_space + width
            pending_space = space
        return count


def measure(text: str, font: FontMetrics, *, bold: bool) -> MeasuredText:
    """Measure one paragraph of `text`."""
    pieces: list[tuple[float, float]] = []
    widest, widest_em = "", 0.0
    for word, space in _units(text):
        width = font.width_em(word, bold=bold) * SAFETY
        pieces.append((width, font.width_em(space, bold=bold) * SAFETY))
        if width > widest_em:
            widest, widest_em = word, width
    return MeasuredText(tuple(pieces), widest_em, widest)


def break_lines(text: str, font: FontMetrics, limit_em: float, *, bold: bool) -> tuple[str, ...]:
    """Break one paragraph into the lines that `MeasuredText.lines` counts at the same limit.

    White space at either end of a line is left out.
    """
    lines: list[str] = []
    line, used, pending = "", 0.0, ""
    for word, space in _units(text):
        width = font.width_em(word, bold=bold) * SAFETY
        gap = font.width_em(pending, bold=bold) * SAFETY
        if used > 0 and used + gap + width > limit_em:
            lines.append(line)
            line, used, pending, gap = "", 0.0, "", 0.0
        line += (pending if line else "") + word
        used += gap + width
        pending = space
    return (*lines, line)


def _units(text: str) -> Iterator[tuple[str, str]]:
    """Cut `text` into unbreakable words, each with the white space that follows it."""
    for match in _UNIT.finditer(text):
        word, space = match.groups()
        if not word and not space:
            continue
        *heads, last = unbroken(word)
        for head in heads:
            yield head, ""
        yield last, space
