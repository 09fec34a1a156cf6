"""Events of Workflows: a plan of tasks accepted, run, halted and brought to an end.

Their workflow id is the Workflow's uid.
"""

from typing import TYPE_CHECKING, Annotated, Final, override

from pydantic import Field, StringConstraints

from venture_core.events.envelope import Service
from venture_core.events.models import (
    MAX_NUMBER,
    Cost,
    DigestUri,
    EventPayload,
    Id,
    Name,
    Reason,
)
from venture_core.events.registry import EventType

if TYPE_CHECKING:
    from uuid import UUID


class WorkflowPayload(EventPayload):
    """Which Workflow an event is about."""

    namespace: Name
    """The namespace of the Workflow."""

    name: Name
    """Its name."""

    uid: Id
    """Its uid, which is also the event's workflow id."""

    generation: Annotated[int, Field(ge=1, le=MAX_NUMBER)]
    """The generation of the object that was acted on."""

    @override
    def envelope_ids(self) -> dict[str, UUID]:
        return {"workflow_id": self.uid}


class WorkflowRequestedV1(WorkflowPayload):
    """What was asked for."""

    bundle_hash: DigestUri
    """The content hash of the policy bundle that governs it from now on."""

    tasks: Annotated[int, Field(ge=1, le=100)]
    """How many tasks it has."""

    budget: Cost
    """The most it may cost."""

    retry: Annotated[str, StringConstraints(max_length=64)] = ""
    """The word by which another run of what failed was asked for; empty for the first."""


class WorkflowStartedV1(WorkflowPayload):
    """That it runs."""


class WorkflowEndedPayload(WorkflowPayload):
    """What it had cost by its end."""

    cost: Cost
    """What all its tasks cost together."""


class WorkflowCompletedV1(WorkflowEndedPayload):
    """That every task is done or was skipped."""


class WorkflowFailedV1(WorkflowEndedPayload):
    """Why it came to nothing."""

    reason: Reason
    """Why. The sentence is in the object's status, not in the record."""


class WorkflowCancelledV1(WorkflowEndedPayload):
    """That the user ended it."""


class WorkflowSuspendedV1(WorkflowPayload):
    """That the user halted it."""


class WorkflowResumedV1(WorkflowPayload):
    """That the user let it go on."""


def _type(name: str, payload: type[EventPayload], description: str) -> EventType:
    return EventType(f"workflow.run.{name}.v1", payload, Service.ORCHESTRATOR, description)


EVENT_TYPES: Final = (
    _type("requested", WorkflowRequestedV1, "A Workflow was accepted, and its bundle pinned."),
    _type("started", WorkflowStartedV1, "The first of its tasks may start."),
    _type("completed", WorkflowCompletedV1, "All tasks succeeded or were skipped."),
    _type("failed", WorkflowFailedV1, "The workflow ended, and not all of its tasks succeeded."),
    _type("cancelled", WorkflowCancelledV1, "The user shut the workflow down."),
    _type("suspended", WorkflowSuspendedV1, "The user suspended the workflow."),
    _type("resumed", WorkflowResumedV1, "The user resumed a suspended workflow."),
)
