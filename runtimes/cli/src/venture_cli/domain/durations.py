"""Durations: read as people type them, written as kubectl shows them."""

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3600}
_MAX_SECONDS: Final = 24 * 3600
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_YEAR: Final = 365 * _DAY


def parse_duration(text: str) -> float:
    """Return the seconds of `90`, `90s`, `5m` or `1h`; ValueError beyond 1 second to 24 hours."""
    match = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)([smh]?)", text)
    seconds = float(match[1]) * _UNITS[match[2]] if match else 0.0
    if not 1 <= seconds <= _MAX_SECONDS:
        raise ValueError(f"{text!r} is no duration from 1s to 24h, such as 90, 90s, 5m or 1h")
    return seconds


def age(then: datetime, now: datetime) -> str:
    """Return how long ago that was, in at most two units: `45s`, `12m`, `3h`, `2d4h`, `1y20d`."""
    seconds = max(int((now - then).total_seconds()), 0)
    if seconds < 2 * _MINUTE:
        return f"{seconds}s"
    if seconds < 2 * _HOUR:
        return f"{seconds // _MINUTE}m"
    if seconds < _DAY:
        return f"{seconds // _HOUR}h"
    if seconds < 2 * _YEAR:
        days, hours = seconds // _DAY, seconds % _DAY // _HOUR
        return f"{days}d{hours}h" if days < 7 and hours else f"{days}d"  # noqa: PLR2004  a week
    return f"{seconds // _YEAR}y{seconds % _YEAR // _DAY}d"


def elapsed(seconds: float) -> str:
    """Return how long something took: `0.8 s`, `12 s`, `3 min 5 s`."""
    if seconds < 10:  # noqa: PLR2004  tenths matter below ten seconds
        return f"{seconds:.1f} s"
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    return f"{seconds // _MINUTE:.0f} min {seconds % _MINUTE:.0f} s"
