"""What a consumer is handed: an event, checked, and where it comes from."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from pydantic import ValidationError

from venture_core.events.envelope import EventEnvelopeV1

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nats.aio.msg import Msg

LOG_INDEX_HEADER: Final = "Venture-Log-Index"
_LOG_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,17}")


class MalformedEventError(Exception):
    """A message that is no event of the record: a stranger's, or damaged."""


def claimed_log_index(headers: Mapping[str, str] | None) -> int | None:
    """Return the place in the log that a message claims; None where it claims none there can be."""
    text = (headers or {}).get(LOG_INDEX_HEADER, "")
    return int(text) if _LOG_INDEX.fullmatch(text) else None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event, delivered for the `attempt`th time (counted from 1)."""

    event: EventEnvelopeV1
    log_index: int
    attempt: int
    state: str | None = None
    """Which state of the record knew it (`Look.state`); None where nobody has asked the record."""

    @classmethod
    def parse(cls, message: Msg) -> Self:
        """Read a message of the record; the event's hash is checked. Raises MalformedEventError."""
        index = claimed_log_index(message.headers)
        if index is None:
            raise MalformedEventError(f"a message on {message.subject} without a log index")
        try:
            event = EventEnvelopeV1.model_validate_json(message.data)
        except ValidationError as error:
            problems = error.errors(include_input=False, include_url=False)
            raise MalformedEventError(f"no event on {message.subject}: {problems[:3]}") from error
        if event.seq is None:
            raise MalformedEventError(f"event {event.event_id} has no place in a chain")
        return cls(event, index, message.metadata.num_delivered)
