"""Durations: read as people type them, written as people read them."""

import re
from datetime import datetime, timedelta
from typing import Final

_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3600}
_MAX_SECONDS: Final = 24 * 3600
_MINUTE: Final = 60
_AGE_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_MAX_AGE: Final = timedelta(days=3650)


def parse_duration(text: str) -> float:
    """Return the seconds of `90`, `90s`, `5m` or `1h`; ValueError beyond 1 second to 24 hours."""
    match = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)([smh]?)", text)
    seconds = float(match[1]) * _UNITS[match[2]] if match else 0.0
    if not 1 <= seconds <= _MAX_SECONDS:
        raise ValueError(f"{text!r} is no duration from 1s to 24h, such as 90, 90s, 5m or 1h")
    return seconds


def parse_age(text: str) -> timedelta:
    """Return the span of `90s`, `5m`, `36h` or `30d`; ValueError beyond 1 second to 3650 days."""
    match = re.fullmatch(r"([0-9]{1,9})([smhd])", text)
    span = timedelta(seconds=int(match[1]) * _AGE_UNITS[match[2]]) if match else timedelta()
    if not timedelta(seconds=1) <= span <= _MAX_AGE:
        raise ValueError(f"{text!r} is no age from 1s to 3650d, such as 90s, 5m, 36h or 30d")
    return span


def between(start: str, end: str) -> float | None:
    """Return the seconds between two RFC 3339 moments, None where one is missing or none."""
    try:
        return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
    except ValueError, TypeError:
        return None


def elapsed(seconds: float) -> str:
    """Return how long something took: `0.8 s`, `12 s`, `3 min 5 s`."""
    if seconds < 10:  # noqa: PLR2004  tenths matter below ten seconds
        return f"{seconds:.1f} s"
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    return f"{seconds // _MINUTE:.0f} min {seconds % _MINUTE:.0f} s"
