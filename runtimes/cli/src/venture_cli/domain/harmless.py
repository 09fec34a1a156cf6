"""Other people's text, made so that it can only be read: it moves no cursor and reorders nothing.

Names, reasons and messages come from whoever may write an object. Escape sequences rewrite what a
terminal shows, newlines forge lines of ours, and bidirectional controls show another order than is
there.
"""

import re
import unicodedata
from typing import Final

_DANGEROUS: Final = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # controls, with newline, tab and escape
    "\xad\u061c\u180e"  # soft hyphen, Arabic letter mark, Mongolian vowel separator
    "\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"  # marks, separators, embeddings, isolates
    "\ufeff\ufff9-\ufffb"  # byte order mark, interlinear annotations
    "\ud800-\udfff"  # lone surrogates: no text at all
    "\U000e0000-\U000e0fff"  # tags and variation selectors that nobody sees
    "]"
)
_SHORT: Final = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def harmless(text: str) -> str:
    r"""Return the text on one line, what is dangerous in it spelled as Python would: `\x1b`."""
    if text.isascii() and text.isprintable():
        return text
    return _DANGEROUS.sub(lambda found: _SHORT.get(found[0], _spelled(found[0])), text)


def is_harmless(text: str) -> bool:
    """Return whether nothing in the text needs to be spelled."""
    return not _DANGEROUS.search(text)


def escaped_in_json(text: str) -> str:
    r"""Return JSON with what is dangerous as `\u` escapes; it means the same as before.

    Line breaks stay: they stand between values there.
    """
    return _DANGEROUS.sub(lambda found: found[0] if found[0] == "\n" else _units(found[0]), text)


def escaped_in_yaml(text: str) -> str:
    r"""Return YAML with what is dangerous as escapes. It may only be within double quotes."""
    return _DANGEROUS.sub(lambda found: found[0] if found[0] == "\n" else _spelled(found[0]), text)


def width(text: str) -> int:
    """Return how many columns of a terminal the text takes."""
    if text.isascii():
        return len(text)
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _spelled(character: str) -> str:
    number = ord(character)
    if number <= 0xFF:  # noqa: PLR2004  two digits
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"  # noqa: PLR2004


def _units(character: str) -> str:
    data = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{data[at : at + 2].hex()}" for at in range(0, len(data), 2))
