"""The elements and attributes that an HtmlSpec may use, and what may stand in what."""

import re
from typing import TYPE_CHECKING, Final

from venture_core.artifacts.ir.text import LINK

if TYPE_CHECKING:
    from collections.abc import Mapping

PHRASES: Final = frozenset(
    [
        "a",
        "abbr",
        "b",
        "br",
        "cite",
        "code",
        "del",
        "dfn",
        "em",
        "i",
        "img",
        "ins",
        "kbd",
        "mark",
        "q",
        "s",
        "samp",
        "small",
        "span",
        "strong",
        "sub",
        "sup",
        "time",
        "u",
        "var",
        "wbr",
    ]
)
"""What stands within a line."""
BLOCKS: Final = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "div",
        "dl",
        "figure",
        "footer",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "ul",
    ]
)
VOID: Final = frozenset({"br", "col", "hr", "img", "wbr"})
"""What has no content and no end."""
_FLOW: Final = PHRASES | BLOCKS
_ONLY_PHRASES: Final = (
    PHRASES | frozenset(["p", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "dt", "caption"])
) - VOID
_PARTS: Final[Mapping[str, frozenset[str]]] = {
    "table": frozenset({"caption", "colgroup", "thead", "tbody", "tfoot"}),
    "colgroup": frozenset({"col"}),
    "thead": frozenset({"tr"}),
    "tbody": frozenset({"tr"}),
    "tfoot": frozenset({"tr"}),
    "tr": frozenset({"th", "td"}),
    "ul": frozenset({"li"}),
    "ol": frozenset({"li"}),
    "dl": frozenset({"dt", "dd"}),
}
"""What consists of nothing but these, without words of its own."""
ROOT: Final = "body"
_CONTENT: Final[Mapping[str, frozenset[str]]] = {
    ROOT: _FLOW,
    **dict.fromkeys(BLOCKS | {"li", "dd", "th", "td", "figcaption"}, _FLOW),
    "figure": _FLOW | {"figcaption"},
    **dict.fromkeys(_ONLY_PHRASES, PHRASES),
    **_PARTS,
    **dict.fromkeys(VOID, frozenset()),
}
ELEMENTS: Final = frozenset(_CONTENT) - {ROOT}

_NAME = "[A-Za-z][A-Za-z0-9_-]{0,62}"
_FORMS: Final[Mapping[str, tuple[str, str]]] = {
    "id": (_NAME, "a name of letters, digits, - and _ that begins with a letter"),
    "class": (f"{_NAME}(?: {_NAME}){{0,9}}", "one to ten names"),
    "lang": ("[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,3}", "a language tag such as en-US"),
    "dir": ("ltr|rtl", "ltr or rtl"),
    "title": (r"[^\n]{0,200}", "at most 200 characters"),
    "alt": (r"[^\n]{0,500}", "at most 500 characters"),
    "href": (
        LINK.pattern.replace("#[a-z0-9-]{1,63}", f"#{_NAME}"),
        "https://, http://, mailto: or #id",
    ),
    "src": ("asset:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", "asset: and the name of an asset"),
    "width": ("[1-9][0-9]{0,3}", "pixels from 1 to 9999"),
    "height": ("[1-9][0-9]{0,3}", "pixels from 1 to 9999"),
    "colspan": ("[1-9]|[1-4][0-9]", "1 to 49"),
    "rowspan": ("[1-9]|[1-9][0-9]", "1 to 99"),
    "span": ("[1-9]|[1-4][0-9]", "1 to 49"),
    "scope": ("col|row|colgroup|rowgroup", "col, row, colgroup or rowgroup"),
    "start": ("[0-9]{1,6}", "a number of at most six digits"),
    "value": ("[0-9]{1,6}", "a number of at most six digits"),
    "datetime": ("[0-9T:Z. +-]{1,40}", "a date or time"),
}
"""How the value of each attribute has to look, and how to say that."""
_EVERYWHERE: Final = frozenset({"id", "class", "lang", "dir", "title", "style"})
_OF_ELEMENTS: Final[Mapping[str, frozenset[str]]] = {
    "a": frozenset({"href"}),
    "img": frozenset({"src", "alt", "width", "height"}),
    "td": frozenset({"colspan", "rowspan"}),
    "th": frozenset({"colspan", "rowspan", "scope"}),
    "col": frozenset({"span"}),
    "colgroup": frozenset({"span"}),
    "ol": frozenset({"start"}),
    "li": frozenset({"value"}),
    "time": frozenset({"datetime"}),
}


def may_hold(parent: str, child: str) -> bool:
    """Say whether `child` may stand in `parent`."""
    return child in _CONTENT[parent]


def may_hold_words(parent: str) -> bool:
    """Say whether words may stand in `parent` itself."""
    return parent not in _PARTS


def has_attribute(element: str, attribute: str) -> bool:
    """Say whether the element may have the attribute."""
    return attribute in _EVERYWHERE or attribute in _OF_ELEMENTS.get(element, ())


def wrong_value(attribute: str, value: str) -> str:
    """Say what the value should have been; empty where it is well. `style` is not judged here."""
    form, words = _FORMS[attribute]
    return "" if re.fullmatch(form, value) else words
