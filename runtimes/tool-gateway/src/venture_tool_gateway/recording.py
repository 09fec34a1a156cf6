"""The gateway's events: each call, each refusal, each message."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from venture_core.events.types import REGISTRY
from venture_core.events.types.tool import TaskMessagePublishedV1, ToolCalledV1, ToolRefusedV1
from venture_core.http.problems import try_again
from venture_core.record.append import AppendError, OtherContentError

if TYPE_CHECKING:
    from venture_core.agents.assignment import AgentAssignment
    from venture_core.events.models import EventPayload
    from venture_core.policy.decision import Decision
    from venture_core.record.producer import EventProducer


class Recorder:
    """Appends events, each named by its call: the same again is the same event.

    Raises Problem 503 where one cannot be appended: a call without a record has no answer.
    """

    def __init__(self, producer: EventProducer) -> None:
        self._producer = producer

    async def called(
        self,
        assignment: AgentAssignment,
        tool: str,
        call_id: UUID,
        *,
        input_digest: str,
        answer_digest: str,
    ) -> None:
        """Record a call that was answered."""
        payload = ToolCalledV1(
            **_of(assignment),
            tool=tool,
            call_id=call_id,
            input_digest=input_digest,
            answer_digest=answer_digest,
        )
        await self._append(assignment, call_id, payload)

    async def refused(
        self, assignment: AgentAssignment, tool: str, call_id: UUID, decision: Decision
    ) -> None:
        """Record a call that was refused."""
        payload = ToolRefusedV1(
            **_of(assignment),
            tool=tool,
            call_id=call_id,
            reason_code=decision.reason_code.value,
            rule=decision.rule,
            bundle_hash=decision.bundle_hash or None,
        )
        await self._append(assignment, call_id, payload)

    async def published(
        self, assignment: AgentAssignment, call_id: UUID, digest: str, size_bytes: int
    ) -> None:
        """Record a message of an agent."""
        payload = TaskMessagePublishedV1(
            **_of(assignment), call_id=call_id, message_digest=digest, size_bytes=size_bytes
        )
        await self._append(assignment, call_id, payload)

    async def _append(
        self, assignment: AgentAssignment, call_id: UUID, payload: EventPayload
    ) -> None:
        event = REGISTRY.new_event(
            payload,
            event_id=uuid5(assignment.task_id, f"{call_id}/{type(payload).__name__}"),
            trace_id=assignment.trace_id,
            workflow_id=assignment.workflow_uid,
            task_id=assignment.task_id,
            created_at=datetime.now(UTC),
        )
        try:
            await self._producer.append(event)
        except OtherContentError:
            # It is recorded already, at the time of the first try.
            return
        except AppendError as error:
            raise try_again(
                "The record does not answer; try again.", "record-unavailable"
            ) from error


def _of(assignment: AgentAssignment) -> dict[str, Any]:
    return {
        "namespace": assignment.namespace,
        "workflow": assignment.workflow,
        "workflow_uid": assignment.workflow_uid,
        "task": assignment.task,
        "attempt": assignment.attempt,
    }
