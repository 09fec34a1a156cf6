"""The registry of event types: who may say what, in which words.

A producer makes events only through the registry, so an unknown type, a payload of another type,
an unknown field or a type of another service never reaches the record.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydantic import TypeAdapter, ValidationError

from venture_core.events.envelope import EVENT_TYPE_PATTERN, EventEnvelopeV1, Service
from venture_core.events.models import EventKey, EventValue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from uuid import UUID

    from venture_core.events.models import EventPayload

EVENT_ROOTS: Final = (
    "policy",
    "workflow",
    "task",
    "artifact",
    "money",
    "ledger",
    "compliance",
    "privacy",
    "control",
)
"""The first words of event types, and so the roots of the subjects they are published on."""

_MIN_WORDS: Final = 4
_PAYLOAD: Final[TypeAdapter[dict[EventKey, EventValue]]] = TypeAdapter(dict[EventKey, EventValue])


class UnknownEventTypeError(LookupError):
    """The registry has no such event type."""


class EventRefusedError(ValueError):
    """The event is not what its type says: another owner, or a payload that does not fit."""


@dataclass(frozen=True, slots=True)
class EventType:
    """One type of event: its name, what it says, who says it, and what for."""

    name: str
    payload: type[EventPayload]
    owner: Service
    description: str


class Registry:
    """All event types of the product, by name and by payload model."""

    def __init__(self, types: Iterable[EventType]) -> None:
        """Register the types; ValueError where a name is malformed or two are the same."""
        self._by_name: dict[str, EventType] = {}
        self._by_payload: dict[type[EventPayload], EventType] = {}
        for each in types:
            _check_name(each.name)
            if each.name in self._by_name or each.payload in self._by_payload:
                raise ValueError(f"{each.name} or its payload is registered twice")
            self._by_name[each.name] = each
            self._by_payload[each.payload] = each

    def __iter__(self) -> Iterator[EventType]:
        """Give the types by name."""
        return iter(sorted(self._by_name.values(), key=lambda each: each.name))

    def get(self, name: str) -> EventType:
        """Return the type of that name, or raise UnknownEventTypeError."""
        try:
            return self._by_name[name]
        except KeyError:
            raise UnknownEventTypeError(f"there is no event type {name}") from None

    def new_event(
        self,
        payload: EventPayload,
        *,
        event_id: UUID,
        trace_id: UUID,
        workflow_id: UUID,
        created_at: datetime,
        task_id: UUID | None = None,
        policy_bundle_id: UUID | None = None,
    ) -> EventEnvelopeV1:
        """Return the event that says `payload`: type and source follow from the payload's model.

        Raises UnknownEventTypeError where the model is not registered, and EventRefusedError where
        an id is not what the payload says.
        """
        event_type = self._by_payload.get(type(payload))
        if event_type is None:
            raise UnknownEventTypeError(f"{type(payload).__name__} is no event type's payload")
        event = EventEnvelopeV1(
            event_id=event_id,
            event_type=event_type.name,
            trace_id=trace_id,
            workflow_id=workflow_id,
            task_id=task_id,
            policy_bundle_id=policy_bundle_id,
            source_service=event_type.owner,
            payload=payload.model_dump(mode="json", by_alias=True),
            created_at=created_at,
        )
        _check_ids(event, payload)
        return event

    def check(self, event: EventEnvelopeV1) -> EventPayload:
        """Return the event's payload as its type's model.

        Raises UnknownEventTypeError, and EventRefusedError where the source does not own the type,
        the payload lacks a field, has one too many or one of the wrong form, or the envelope names
        another workflow or task than the payload.
        """
        event_type = self.get(event.event_type)
        if event.source_service is not event_type.owner:
            raise EventRefusedError(
                f"{event.event_type} is an event of {event_type.owner}, not {event.source_service}"
            )
        try:
            payload = event_type.payload.model_validate_json(
                _PAYLOAD.dump_json(event.payload), by_name=False
            )
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(map(str, each['loc']))}: {each['msg']}"
                for each in error.errors(include_url=False, include_input=False)
            )
            raise EventRefusedError(f"the payload of {event.event_type}: {problems}") from error
        _check_ids(event, payload)
        return payload


def _check_ids(event: EventEnvelopeV1, payload: EventPayload) -> None:
    for field, wanted in payload.envelope_ids().items():
        if (found := getattr(event, field)) != wanted:
            raise EventRefusedError(
                f"{event.event_type}: {field} is {found}, by the payload {wanted}"
            )


def _check_name(name: str) -> None:
    words = name.split(".")
    well_formed = re.fullmatch(EVENT_TYPE_PATTERN, name) and len(words) >= _MIN_WORDS
    if not well_formed or words[0] not in EVENT_ROOTS:
        raise ValueError(
            f"{name}: an event type has a root ({', '.join(EVENT_ROOTS)}), a thing, what happened "
            "to it, and a version"
        )
