"""The gateway's events: each call and each refusal, by digests and counts."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid5

import structlog
from venture_core.events.types import REGISTRY
from venture_core.events.types.model import ModelCalledV1, ModelRefusedV1, ModelUsage
from venture_core.events.types.task import task_id
from venture_core.record.append import AppendError

from venture_llm_gateway import metrics

if TYPE_CHECKING:
    from venture_core.events.models import EventPayload
    from venture_core.llm.usage import Usage
    from venture_core.record.producer import EventProducer

    from venture_llm_gateway.assigned import Assigned
    from venture_llm_gateway.calls import Call
    from venture_llm_gateway.decisions import Denial
    from venture_llm_gateway.outcomes import Outcome

MAX_MODEL_NAME: Final = 128

log = structlog.get_logger(__name__)


class Recorder:
    """Appends events. What cannot be appended is logged and counted: the call was made."""

    def __init__(self, producer: EventProducer) -> None:
        self._producer = producer

    async def called(self, call: Call, outcome: Outcome, answer_digest: str | None) -> None:
        """Record a call that ended."""
        assigned = call.assigned
        payload = ModelCalledV1(
            **_of(assigned, call.provider, call.order.model),
            api=call.order.dialect.value,
            outcome=outcome.kind,
            request_digest=call.request_digest,
            answer_digest=answer_digest,
            usage=None if outcome.usage is None else _usage(outcome.usage),
            currency=assigned.currency,
            held_micros=call.held_micros,
            cost_micros=outcome.cost_micros,
        )
        await self._append(call.id, assigned, payload)

    async def refused(
        self, call_id: UUID, assigned: Assigned, provider: str, model: str, denial: Denial
    ) -> None:
        """Record a call that was not made."""
        payload = ModelRefusedV1(
            **_of(assigned, provider, model),
            reason_code=denial.reason_code,
            rule=denial.rule,
            bundle_hash=denial.bundle_hash,
        )
        await self._append(call_id, assigned, payload)

    async def _append(self, call_id: UUID, assigned: Assigned, payload: EventPayload) -> None:
        event = REGISTRY.new_event(
            payload,
            event_id=uuid5(call_id, type(payload).__name__),
            trace_id=assigned.trace_id,
            workflow_id=assigned.workflow_uid,
            task_id=task_id(assigned.workflow_uid, assigned.task),
            created_at=datetime.now(UTC),
        )
        try:
            await self._producer.append(event)
        except AppendError:
            metrics.UNRECORDED.inc()
            log.exception("an event is not recorded", event_id=str(event.event_id))


def _of(assigned: Assigned, provider: str, model: str) -> dict[str, Any]:
    return {
        "namespace": assigned.namespace,
        "workflow": assigned.workflow,
        "workflow_uid": assigned.workflow_uid,
        "task": assigned.task,
        "attempt": assigned.attempt,
        "provider": provider,
        "model": model[:MAX_MODEL_NAME],
    }


def _usage(usage: Usage) -> ModelUsage:
    return ModelUsage(
        input=usage.input,
        cache_reads=usage.cache_reads,
        cache_writes=dict(usage.cache_writes),
        output=usage.output,
        reasoning=usage.reasoning,
    )
