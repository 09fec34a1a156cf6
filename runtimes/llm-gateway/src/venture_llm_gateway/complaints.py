"""Errors of a provider, as they are passed on: its words may quote a prompt, or a key."""

import json
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from venture_core.llm.errors import OVERLOADED, LlmError

if TYPE_CHECKING:
    from collections.abc import Collection

_NAME: Final = re.compile(r"[a-z_]{1,40}")
_QUOTES_NOTHING: Final = (
    re.compile(r"prompt is too long: \d{1,9} tokens > \d{1,9} maximum"),
    re.compile(r"max_tokens: \d{1,9} > \d{1,9}, which is the maximum allowed number"),
    re.compile(r"Your credit balance is too low"),
    re.compile(r"This model's maximum context length is \d{1,9} tokens"),
)
"""How messages begin that say what to do, and nothing of what was asked but its length."""


def complaint(data: bytes, fields: Collection[str]) -> str:
    """Return what an error is about: its kind, and which of the request's fields, as far as known.

    `data` is the body of the provider's answer, or of an event within it, which may have the
    error's members by itself or within the response that failed. Empty where it is none of theirs.
    """
    try:
        whole: Any = json.loads(data)
        error = whole.get("error") or whole.get("response", {}).get("error") or whole
        said = str(error["message"])
    except ValueError, LookupError, TypeError, AttributeError, RecursionError:
        return ""
    kinds = [each for name in ("type", "code") if _is_name(each := error.get(name))]
    place = error.get("param") or said
    about = re.split(r"[^a-z_]", place, maxsplit=1)[0] if isinstance(place, str) else ""
    places = [f"in {about}"] if about in fields else []
    sentences = [each.group() for pattern in _QUOTES_NOTHING if (each := pattern.match(said))]
    return ", ".join([*dict.fromkeys(kinds), *places, *sentences])


def _is_name(found: object) -> bool:
    return isinstance(found, str) and _NAME.fullmatch(found) is not None


def broken_answer(data: bytes) -> LlmError:
    """Return the error that an answer ends with, of what the provider itself says at its end."""
    said = complaint(data, ())
    status = OVERLOADED if "overloaded" in said else HTTPStatus.BAD_GATEWAY
    reason = f": {said}" if said else ""
    message = f"The provider ended its answer by an error{reason}."
    return LlmError(status, "answer_broken", message, retry=True)
