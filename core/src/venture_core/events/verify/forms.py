"""Whether many lines are events in their one form, nearly as fast as reading them.

Parsing and writing again takes five times as long as all the rest of verification. But events have
few shapes: the same names in the same order. Of a shape that was parsed once, every further event
is recognised by a pattern that admits exactly the canonical spellings of its values, so that it
would parse and be written again to the same bytes. Whatever no pattern recognises is parsed.
"""

import json
import re
from typing import Any, Final

from venture_core.events.envelope import MAX_EVENT_BYTES
from venture_core.events.form import UUID_PATTERN, EventFormError, parse_event

_MAX_SHAPES: Final = 16
"""How many patterns are kept for one type of event; events beyond them are parsed one by one."""
_MAX_TYPES: Final = 256
_MAX_PATTERN: Final = 8192

# Control characters are looked for in all lines at once: maps them to zero, and leaves the others.
_CONTROLS: Final = bytes(0 if byte < ord(" ") else byte for byte in range(256))
_TYPE: Final = b'"event_type":"'
# Up to 15 digits no whole number is too large; the few of 16 are parsed.
_NUMBER: Final = r"(?:0|-?[1-9][0-9]{0,14})"
_PLAIN: Final = r'"[^"]*+"'
_ESCAPED: Final = (
    r'"(?:[^"\\]++|\\["\\bfnrt]|\\u00(?:0[0-7be-f]|1[0-9a-f]))*+"'  # as RFC 8785 escapes, only so
)
_EXACT: Final = ("event_type", "source_service")
_TOKENS: Final = {None: "null", True: "true", False: "false"}


class EventForms:
    """Recognises events, and remembers their shapes."""

    def __init__(self) -> None:
        self._patterns: dict[tuple[bytes, bool], list[re.Pattern[bytes]]] = {}
        self._last = re.compile(b"(?!)")

    def ids(self, lines: list[bytes]) -> list[bytes]:
        """Return the event ids of the lines up to the first one that is no event.

        The lines are without their ends, and each is known to end in the name of a workflow.
        """
        if not _is_plain(lines):
            return self._ids_one_by_one(lines)
        ids: list[bytes] = []
        match = self._last.fullmatch
        for line in lines:
            found = match(line)
            if found is not None:
                ids.append(found[1])
                continue
            name = self._recognise(line, escaped=False)
            if name is None:
                break
            ids.append(name)
            match = self._last.fullmatch
        return ids

    def _ids_one_by_one(self, lines: list[bytes]) -> list[bytes]:
        """Do the same for lines among which some need a closer look."""
        ids: list[bytes] = []
        for line in lines:
            may_be = len(line) <= MAX_EVENT_BYTES and _is_clean(line)
            name = self._recognise(line, escaped=b"\\" in line) if may_be else None
            if name is None:
                break
            ids.append(name)
        return ids

    def _recognise(self, line: bytes, *, escaped: bool) -> bytes | None:
        """Return the id of an event of a known shape, or learn its shape; None: it is no event."""
        start = line.find(_TYPE) + len(_TYPE)
        key = line[start : line.find(b'"', start)], escaped
        known = self._patterns.get(key, [])
        for pattern in known:
            if found := pattern.fullmatch(line):
                self._last = pattern
                return found[1]
        try:
            members = parse_event(line)
        except EventFormError:
            return None
        if len(known) < _MAX_SHAPES and (known or len(self._patterns) < _MAX_TYPES):
            text = _pattern_of(members, _ESCAPED if escaped else _PLAIN)
            if len(text) <= _MAX_PATTERN and (learned := re.compile(text)) not in known:
                self._patterns.setdefault(key, known).append(learned)
                self._last = learned
        name: str = members["event_id"]
        return name.encode()


def _is_plain(lines: list[bytes]) -> bool:
    """Whether patterns for plain strings decide: no escapes, no control characters, no bad UTF-8.

    This runs over every byte, so over all lines at once.
    """
    text = b"".join(lines)
    return (
        b"\\" not in text and _is_clean(text) and max(map(len, lines), default=0) <= MAX_EVENT_BYTES
    )


def _is_clean(text: bytes) -> bool:
    if b"\0" in text.translate(_CONTROLS):
        return False
    if text.isascii():
        return True
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _pattern_of(members: dict[str, Any], text: str) -> bytes:
    """Return the pattern of all events of the shape of this one."""
    parts = [f"{_literal(name)}:{_member(name, value, text)}" for name, value in members.items()]
    return rf"\{{{','.join(parts)}\}}".encode()


def _member(name: str, value: object, text: str) -> str:
    if name == "event_id":
        return f'"({UUID_PATTERN})"'
    return _literal(str(value)) if name in _EXACT else _value(value, text)


def _value(value: object, text: str) -> str:
    match value:
        case None | bool():
            return _TOKENS[value]
        case int():
            return _NUMBER
        case str():
            return text
        case list():
            return _list([_value(each, text) for each in value], of_one_sort=_is_flat(value))
        case dict():
            inner = (f"{_literal(name)}:{_value(each, text)}" for name, each in value.items())
            return rf"\{{{','.join(inner)}\}}"
        case _:
            raise AssertionError(value)


def _list(items: list[str], *, of_one_sort: bool) -> str:
    """Let a list of strings, or of numbers, have any length."""
    if of_one_sort:
        return rf"\[{items[0]}(?:,{items[0]})*+\]"
    return rf"\[{','.join(items)}\]"


def _is_flat(values: list[object]) -> bool:
    sorts = {type(each) for each in values}
    return sorts in ({str}, {int})


def _literal(text: str) -> str:
    """Return the pattern of one string, in its canonical spelling."""
    return re.escape(json.dumps(text, ensure_ascii=False))
