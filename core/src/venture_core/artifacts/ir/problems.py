"""What is wrong with a document, said so that its author can find and mend it."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_PROBLEMS = 20
MAX_SENTENCE = 200
MAX_TOKEN = 100
"""The most characters shown of one name in a pointer; the document's author may write any."""

_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What no log, database or terminal takes well: controls, marks of direction, lone surrogates."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the document."""

    pointer: str
    """RFC 6901 JSON pointer of the value; empty for the whole document."""
    expected: str
    """What would be accepted there."""
    message: str
    """What is wrong."""


class InvalidIRError(ValueError):
    """The document breaks its format. `problems` holds the first 20, in document order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)[:MAX_PROBLEMS]
        first = self.problems[0]
        where = first.pointer or "the document"
        super().__init__(f"{where}: {first.message}; expected {first.expected}")


def pointer(parts: Iterable[str | int]) -> str:
    """Join reference tokens to a JSON pointer, escaping `~` and `/` as RFC 6901 says.

    It is for people: what is invisible in a name is shown by its code, and long names are cut.
    """
    return "".join("/" + _shown(str(part)) for part in parts)


def _shown(token: str) -> str:
    cut = token if len(token) <= MAX_TOKEN else token[:MAX_TOKEN] + "\u2026"
    visible = _INVISIBLE.sub(lambda found: f"\\u{ord(found[0]):04x}", cut)
    return visible.replace("~", "~0").replace("/", "~1")
