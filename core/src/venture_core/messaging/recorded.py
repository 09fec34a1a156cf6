"""What a consumer asks of the record: whether an event is there, what it missed, how far it came.

`venture_core.record.consumption` answers from Postgres.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from venture_core.messaging.delivery import Delivery


@dataclass(frozen=True, slots=True)
class Look:
    """What the record says about some deliveries, at one moment."""

    known: Collection[tuple[int, str | None]]
    """The log index and hash of those that are in the record as they were delivered."""
    next_log_index: int
    """Everything before it is settled, whatever the stream brings."""
    session: int
    """Another one means another connection: the database may have been restored meanwhile."""
    state: str
    """What the database is: another one may have forgotten what this one knew."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the log, read from the record."""

    deliveries: Sequence[Delivery]
    next_log_index: int
    """Where the next stretch begins."""
    unreadable: int
    """How many events of the stretch the record cannot give: archived, or damaged."""


class Recorded(Protocol):
    """The record, as one consumer sees it. Each waits while the database is away."""

    def reopen(self) -> None:
        """Begin another session: somebody met another state of the database than this one's."""

    async def look(self, deliveries: Sequence[Delivery]) -> Look:
        """Compare deliveries with the record."""

    async def read(self, first: int, end: int) -> Stretch:
        """Return the events from log index `first` on, up to `end` (exclusive) at most."""

    async def settle(self, next_log_index: int, *, session: int) -> None:
        """Remember that everything before this log index is settled, as `session` saw it.

        Nothing is remembered on another session: a database that was restored has forgotten what
        its consumers handled, and may have other events at those places.
        """
