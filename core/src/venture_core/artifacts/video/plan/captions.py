"""Captions: when each is shown, to the frame, and its words set in the strip at the foot."""

from typing import TYPE_CHECKING, Final

from venture_core.artifacts.colors import Role
from venture_core.artifacts.deck.plan.text import Typeface
from venture_core.artifacts.drawing.lettering import set_lines
from venture_core.artifacts.drawing.scene import Area
from venture_core.artifacts.fonts.fitting import break_lines, measure
from venture_core.artifacts.video.plan.model import FRAMES_PER_SECOND, PlannedCaption

if TYPE_CHECKING:
    from collections.abc import Iterator

    from venture_core.artifacts.colors import ColorScheme
    from venture_core.artifacts.fonts.metrics import FontMetrics
    from venture_core.artifacts.video.ir import TimelineSpec
    from venture_core.artifacts.video.ir.document import Caption

CAPTION_INK: Final = Role.BACKGROUND
CAPTION_PAPER: Final = Role.TEXT
LETTERS: Final = {"landscape": 40.0, "square": 44.0, "upright": 54.0}
"""Height of the letters of captions in each format, in pixels."""
LINES: Final = {"landscape": 2, "square": 3, "upright": 4}
"""How many lines a caption may have."""
_PAD_EM: Final = 0.45
_SIDE_SHARE: Final = 0.06


def strip_height(spec: TimelineSpec) -> int:
    """Return how many pixels at the foot belong to captions: an even number, or none."""
    if not spec.burn_in or not any((spec.captions, *(clip.captions for clip in spec.narration))):
        return 0
    font, size = Typeface.of(spec).body, LETTERS[spec.format]
    height = LINES[spec.format] * size * font.line_em + 2 * _PAD_EM * size
    return 2 * round(height / 2)


def plan_captions(
    spec: TimelineSpec, scheme: ColorScheme, width: int, strip: int
) -> tuple[PlannedCaption, ...]:
    """Place every caption, those of clips and those of the document, in order of time."""
    font = Typeface.of(spec).body
    size = LETTERS[spec.format]
    side = round(width * _SIDE_SHARE)
    room = Area(side, 0, width - 2 * side, strip)
    color = scheme.values[CAPTION_INK]
    planned = []
    for element, shift, caption in _all(spec):
        start, end = shift + caption.start, shift + caption.end
        lines = break_lines(caption.text, font, room.width / size, bold=False)
        top = (strip - len(lines) * size * font.line_em) / 2
        area = Area(room.left, top, room.width, room.height)
        words = set_lines(caption.text, area, font, size, color, anchor="middle")
        planned.append(
            PlannedCaption(
                element=element,
                text=caption.text,
                start=start,
                end=end,
                first=round(start * FRAMES_PER_SECOND),
                after=round(end * FRAMES_PER_SECOND),
                lines=tuple(words) if strip else (),
                problem=_problem(spec, caption.text, len(lines), font, room.width) if strip else "",
            )
        )
    return tuple(sorted(planned, key=lambda each: (each.first, each.after, each.element)))


def _all(spec: TimelineSpec) -> Iterator[tuple[str, float, Caption]]:
    for index, caption in enumerate(spec.captions):
        yield f"captions[{index}]", 0.0, caption
    for number, clip in enumerate(spec.narration):
        for index, caption in enumerate(clip.captions):
            yield f"narration[{number}].captions[{index}]", clip.at, caption


def _problem(spec: TimelineSpec, text: str, lines: int, font: FontMetrics, width: float) -> str:
    size, most = LETTERS[spec.format], LINES[spec.format]
    if missing := font.missing(text):
        return f"the font has no letters for “{missing:.20}”"
    widest = measure(text, font, bold=False)
    if widest.widest_em * size > width:
        return f"“{widest.widest:.40}” is wider than the picture"
    if lines > most:
        return f"takes {lines} lines, and {most} fit; make two captions of it"
    return ""
