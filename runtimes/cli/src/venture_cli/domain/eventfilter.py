"""Which events a person wants to see, and from where on."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from uuid import UUID

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events are meant: all, unless something is said."""

    workflow_id: UUID | None = None
    type_pattern: str = "*"
    """A shell's pattern: `*` stands for any characters, dots too."""

    def takes_type(self, event_type: str) -> bool:
        """Whether events of this type are meant. One that cannot be read always is."""
        return not event_type or fnmatchcase(event_type, self.type_pattern)


def parse_since(text: str, now: datetime) -> datetime:
    """Return the moment that `90s`, `5m`, `2h`, `7d` or an RFC 3339 time means; ValueError."""
    if found := re.fullmatch(r"([0-9]{1,6})([smhd])", text):
        return now - timedelta(seconds=int(found[1]) * _UNITS[found[2]])
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError(
            f"{text!r} is neither a time ago, such as 5m, 2h or 7d, nor a moment with its zone, "
            "such as 2026-11-23T08:00:00Z"
        )
    return moment.astimezone(UTC)
