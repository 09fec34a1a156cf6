"""The first look at a document: is it JSON, is its shape one that a document can have at all.

It costs the same per byte whatever the bytes are, and bounds what the second look has to tell:
every value can be wrong, and every wrong value is an error with a path and a sentence.
"""

import json
from typing import Final

from venture_core.artifacts.ir.problems import MAX_SENTENCE, InvalidIRError, Problem

MAX_NAMES: Final = 64
"""The most names in one object; the largest of ours has ten."""
MAX_VALUES: Final = 65_536
"""The most values in a document. 200 slides with a full table each have 55,000."""
MAX_DIGITS: Final = 400
"""The most digits of an integer: the largest number there is has 309."""


def read_structure(data: bytes) -> object:
    """Return what the JSON says. Raises InvalidIRError unless it is UTF-8 and within the bounds.

    Names that occur twice in one object are refused: readers disagree on which one counts.
    """
    shape = _Shape()
    try:
        value: object = json.loads(
            data.decode("utf-8"), object_pairs_hook=shape.take, parse_int=_integer
        )
    except UnicodeDecodeError as error:
        raise _refusal("JSON in UTF-8", f"byte {error.start} is not UTF-8") from None
    except json.JSONDecodeError as error:
        found = f"{error.msg} at line {error.lineno}, column {error.colno}"
        raise _refusal("JSON", found) from None
    except RecursionError:
        expected = "a document, which has a few levels"
        raise _refusal(expected, "the nesting is too deep") from None
    return value


class _Shape:
    """What is counted while a document is read."""

    def __init__(self) -> None:
        self._values = 0

    def take(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        if len(pairs) > MAX_NAMES:
            expected = f"at most {MAX_NAMES} names in an object"
            raise _refusal(expected, f"an object has {len(pairs)}")
        members = dict(pairs)
        if len(members) < len(pairs):
            twice = _first_repeated([name for name, _ in pairs])
            found = f"the name {twice!r} occurs twice in one object"
            raise _refusal("each name once in an object", found)
        self._values += len(pairs) + sum(map(_items, members.values()))
        if self._values > MAX_VALUES:
            raise _refusal(f"at most {MAX_VALUES} values", "the document has more")
        return members


def _first_repeated(names: list[str]) -> str:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    raise AssertionError("called only where a name is repeated")


def _items(value: object) -> int:
    """Count the items of a list and of the lists in it; its objects have counted their own."""
    return len(value) + sum(map(_items, value)) if isinstance(value, list) else 0


def _integer(digits: str) -> int:
    """Read an integer; one of absurd length is left to the second look, which says where it is."""
    return int(digits) if len(digits) <= MAX_DIGITS else 0


def _refusal(expected: str, message: str) -> InvalidIRError:
    return InvalidIRError([Problem("", expected, message[:MAX_SENTENCE])])
