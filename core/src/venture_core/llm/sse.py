"""Server-sent events: cut a stream into its events, and lose no byte of it.

Raw bytes go on as they came; what an event says is for the meter. WHATWG's rules of lines: CR, LF
or CRLF; an empty line ends an event, lines that begin with a colon are comments.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_EVENT_BYTES: Final = 4 * 1024 * 1024

# Atomic: CRLF is one end of a line, never an empty line.
_END_OF_EVENT: Final = re.compile(rb"(?>\r\n|\n|\r)(?>\r\n|\n|\r)")
_END_OF_LINE: Final = re.compile(rb"\r\n|\n|\r")
_LONGEST_END: Final = 4
_BOM: Final = b"\xef\xbb\xbf"


class EventTooLongError(ValueError):
    """An event of a stream does not end within MAX_EVENT_BYTES."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One event with the bytes it came in, the empty line included."""

    raw: bytes
    event: str
    """Its name; empty where it has none."""
    data: bytes
    """Its lines of data; empty where it has none, as a comment."""


class Frames:
    """Cuts a stream, however its bytes arrive. All `raw` together are the stream."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take bytes; give the events that they complete. Raises EventTooLongError."""
        begin = max(0, len(self._buffer) - _LONGEST_END)
        self._buffer += data
        while (found := _END_OF_EVENT.search(self._buffer, begin)) is not None:
            raw = bytes(self._buffer[: found.end()])
            del self._buffer[: found.end()]
            begin = 0
            yield _parse(raw)
        if len(self._buffer) > MAX_EVENT_BYTES:
            raise EventTooLongError(f"an event has more than {MAX_EVENT_BYTES} bytes")

    def end(self) -> Frame | None:
        """Return what came after the last whole event: a server may forget the empty line."""
        raw = bytes(self._buffer)
        self._buffer.clear()
        return _parse(raw) if raw else None


def frame(event: str, data: bytes) -> bytes:
    """Return an event's bytes; `data` is one line. Without a name there is no such field."""
    name = f"event: {event}\n".encode() if event else b""
    return name + b"data: " + data + b"\n\n"


def _parse(raw: bytes) -> Frame:
    event = ""
    data: list[bytes] = []
    for line in _END_OF_LINE.split(raw.removeprefix(_BOM)):
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"event":
            event = value.decode("utf-8", "replace")
        elif name == b"data":
            data.append(value)
    return Frame(raw=raw, event=event, data=b"\n".join(data))
