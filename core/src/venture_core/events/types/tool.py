"""Events of the tools that a task calls: digests and names, never what was read or written.

Their workflow id is the Workflow's uid, their task id that of the task that called.
"""

from typing import Annotated, Final

from pydantic import Field, StringConstraints

from venture_core.events.envelope import Service
from venture_core.events.models import MAX_NUMBER, DigestUri, EventPayload, Id
from venture_core.events.registry import EventType
from venture_core.events.types.money import ReasonCode  # noqa: TC001  pydantic reads it
from venture_core.events.types.task import Attempt, OfTask

ToolName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.]{0,63}$")]
Size = Annotated[int, Field(ge=0, le=MAX_NUMBER)]


class ToolPayload(OfTask):
    """Which call an event is about."""

    attempt: Attempt
    """The attempt that called."""

    tool: ToolName
    """The tool, as roles name it."""

    call_id: Id
    """The call's name within its task: the same again is done once."""


class ToolCalledV1(ToolPayload):
    """What was called for, and what came of it."""

    input_digest: DigestUri
    """The digest of the arguments."""

    answer_digest: DigestUri
    """The digest of the answer."""


class ToolRefusedV1(ToolPayload):
    """Why a call was refused."""

    reason_code: ReasonCode
    """Why."""

    rule: Annotated[str, StringConstraints(min_length=1, max_length=512)]
    """The rule that decided, or the limit."""

    bundle_hash: DigestUri | None = None
    """The content hash of the policy bundle that the rule is of; absent where it is of none."""


class TaskMessagePublishedV1(OfTask):
    """What an agent publishes, by the digest of its words: they may hold anything."""

    attempt: Attempt
    """The attempt that published."""

    call_id: Id
    """The call's name within its task."""

    message_digest: DigestUri
    """The digest of the message, a JSON document in the workflow's workspace."""

    size_bytes: Size
    """The size of the message."""


def _type(name: str, payload: type[EventPayload], description: str) -> EventType:
    return EventType(f"task.tool.{name}.v1", payload, Service.TOOL_GATEWAY, description)


EVENT_TYPES: Final = (
    _type("called", ToolCalledV1, "A tool was called, and answered."),
    _type("refused", ToolRefusedV1, "A call of a tool was refused by policy, a freeze or a limit."),
    EventType(
        "task.message.published.v1",
        TaskMessagePublishedV1,
        Service.TOOL_GATEWAY,
        "An agent published a message, for whoever follows its workflow.",
    ),
)
