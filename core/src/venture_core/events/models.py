"""Base classes and scalar types of everything that crosses a process boundary as an event."""

from datetime import UTC, datetime
from typing import Annotated, Final
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


Id = UUID
"""The name of an event, a trace, a workflow or another object of its kind."""

UtcTime = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A moment with a time zone, held and written in UTC so that equal moments have equal text."""

Sha256Hex = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 digest as 64 lower-case hexadecimal digits."""

DigestUri = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
"""A SHA-256 digest as `sha256:` and 64 lower-case hexadecimal digits."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=253)]
"""The name of a Kubernetes object or of one of our own lists' items."""

Reason = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Za-z0-9]{0,63}$")]
"""A machine-readable reason in CamelCase, the same word as in the object's conditions."""

Message = Annotated[str, StringConstraints(max_length=2048)]
"""A sentence for people. It never holds personal data."""


MAX_NUMBER: Final = 2**53 - 1
"""The largest number in an event: what every JSON reader represents exactly (RFC 7493)."""

Cents = Annotated[int, Field(ge=0, le=MAX_NUMBER)]
"""An amount of money in hundredths of its currency's unit."""

EventKey = Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]{1,128}$")]
"""A name within a payload."""

type EventValue = (
    bool
    | Annotated[int, Field(ge=-MAX_NUMBER, le=MAX_NUMBER)]
    | str
    | list[EventValue]
    | dict[EventKey, EventValue]
    | None
)
"""What a payload may hold: JSON whose numbers are whole (cents, bytes, milliseconds).

So a payload has one canonical form that survives every reader: fractions would not.
"""


class ExternalModel(BaseModel):
    """Input from outside a process: no coercion, no unknown fields, no change after parsing."""

    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", use_attribute_docstrings=True
    )


class EventPayload(ExternalModel):
    """What one type of event says; camelCase in JSON."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    def envelope_ids(self) -> dict[str, UUID]:
        """Return those of the envelope's ids that follow from the payload, by field."""
        return {}


class Cost(EventPayload):
    """What work costs, in cents of its workflow's currency."""

    cash_cents: Cents
    """What is spent through MoneyIntents."""

    llm_cents: Cents
    """What is spent on language models."""
