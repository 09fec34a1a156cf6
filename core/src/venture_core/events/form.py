"""The form that the bytes of an event have: canonical JSON (RFC 8785) of an envelope's members.

Equal events have equal bytes, and every reader takes them to mean the same: no name comes twice, no
number is spelled in two ways, nothing stands between the tokens.
"""

import json
import re
from typing import Any, Final, NoReturn

from venture_core.canonical import CanonicalJsonError, canonical_json
from venture_core.events.envelope import EVENT_TYPE_PATTERN, MAX_EVENT_BYTES, workflow_of
from venture_core.events.models import MAX_NUMBER
from venture_core.nesting import is_deeper

MAX_DEPTH: Final = 200
"""How deep the values of an event may be nested: as deep as its consumers' parsers read."""

MEMBERS: Final = (
    "created_at",
    "event_id",
    "event_type",
    "payload",
    "policy_bundle_id",
    "source_service",
    "task_id",
    "trace_id",
    "workflow_id",
)
"""The members of an envelope in the order of its bytes."""

UUID_PATTERN: Final = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

_UUID = re.compile(UUID_PATTERN)
_EVENT_TYPE = re.compile(EVENT_TYPE_PATTERN)
_EVENT_TYPE_MAX: Final = 128
_MAX_DIGITS: Final = len(str(-MAX_NUMBER))
_TEXTS: Final = ("created_at", "source_service", "trace_id")
_TEXTS_OR_NULL: Final = ("policy_bundle_id", "task_id")
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
# Beyond these, names sort otherwise by UTF-16, as RFC 8785 has them, than by code points.
_PLANES: Final = re.compile("[\U00010000-\U0010ffff]")


class EventFormError(ValueError):
    """The bytes are no event, or not in the one form of an event; the message says why."""


def parse_event(canonical: bytes) -> dict[str, Any]:
    """Return the members of an event; EventFormError where the bytes are not of its one form."""
    if len(canonical) > MAX_EVENT_BYTES:
        raise EventFormError(f"they are longer than the {MAX_EVENT_BYTES} bytes of any event")
    members = _parse(canonical)
    if not isinstance(members, dict):
        raise EventFormError("they are JSON, but no object")
    if is_deeper(members, MAX_DEPTH):
        raise EventFormError(f"they are nested deeper than {MAX_DEPTH} levels")
    if _canonical(members) != canonical:
        raise EventFormError(
            "they are JSON in another than its canonical form (RFC 8785), or with a name twice"
        )
    _check_members(members)
    if workflow_of(canonical) is None:
        raise EventFormError("they name no workflow")
    return members


def malformation(canonical: bytes) -> str | None:
    """Say what keeps the bytes from being those of an event; None where nothing does."""
    try:
        parse_event(canonical)
    except EventFormError as error:
        return str(error)
    return None


def _parse(canonical: bytes) -> object:
    try:
        text = canonical.decode()
    except UnicodeDecodeError as error:
        raise EventFormError("they are not UTF-8") from error
    try:
        parsed: object = json.loads(
            text, parse_int=_whole, parse_float=_no_number, parse_constant=_no_number
        )
    except EventFormError:
        raise
    except ValueError as error:
        raise EventFormError("they are no JSON") from error
    except RecursionError as error:
        raise EventFormError(f"they are nested deeper than {MAX_DEPTH} levels") from error
    return parsed


def _canonical(members: dict[str, Any]) -> bytes:
    """Return the canonical form; the C encoder knows it where it sorts names as RFC 8785 does."""
    text = _ENCODER.encode(members)
    if not _PLANES.search(text):
        return text.encode(errors="surrogatepass")
    try:
        return canonical_json(members)
    except CanonicalJsonError as error:
        raise EventFormError("they have no canonical form") from error


def _whole(digits: str) -> int:
    if len(digits) > _MAX_DIGITS or abs(int(digits)) > MAX_NUMBER:
        raise EventFormError("a number is larger than every reader reads exactly (RFC 7493)")
    return int(digits)


def _no_number(_: str) -> NoReturn:
    raise EventFormError("a number is not whole")


def _check_members(members: dict[str, Any]) -> None:
    if tuple(members) != MEMBERS:
        missing = [name for name in MEMBERS if name not in members]
        problem = f"lack {missing[0]}" if missing else "have other members than an event"
        raise EventFormError(f"they {problem}")
    event_type = members["event_type"]
    right = {
        "event_id": _is_text(members["event_id"]) and _UUID.fullmatch(members["event_id"]),
        "event_type": _is_text(event_type)
        and len(event_type) <= _EVENT_TYPE_MAX
        and _EVENT_TYPE.fullmatch(event_type),
        "payload": isinstance(members["payload"], dict),
        **{name: _is_text(members[name]) for name in _TEXTS},
        **{name: members[name] is None or _is_text(members[name]) for name in _TEXTS_OR_NULL},
    }
    for name, is_right in right.items():
        if not is_right:
            raise EventFormError(f"their {name} is none")


def _is_text(value: object) -> bool:
    return isinstance(value, str)
