"""Events of a Workflow's tasks: queued, tried, tried again, and ended one way or another.

Their workflow id is the Workflow's uid, their task id follows from it and the task's name. A
task's output and the words of its failure may hold personal data, so there are a digest and a
reason here, and no text.
"""

from typing import Annotated, Final, override
from uuid import UUID, uuid5

from pydantic import Field, StringConstraints

from venture_core.events.envelope import Service
from venture_core.events.models import Cost, DigestUri, EventPayload, Id, Name, Reason
from venture_core.events.registry import EventType

TaskName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
"""A task's name within its Workflow: a DNS label."""

Attempt = Annotated[int, Field(ge=1, le=2**31 - 1)]


def task_id(workflow_uid: UUID, task: str) -> UUID:
    """Return the id of a Workflow's task: the version 5 UUID of its name within the Workflow's uid.

    Whoever knows the two knows the id, and all attempts of a task share it; their numbers tell them
    apart.
    """
    return uuid5(workflow_uid, task)


class OfTask(EventPayload):
    """Which task an event is about."""

    namespace: Name
    """The namespace of the Workflow."""

    workflow: Name
    """The Workflow's name."""

    workflow_uid: Id
    """The Workflow's uid, which is also the event's workflow id."""

    task: TaskName
    """The task's name within the Workflow."""

    attempt: Annotated[int, Field(ge=0, le=2**31 - 1)]
    """The last attempt that was started, 0 where none was. A retry of the Workflow counts on."""

    @override
    def envelope_ids(self) -> dict[str, UUID]:
        return {
            "workflow_id": self.workflow_uid,
            "task_id": task_id(self.workflow_uid, self.task),
        }


class TaskPayload(OfTask):
    """Which task an event is about that tells how far it is."""


class Child(EventPayload):
    """The object that does a task's work."""

    kind: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Za-z0-9]{0,62}$")]
    """Its kind: Job, ArtifactBuild, Approval or MoneyIntent, for example."""

    name: Name
    """Its name, in the namespace of the Workflow."""


class TaskQueuedV1(TaskPayload):
    """That it is to be run, at first or again."""


class TaskStartedV1(TaskPayload):
    """What does the work."""

    attempt: Attempt
    """The attempt that was started."""

    child: Child
    """The object that does the work."""


class TaskSucceededV1(TaskPayload):
    """What came of it."""

    attempt: Attempt
    """The attempt that succeeded."""

    output_digest: DigestUri | None = None
    """The digest of the output; absent where there is none."""

    cost: Cost
    """What the task has cost."""


class TaskFailedV1(TaskPayload):
    """Why it failed for good."""

    reason: Reason
    """Why."""

    cost: Cost
    """What the task has cost."""


class TaskRetryingV1(TaskPayload):
    """Why an attempt failed that is worth another."""

    attempt: Attempt
    """The attempt that failed."""

    reason: Reason
    """Why."""

    cost: Cost
    """What the task has cost so far."""


class TaskBlockedV1(TaskPayload):
    """What it waits for in vain."""

    blocked_by: TaskName
    """The task it depends on that did not succeed."""


class TaskCancelledV1(TaskPayload):
    """That it was ended before it was done."""

    reason: Reason
    """Why."""

    cost: Cost
    """What the task has cost."""


class TaskSkippedV1(TaskPayload):
    """That there was nothing to do."""

    reason: Reason
    """Why."""


def _type(name: str, payload: type[EventPayload], description: str) -> EventType:
    return EventType(f"task.run.{name}.v1", payload, Service.ORCHESTRATOR, description)


EVENT_TYPES: Final = (
    _type("queued", TaskQueuedV1, "The task waits for those it depends on, and for room."),
    _type("started", TaskStartedV1, "The object that does the task's work was created."),
    _type("succeeded", TaskSucceededV1, "The task is done."),
    _type("failed", TaskFailedV1, "The task failed, and is not tried again unless the user asks."),
    _type("retrying", TaskRetryingV1, "An attempt failed for a reason that may pass."),
    _type("blocked", TaskBlockedV1, "The task cannot start: one it depends on did not succeed."),
    _type("cancelled", TaskCancelledV1, "The task was ended with its workflow."),
    _type("skipped", TaskSkippedV1, "The task's condition does not hold, so it is not run."),
)
