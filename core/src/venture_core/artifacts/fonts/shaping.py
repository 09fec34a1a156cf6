"""Lines of text as they are drawn: who draws which part, in which order, with which glyphs.

What the family of a text has is drawn by it, letter by letter, as it is measured. Everything
else is shaped by HarfBuzz with the first font of the chain that has it.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from venture_core.artifacts.fonts.bidi import (
    direction_of,
    in_visual_order,
    levels,
    mirrored,
    runs_right,
)
from venture_core.artifacts.fonts.clusters import clusters
from venture_core.artifacts.fonts.fallbacks import face_for, seen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from venture_core.artifacts.fonts.bidi import Direction
    from venture_core.artifacts.fonts.fallbacks import Face
    from venture_core.artifacts.fonts.metrics import FontMetrics

_EAST_ASIAN: Final = ("zh", "ja", "ko")
_KANA: Final = ("\u3040", "\u30ff")
_HANGUL: Final = ("\uac00", "\ud7a3")


@dataclass(frozen=True, slots=True)
class Glyph:
    """One glyph of a piece, in em from where the one before it ended; up is positive."""

    id: int
    text: str
    """What it stands for; empty where a glyph beside it stands for the same letters."""
    advance: float
    dx: float
    dy: float


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a line that one font draws."""

    text: str
    """As it is drawn from the left, where the family draws it; else as it is read."""
    width: float
    """In em."""
    face: Face | None = None
    """The font of the chain; None where the family itself draws it."""
    glyphs: tuple[Glyph, ...] = ()
    right: bool = False
    """Whether it runs from the right. Its glyphs go from the left all the same."""


def is_plain(text: str, font: FontMetrics, direction: Direction | None = None) -> bool:
    """Say whether the family draws all of a line as it stands, from left to right."""
    return direction != "rtl" and font.draws(text) and not runs_right(text)


# Drawing asks where a line is, and how wide, before it draws it.
@lru_cache(maxsize=2048)
def shaped(
    text: str,
    font: FontMetrics,
    *,
    bold: bool,
    language: str = "",
    direction: Direction | None = None,
) -> tuple[Piece, ...]:
    """Return the pieces of one line from left to right.

    `direction` is that of its paragraph; that of the line's first letter where it is None.
    `language` chooses among the forms that Chinese, Japanese and Korean give the same letter.
    Letters that no font has are left to the family, which draws a box: a gate finds them before.
    """
    direction = direction or direction_of(text)
    depths = levels(text, direction)
    runs: list[tuple[int, Piece]] = []
    for start, end, face in _runs(text, font, bold=bold):
        at = start
        while at < end:
            stop = at
            while stop < end and depths[stop] == depths[at]:
                stop += 1
            depth = depths[at]
            piece = _piece(text[at:stop], font, face, language, bold=bold, right=bool(depth % 2))
            runs.append((depth, piece))
            at = stop
    return tuple(in_visual_order(runs))


@lru_cache(maxsize=16384)
def width_em(text: str, font: FontMetrics, *, bold: bool) -> float:
    """Return the width of a line of text that its family does not draw alone."""
    return sum(piece.width for piece in shaped(text, font, bold=bold))


def lacking(text: str, font: FontMetrics) -> str:
    """Return the letters of `text`, each once, that neither its family nor any other font has."""
    if font.draws(text):
        return ""
    missing = (
        letter
        for letter in clusters(text)
        if not font.draws(letter) and face_for(letter, bold=False) is None
    )
    return "".join(dict.fromkeys(filter(_seen, missing)))


def _seen(letter: str) -> bool:
    return any(seen(character) for character in letter)


def _runs(text: str, font: FontMetrics, *, bold: bool) -> Iterator[tuple[int, int, Face | None]]:
    """Cut a line where another font draws on. White space is the family's, as it is measured."""
    start = at = 0
    current: Face | None = None
    for letter in clusters(text):
        own = font.draws(letter) or letter.isspace()
        face = None if own else face_for(letter, bold=bold)
        if face is not current and at > start:
            yield start, at, current
            start = at
        current = face
        at += len(letter)
    if at > start:
        yield start, at, current


def _piece(
    text: str, font: FontMetrics, face: Face | None, language: str, *, bold: bool, right: bool
) -> Piece:
    if face is None:
        return Piece(mirrored(text) if right else text, font.plain_width_em(text, bold=bold))
    glyphs = _glyphs(text, face, _language(text, language), right=right)
    return Piece(text, sum(glyph.advance for glyph in glyphs), face, glyphs, right)


def _language(text: str, language: str) -> str:
    """Return the language whose forms Chinese letters take: the text's own where it shows one."""
    if any(_KANA[0] <= character <= _KANA[1] for character in text):
        return "ja"
    if any(_HANGUL[0] <= character <= _HANGUL[1] for character in text):
        return "ko"
    if language.partition("-")[0] in _EAST_ASIAN:
        return language
    return "zh-Hans" if _is_chinese(text) else (language or "en")


def _is_chinese(text: str) -> bool:
    """Say whether there is a Chinese letter in `text`."""
    return any("\u3400" <= character <= "\u9fff" for character in text)


def _glyphs(text: str, face: Face, language: str, *, right: bool) -> tuple[Glyph, ...]:
    import uharfbuzz

    buffer = uharfbuzz.Buffer()
    buffer.add_str(text)
    # Set before anything is guessed: the guess would be the locale of the process.
    buffer.language = language
    buffer.guess_segment_properties()
    buffer.direction = "rtl" if right else "ltr"
    uharfbuzz.shape(face.font, buffer)
    infos, positions = buffer.glyph_infos, buffer.glyph_positions
    starts = sorted({info.cluster for info in infos})
    ends = dict(zip(starts, (*starts[1:], len(text)), strict=True))
    # Of several glyphs for the same letters, the widest stands for them; the others are marks.
    bases: dict[int, int] = {}
    for place, info in enumerate(infos):
        best = bases.setdefault(info.cluster, place)
        if positions[place].x_advance > positions[best].x_advance:
            bases[info.cluster] = place
    glyphs = []
    for place, (info, position) in enumerate(zip(infos, positions, strict=True)):
        first = bases[info.cluster] == place
        stands_for = text[info.cluster : ends[info.cluster]] if first else ""
        lengths = (position.x_advance, position.x_offset, position.y_offset)
        advance, dx, dy = (length / face.units for length in lengths)
        glyphs.append(Glyph(info.codepoint, stands_for, advance, dx, dy))
    return tuple(glyphs)
