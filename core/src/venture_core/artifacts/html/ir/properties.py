"""The properties of CSS that an HtmlSpec may set, and a pattern for the values of each.

No property takes text from where it stands, hides it, or reaches out of the document. Lengths are
not negative, so that nothing is drawn over anything else by them.
"""

import re
from typing import TYPE_CHECKING, Final

from venture_core.artifacts.ir.theme import FontFamily
from venture_core.artifacts.paged.fonts import MONOSPACE, own_name

if TYPE_CHECKING:
    from collections.abc import Mapping

_COLORS: Final[Mapping[str, str]] = {
    "black": "#000000", "silver": "#c0c0c0", "gray": "#808080", "grey": "#808080",
    "white": "#ffffff", "maroon": "#800000", "red": "#ff0000", "purple": "#800080",
    "fuchsia": "#ff00ff", "green": "#008000", "lime": "#00ff00", "olive": "#808000",
    "yellow": "#ffff00", "navy": "#000080", "blue": "#0000ff", "teal": "#008080",
    "aqua": "#00ffff", "orange": "#ffa500",
}  # fmt: skip
_NUMBER = r"(?:[0-9]{1,4}(?:\.[0-9]{1,3})?|\.[0-9]{1,3})"
_UNIT = "(?:px|pt|pc|mm|cm|in|em|rem)"
_LENGTH = rf"(?:0|{_NUMBER}{_UNIT})"
_SIZE = rf"(?:{_LENGTH}|{_NUMBER}%)"
_AUTO = rf"(?:{_SIZE}|auto)"
_COLOR = f"(?:#[0-9a-f]{{3}}|#[0-9a-f]{{6}}|transparent|currentcolor|{'|'.join(_COLORS)})"
_LINE = "(?:none|solid|dashed|dotted|double)"
_THICKNESS = f"(?:{_LENGTH}|thin|medium|thick)"
_BORDER = f"{_LINE}|{_THICKNESS}(?: {_LINE}(?: {_COLOR})?)?"
_PERCENT_TO_400 = r"(?:[1-9][0-9]|[1-3][0-9]{2}|400)%"


def _times(pattern: str, most: int) -> str:
    return f"{pattern}(?: {pattern}){{0,{most - 1}}}"


def _words(text: str) -> str:
    return "|".join(text.split())


_BREAK = _words("auto avoid page avoid-page always left right")
_PATTERNS: Final[Mapping[str, str]] = {
    "color": _COLOR,
    "background": _COLOR,
    "background-color": _COLOR,
    "font-size": rf"(?:[6-9]|[1-9][0-9])(?:\.[0-9]{{1,2}})?(?:pt|px)|{_PERCENT_TO_400}"
    r"|(?:0\.[5-9][0-9]?|[1-4](?:\.[0-9]{1,2})?)r?em|"
    + _words("small medium large smaller larger"),
    "font-weight": _words("normal bold 400 700"),
    "font-style": _words("normal italic"),
    "font-variant-numeric": _words("normal tabular-nums lining-nums"),
    "line-height": rf"normal|[1-3](?:\.[0-9]{{1,2}})?|1[0-9]{{2}}%|{_LENGTH}",
    "letter-spacing": r"normal|0?\.[0-9]{1,2}(?:em|pt|px)|[0-5](?:\.[0-9])?(?:pt|px)",
    "text-align": _words("left right center justify start end"),
    "text-decoration": _words("none underline line-through"),
    "text-transform": _words("none uppercase lowercase capitalize"),
    "text-indent": _LENGTH,
    "vertical-align": _words("baseline sub super top middle bottom"),
    "white-space": _words("normal nowrap pre-wrap"),
    "hyphens": _words("none manual auto"),
    "overflow-wrap": _words("normal anywhere break-word"),
    "list-style-type": _words(
        "none disc circle square decimal decimal-leading-zero lower-alpha upper-alpha lower-roman "
        "upper-roman"
    ),
    "margin": _times(_AUTO, 4),
    **dict.fromkeys((f"margin-{side}" for side in ("top", "right", "bottom", "left")), _AUTO),
    "padding": _times(_SIZE, 4),
    **dict.fromkeys((f"padding-{side}" for side in ("top", "right", "bottom", "left")), _SIZE),
    **dict.fromkeys(
        ("border", "border-top", "border-right", "border-bottom", "border-left"), _BORDER
    ),
    "border-color": _times(_COLOR, 4),
    "border-style": _times(_LINE, 4),
    "border-width": _times(_THICKNESS, 4),
    "border-radius": _times(_SIZE, 4),
    "border-collapse": _words("collapse separate"),
    "border-spacing": _times(_LENGTH, 2),
    **dict.fromkeys(("width", "min-width", "height", "min-height"), _AUTO),
    "max-width": f"{_SIZE}|none",
    "display": _words("block inline inline-block list-item flex"),
    "flex": r"[0-9]{1,2}(?: [0-9]{1,2}(?: " + _AUTO + ")?)?",
    "flex-direction": _words("row column"),
    "flex-wrap": _words("nowrap wrap"),
    "justify-content": _words("flex-start flex-end center space-between space-around"),
    "align-items": _words("stretch flex-start flex-end center baseline"),
    "gap": _times(_LENGTH, 2),
    "float": _words("none left right"),
    "clear": _words("none left right both"),
    "table-layout": _words("auto fixed"),
    "caption-side": _words("top bottom"),
    "columns": "[1-4]",
    "column-gap": _LENGTH,
    **dict.fromkeys(("break-before", "break-after"), _BREAK),
    **dict.fromkeys(("page-break-before", "page-break-after"), _words("auto avoid always")),
    **dict.fromkeys(("break-inside", "page-break-inside"), _words("auto avoid")),
    "orphans": "[1-9]",
    "widows": "[1-9]",
}
_COMPILED: Final = {name: re.compile(pattern) for name, pattern in _PATTERNS.items()}
_FAMILIES: Final[Mapping[str, str]] = {
    **{family.value.lower(): own_name(family) for family in FontFamily},
    "courier new": MONOSPACE,
    "monospace": MONOSPACE,
    "sans-serif": own_name(FontFamily.ARIAL),
    "serif": own_name(FontFamily.TIMES_NEW_ROMAN),
}
PROPERTIES: Final = frozenset(_PATTERNS) | {"font-family"}


def allowed(name: str, value: str) -> str | None:
    """Return the value as it is written; empty if it may not be, None if the property may not."""
    if name == "font-family":
        return _families(value)
    if name not in _COMPILED:
        return None
    lowered = value.lower()
    if not _COMPILED[name].fullmatch(lowered):
        return ""
    return " ".join(_COLORS.get(word, word) for word in lowered.split(" "))


def _families(value: str) -> str:
    """Return our own names of families, of which at least one has to be ours."""
    wanted = [part.strip().strip("\"'").lower() for part in value.split(",")]
    known = [_FAMILIES[name] for name in wanted if name in _FAMILIES]
    return ", ".join(f'"{name}"' for name in known)
