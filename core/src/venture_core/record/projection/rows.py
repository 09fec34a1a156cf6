"""What the rows of all read models have in common: their last event, and how phases follow."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from venture_core.events.envelope import EventEnvelopeV1
    from venture_core.events.models import EventPayload
    from venture_core.record.projection.models import LastEvent


@dataclass(frozen=True, slots=True)
class Logged:
    """An event and its place in the log."""

    event: EventEnvelopeV1
    seq: int
    log_index: int


def show_last(row: LastEvent, logged: Logged) -> None:
    """Note the event as the one that changed the row last."""
    row.last_event_id = logged.event.event_id
    row.last_event_seq = logged.seq
    row.last_log_index = logged.log_index


@dataclass(frozen=True, slots=True)
class Move:
    """The phase an event leads to, and those in which it does."""

    to: str
    sources: AbstractSet[str]


type Moves = Mapping[type[EventPayload], Move]


def next_phase(moves: Moves, phase: str | None, payload: EventPayload) -> str | None:
    """Return the phase after the event, or None where it comes too late to mean anything.

    What was not seen before (phase None) takes any event for true: the record has no earlier one.
    """
    move = moves[type(payload)]
    return move.to if phase is None or phase in move.sources else None
