"""Reading the CSS of a document: strictly, and writing anew what was understood.

A value is allowed where a pattern of its property matches it wholly; so nothing gets through that
nobody thought of: no address, no escape, no function, no rule of another kind.
"""

import re
from typing import TYPE_CHECKING, Final

from venture_core.artifacts.html.ir.properties import allowed
from venture_core.artifacts.html.ir.vocabulary import ELEMENTS

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_RULES: Final = 400
MAX_DECLARATIONS: Final = 4000
_NAME = "[A-Za-z_][A-Za-z0-9_-]{0,62}"
_RULE = re.compile(r"\s*([^{}]{1,400})\{([^{}]*)\}\s*")
_SIMPLE = re.compile(
    rf"(?P<element>[a-z][a-z0-9]*)?(?:[.#]{_NAME}){{0,4}}"
    r"(?::(?:first-child|last-child|first-of-type|last-of-type"
    r"|nth-child\((?:odd|even|[1-9][0-9]{0,2}|[2-9]n)\)))?"
)
_COMBINATOR = re.compile(r"\s*[>+~]\s*|\s+")
_MAX_COMBINED = 6


class StyleError(ValueError):
    """Something in the CSS is not allowed; the message says what, `expected` what would be."""

    def __init__(self, expected: str, message: str) -> None:
        self.expected = expected
        super().__init__(message)


def stylesheet(css: str) -> str:
    """Return the rules of a stylesheet, written anew. Raises `StyleError`."""
    return "\n".join(f"{', '.join(selectors)} {{ {body} }}" for selectors, body in rules_of(css))


def rules_of(css: str) -> list[tuple[list[str], str]]:
    """Return the selectors and the declarations of each rule. Raises `StyleError`."""
    text = _without_comments(css)
    rules: list[tuple[list[str], str]] = []
    at = 0
    while at < len(text) and text[at:].strip():
        found = _RULE.match(text, at)
        if found is None:
            shown = " ".join(text[at : at + 60].split())
            raise StyleError("selectors { property: value; }", f"{shown!r} is no such rule")
        if len(rules) == MAX_RULES:
            raise StyleError(f"at most {MAX_RULES} rules", "there are more")
        selectors = [_selector(each) for each in found[1].split(",")]
        rules.append((selectors, declarations(found[2])))
        at = found.end()
    return rules


def _without_comments(css: str) -> str:
    kept: list[str] = []
    at = 0
    while (begin := css.find("/*", at)) >= 0:
        end = css.find("*/", begin + 2)
        if end < 0:
            raise StyleError("*/", "a comment is not closed")
        kept.append(css[at:begin])
        at = end + 2
    return " ".join((*kept, css[at:]))


def declarations(css: str) -> str:
    """Return the declarations of a rule or of a style attribute, written anew.

    Raises `StyleError`.
    """
    kept: list[str] = []
    parts = [part.strip() for part in css.split(";")]
    for part in filter(None, parts):
        name, colon, value = part.partition(":")
        name, value = name.strip().lower(), " ".join(value.split())
        if not colon:
            raise StyleError("property: value", f"{part[:60]!r} has no colon")
        if len(kept) == MAX_DECLARATIONS:
            raise StyleError(f"at most {MAX_DECLARATIONS} declarations", "there are more")
        kept.append(_declaration(name, value))
    return "; ".join(kept)


def _declaration(name: str, value: str) -> str:
    written = allowed(name, value)
    if written is None:
        raise StyleError("a property that is on the list", f"the property {name[:40]!r} is not")
    if not written:
        expected = f"a value that {name} may have"
        if name == "font-family":
            expected = "a family of themes, monospace, serif or sans-serif"
        raise StyleError(expected, f"{name}: {value[:60]!r} is not allowed")
    return f"{name}: {written}"


def _selector(text: str) -> str:
    stripped = text.strip()
    parts = list(_parts(stripped))
    if len(parts) > 2 * _MAX_COMBINED - 1:
        raise StyleError(f"at most {_MAX_COMBINED} parts in a selector", f"{stripped[:60]!r}")
    return "".join(parts)


def _parts(text: str) -> Iterator[str]:
    """Give the simple selectors of one, with what combines them."""
    at = 0
    while True:
        found = _SIMPLE.match(text, at)
        if found is None or not found[0]:
            expected = "elements, .classes, #ids, and what stands for the first, last or n-th child"
            raise StyleError(expected, f"the selector {text[:60]!r} is not allowed")
        if found["element"] is not None and found["element"] not in ELEMENTS | {"body"}:
            raise StyleError("an element that is on the list", f"{found['element'][:40]!r} is not")
        yield found[0]
        at = found.end()
        if at == len(text):
            return
        combinator = _COMBINATOR.match(text, at)
        if combinator is None:
            raise StyleError(
                "elements, .classes and #ids with spaces, > + or ~ between them",
                f"the selector {text[:60]!r} is not allowed",
            )
        yield f" {combinator[0].strip()} ".replace("  ", " ")
        at = combinator.end()
