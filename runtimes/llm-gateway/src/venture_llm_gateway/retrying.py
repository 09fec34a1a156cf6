"""When a provider is asked again, and after how long. Pure."""

from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from venture_core.llm.errors import OVERLOADED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

TRIES: Final = 3
MAX_WAIT_SECONDS: Final = 20.0
"""Longer the gateway does not wait for a provider: it tells the caller."""
MAX_TOLD_SECONDS: Final = 60.0
"""The longest wait that a caller is told: clients sleep for as long as they are told to."""
FIRST_WAIT_SECONDS: Final = 0.5

RETRIED: Final = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
        OVERLOADED,
    }
)
"""Answers after which nothing was billed, and another try may succeed."""


def asked_to_wait(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds that a provider asks for, in any of the forms there are; None for none."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    given = headers.get("retry-after")
    seconds = _number(given)
    if seconds is not None or given is None:
        return seconds
    try:
        moment = parsedate_to_datetime(given)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return max(0.0, (moment - now).total_seconds())


def wait_before(tries: int, asked: float | None) -> float:
    """Return the seconds to wait after so many tries."""
    own: float = FIRST_WAIT_SECONDS * 2 ** (tries - 1)
    return own if asked is None else max(asked, own)


def _number(value: str | None) -> float | None:
    try:
        found = float(value) if value is not None else None
    except ValueError:
        return None
    # A NaN compares with nothing.
    return found if found is not None and 0 <= found <= 10**9 else None
