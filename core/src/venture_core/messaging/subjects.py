"""Subjects: where events are published, and where requests go instead.

An event's subject is its type. A stream captures everything below the roots of event types, a
request too: it would answer `policy.check.tool_allowlist` with the acknowledgement of a publish
before any responder could. So responders listen below `svc.`, and the NATS server maps the names
that clients use to those (its `mappings`; the chart sets them for its own server).
"""

import re
from typing import TYPE_CHECKING, Final

from venture_core.events.registry import EVENT_ROOTS

if TYPE_CHECKING:
    from collections.abc import Iterable

EVENT_SUBJECTS: Final = tuple(f"{root}.>" for root in EVENT_ROOTS)
DEAD_LETTER_PREFIX: Final = "dlq"
REQUEUE_PREFIX: Final = "requeue"

SERVICE_MAPPINGS: Final = {"policy.check.tool_allowlist": "svc.policy.check.tool_allowlist"}
"""What the NATS server maps: requests under names that a stream captures. Exactly these names: a
pattern would swallow events that begin alike, and the relay would wait for them for ever."""

TOOL_ALLOWLIST_CHECK: Final = "policy.check.tool_allowlist"
"""Where a client asks whether a role may use a tool."""

_EVENT_TYPE = re.compile(rb'"event_type":"([a-z0-9_.]+)"')


def service_subject(subject: str) -> str:
    """Return where the responder to requests on `subject` listens."""
    return f"svc.{subject}"


def subject_of(canonical: bytes) -> str:
    """Return the subject of an event from its canonical bytes, without parsing them.

    Names sort, so `event_type` stands before everything in which its text could occur again.
    Raises ValueError where there is none.
    """
    found = _EVENT_TYPE.search(canonical)
    if found is None:
        raise ValueError("these are no event's canonical bytes: they hold no event_type")
    return found[1].decode()


def is_captured(subject: str, patterns: Iterable[str]) -> bool:
    """Tell whether one of the patterns, as NATS reads them, matches a subject."""
    words = subject.split(".")
    return any(_matches(words, pattern.split(".")) for pattern in patterns)


def _matches(words: list[str], pattern: list[str]) -> bool:
    if pattern[-1] == ">":
        pattern = pattern[:-1]
        if len(words) <= len(pattern):
            return False
        words = words[: len(pattern)]
    return len(words) == len(pattern) and all(
        wanted in {"*", word} for word, wanted in zip(words, pattern, strict=True)
    )


def dead_letter_subject(consumer: str, event_type: str) -> str:
    """Return where what `consumer` could not handle is put."""
    return f"{DEAD_LETTER_PREFIX}.{consumer}.{event_type}"


def requeue_subject(consumer: str, event_type: str) -> str:
    """Return where `consumer`, and nobody else, is handed an event again."""
    return f"{REQUEUE_PREFIX}.{consumer}.{event_type}"
