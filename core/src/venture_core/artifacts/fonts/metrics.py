"""Advance widths and line heights of the known font families."""

import json
import unicodedata
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from venture_core.artifacts.ir.theme import FontFamily

# What no font has is a finding; until it is told, these widths, in em, stand for it.
_WIDE_FALLBACK_EM = 1.0
_NARROW_FALLBACK_EM = 0.65


@dataclass(frozen=True, slots=True, eq=False)
class FontMetrics:
    """How wide the characters of one family are and how tall its lines."""

    family: FontFamily
    line_em: float
    """Height of a single-spaced line, in multiples of the font size."""
    _regular: dict[int, float] = field(repr=False)
    _bold: dict[int, float] = field(repr=False)

    def draws(self, text: str) -> bool:
        """Say whether the family has all that is seen of `text`."""
        return text.isascii() or all(
            ord(character) in self._regular or _unseen(character) for character in text
        )

    def width_em(self, text: str, *, bold: bool) -> float:
        """Return the width of `text` on one line, in multiples of the font size.

        The family's own letters have no kerning. Others have the width of the font that draws them.
        """
        if self.draws(text):
            return self.plain_width_em(text, bold=bold)
        from venture_core.artifacts.fonts.shaping import width_em

        return width_em(text, self, bold=bold)

    def plain_width_em(self, text: str, *, bold: bool) -> float:
        """Return the width of letters of the family; a guess for each that it lacks."""
        widths = self._bold if bold else self._regular
        return sum(
            widths[code] if (code := ord(character)) in widths else _fallback_em(character)
            for character in text
        )

    def missing(self, text: str) -> str:
        """Return the letters of `text`, each once, that no font can draw."""
        if self.draws(text):
            return ""
        from venture_core.artifacts.fonts.shaping import lacking

        return lacking(text, self)


def _fallback_em(character: str) -> float:
    if _invisible(character):
        return 0.0
    if unicodedata.east_asian_width(character) in ("W", "F"):
        return _WIDE_FALLBACK_EM
    return _NARROW_FALLBACK_EM


def _unseen(character: str) -> bool:
    """Say whether nothing is drawn for the character: a joiner, a mark of direction."""
    return unicodedata.category(character) == "Cf" or "\ufe00" <= character <= "\ufe0f"


def _invisible(character: str) -> bool:
    """Say whether the character takes no room of its own: a mark on another, or a control."""
    if unicodedata.combining(character):
        return True
    return unicodedata.category(character) in ("Mn", "Me", "Cf")


_LINES_EM: Final = {
    **dict.fromkeys(("zh", "ja", "ko"), 1.45),
    **dict.fromkeys(("th", "lo", "km"), 1.5),
    **dict.fromkeys(("my",), 1.8),
    **dict.fromkeys(("ar", "fa", "ur", "ps", "ckb", "sd", "ug"), 1.4),
    **dict.fromkeys(
        ("hi", "mr", "ne", "bn", "gu", "pa", "kn", "ml", "or", "ta", "te", "si", "am", "he"), 1.35
    ),
}
"""How tall lines are at least in languages whose letters are taller, or have marks over them.

Close to what office programs take for the fonts that they draw them with.
"""


@cache
def metrics_for(family: FontFamily, language: str) -> FontMetrics:
    """Return the metrics of `family` with lines as tall as the letters of a language ask for."""
    metrics = load_metrics(family)
    line = max(metrics.line_em, _LINES_EM.get(language.partition("-")[0], 0.0))
    return replace(metrics, line_em=line)


@cache
def load_metrics(family: FontFamily) -> FontMetrics:
    """Read the bundled table of `family`; its lines are those of its own letters."""
    name = family.value.lower().replace(" ", "-") + ".json"
    source = files("venture_core.artifacts.fonts") / "data" / name
    table = json.loads(source.read_bytes())
    units = table["unitsPerEm"]
    return FontMetrics(
        family=family,
        line_em=table["lineUnits"] / units,
        _regular=dict(_widths(table["regular"], units)),
        _bold=dict(_widths(table["bold"], units)),
    )


def _widths(runs: dict[str, list[int]], units: int) -> Iterator[tuple[int, float]]:
    for start, advances in runs.items():
        for code, advance in enumerate(advances, int(start, 16)):
            yield code, advance / units
