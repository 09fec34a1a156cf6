"""What a decision leaves in the record."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from venture_core.canonical import canonical_json, sha256_hex

if TYPE_CHECKING:
    from venture_core.events.models import EventPayload


@dataclass(frozen=True, slots=True)
class Fact:
    """One event to be: its type and its payload."""

    event_type: str
    payload: EventPayload
    occasion: str = ""
    """What tells apart two events that say the same, such as the run they belong to."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose chain the events join, and what they are part of.

    `workflow_id` is the uid of the Workflow, or of an object that no Workflow asked for.
    """

    workflow_id: UUID
    task_id: UUID | None = None
    policy_bundle_id: UUID | None = None

    @property
    def trace_id(self) -> UUID:
        """The trace that all work for the workflow belongs to."""
        return uuid5(self.workflow_id, "trace")


def event_id(subject: Subject, fact: Fact) -> UUID:
    """Return the id of a fact's event: it follows from all that the event says.

    Whoever repeats a decision after a crash says the same and so repeats the event; whatever
    differs in what happened is another event.
    """
    payload = fact.payload.model_dump(mode="json", by_alias=True)
    digest = sha256_hex(canonical_json(payload))
    told_apart = f"/{fact.occasion}" if fact.occasion else ""
    return uuid5(subject.workflow_id, f"{fact.event_type}/{digest}{told_apart}")
