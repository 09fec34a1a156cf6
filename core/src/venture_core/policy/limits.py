"""Bounds of what is judged: with them an expression costs a bounded time, whatever it is given."""

from typing import TYPE_CHECKING, Any, Final

from venture_core.nesting import is_deeper

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_ADDITIONS: Final = 8
"""How many `+` an expression may have: each may copy two texts that the request chose."""
MAX_VALUES: Final = 20_000
"""How many values a request may hold, of all depths."""
MAX_TEXT: Final = 128 * 1024
"""How many characters its texts and names may have together."""
MAX_DEPTH: Final = 32
MAX_INTEGER: Final = 2**63 - 1
"""CEL's integers have 64 bits: one beyond them would silently be another number."""


class RequestTooLargeError(ValueError):
    """A request is larger than what is judged; the message says in which way."""


def require_bounded(variables: Mapping[str, Any]) -> None:
    """Raise RequestTooLargeError unless every expression over these values is cheap."""
    if is_deeper(dict(variables), MAX_DEPTH):
        raise RequestTooLargeError(f"it is nested more than {MAX_DEPTH} levels deep")
    values, text = 0, 0
    waiting: list[Any] = list(variables.values())
    while waiting:
        value = waiting.pop()
        values += 1
        if isinstance(value, str):
            text += len(value)
        elif isinstance(value, dict):
            text += sum(map(len, value))
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, int) and abs(value) > MAX_INTEGER:
            raise RequestTooLargeError("it holds an integer of more than 64 bits")
        if values + len(waiting) > MAX_VALUES:
            raise RequestTooLargeError(f"it holds more than {MAX_VALUES} values")
        if text > MAX_TEXT:
            raise RequestTooLargeError(f"it holds more than {MAX_TEXT} characters")
