"""What is wrong with a document, said so that its author can find and mend it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_PROBLEMS = 20
MAX_SENTENCE = 200


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
    """The document is not a valid SlideSpec. `problems` holds the first 20, in document order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)[:MAX_PROBLEMS]
        first = self.problems[0]
        where = first.pointer or "the document"
        super().__init__(f"{where}: {first.message}; expected {first.expected}")


def pointer(parts: Iterable[str | int]) -> str:
    """Join reference tokens to a JSON pointer, escaping `~` and `/` as RFC 6901 says."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)
