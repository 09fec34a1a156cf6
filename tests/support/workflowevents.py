"""Events of Workflows, their tasks and MoneyIntents, for tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid7

from venture_core.events.models import Cost
from venture_core.events.types import REGISTRY
from venture_core.events.types.money import (
    Decision,
    Hold,
    IntentApprovedV1,
    IntentAwaitingApprovalV1,
    IntentConsumedV1,
    IntentExpiredV1,
    IntentPayload,
    IntentRejectedV1,
    IntentRequestedV1,
    IntentRevokedV1,
)
from venture_core.events.types.task import (
    Child,
    TaskBlockedV1,
    TaskCancelledV1,
    TaskFailedV1,
    TaskPayload,
    TaskQueuedV1,
    TaskRetryingV1,
    TaskSkippedV1,
    TaskStartedV1,
    TaskSucceededV1,
)
from venture_core.events.types.workflow import (
    WorkflowCancelledV1,
    WorkflowCompletedV1,
    WorkflowFailedV1,
    WorkflowPayload,
    WorkflowRequestedV1,
    WorkflowResumedV1,
    WorkflowStartedV1,
    WorkflowSuspendedV1,
)

if TYPE_CHECKING:
    from random import Random

    from venture_core.events.envelope import EventEnvelopeV1
    from venture_core.events.models import EventPayload

HASH = "sha256:" + "ef" * 32
COST = Cost(cash_cents=500, llm_cents=41)
HOLD = Hold(pending_cents=45_000, posted_cents=5_000)
DECISION = Decision(reason_code="WITHIN_POLICY", rule="no-night-spend", bundle_hash=HASH)

FIELDS: dict[type[EventPayload], dict[str, Any]] = {
    WorkflowRequestedV1: {"bundle_hash": HASH, "tasks": 3, "budget": COST},
    WorkflowStartedV1: {},
    WorkflowSuspendedV1: {},
    WorkflowResumedV1: {},
    WorkflowCompletedV1: {"cost": COST},
    WorkflowFailedV1: {"cost": COST, "reason": "TasksFailed"},
    WorkflowCancelledV1: {"cost": COST},
    TaskQueuedV1: {},
    TaskStartedV1: {"child": Child(kind="Job", name="launch-research-1")},
    TaskRetryingV1: {"reason": "ModelBusy", "cost": COST},
    TaskSucceededV1: {"output_digest": HASH, "cost": COST},
    TaskFailedV1: {"reason": "OutputInvalid", "cost": COST},
    TaskBlockedV1: {"blocked_by": "other"},
    TaskCancelledV1: {"reason": "Shutdown", "cost": COST},
    TaskSkippedV1: {"reason": "ConditionFalse"},
    IntentRequestedV1: {
        "currency": "USD",
        "cap_cents": 50_000,
        "per_transaction_cents": 5_000,
        "merchant_id": "acme-ads",
        "expires_at": datetime(2026, 12, 1, tzinfo=UTC),
    },
    IntentAwaitingApprovalV1: {"decision": DECISION, "hold": HOLD},
    IntentApprovedV1: {"decision": DECISION, "hold": HOLD},
    IntentRejectedV1: {"decision": DECISION},
    IntentConsumedV1: {"hold": HOLD},
    IntentExpiredV1: {"hold": HOLD},
    IntentRevokedV1: {"reason_code": "FREEZE_MODE_ACTIVE", "hold": HOLD},
}
"""What each type says beside what it is about."""


class Flow:
    """Says what happened to one Workflow, its tasks and its MoneyIntent."""

    def __init__(self, name: str = "launch") -> None:
        self.uid = uuid7()
        self.intent_uid = uuid7()
        self.common: dict[str, Any] = {"namespace": "default", "name": name, "generation": 1}

    def workflow(self, kind: type[WorkflowPayload]) -> EventEnvelopeV1:
        return self._event(kind(**self.common, **FIELDS[kind], uid=self.uid))

    def task(self, kind: type[TaskPayload], attempt: int, task: str = "work") -> EventEnvelopeV1:
        payload = kind(
            namespace="default",
            workflow=self.common["name"],
            workflow_uid=self.uid,
            task=task,
            attempt=attempt,
            **FIELDS[kind],
        )
        return self._event(payload, task_id=payload.envelope_ids()["task_id"])

    def intent(self, kind: type[IntentPayload]) -> EventEnvelopeV1:
        return self._event(kind(**self.common, **FIELDS[kind], uid=self.intent_uid))

    def story(self, chooser: Random) -> list[EventEnvelopeV1]:
        """Return a whole workflow of three tasks that went one way or another."""
        events = [self.workflow(WorkflowRequestedV1), self.workflow(WorkflowStartedV1)]
        if chooser.random() < 0.2:
            events += [self.workflow(WorkflowSuspendedV1), self.workflow(WorkflowResumedV1)]
        events += [self.task(TaskQueuedV1, 0, task) for task in ("work", "next", "maybe")]
        events += self._work(chooser)
        if chooser.random() < 0.3:
            events += [self.task(TaskFailedV1, 2), self.task(TaskBlockedV1, 0, "next")]
            events.append(self.workflow(WorkflowFailedV1))
            if chooser.random() < 0.5:
                return events
            events += [self.workflow(WorkflowRequestedV1), self.workflow(WorkflowStartedV1)]
            events += [self.task(TaskQueuedV1, 2), self.task(TaskQueuedV1, 0, "next")]
            events.append(self.task(TaskStartedV1, 3))
        events += [self.task(TaskSucceededV1, 3), self.task(TaskSkippedV1, 0, "maybe")]
        events += self._money(chooser)
        if chooser.random() < 0.2:
            cancelled = self.task(TaskCancelledV1, 0, "next")
            return [*events, cancelled, self.workflow(WorkflowCancelledV1)]
        events += [self.task(TaskStartedV1, 1, "next"), self.task(TaskSucceededV1, 1, "next")]
        return [*events, self.workflow(WorkflowCompletedV1)]

    def _work(self, chooser: Random) -> list[EventEnvelopeV1]:
        first = [self.task(TaskStartedV1, 1)]
        if chooser.random() < 0.5:
            return first
        return [*first, self.task(TaskRetryingV1, 1), self.task(TaskStartedV1, 2)]

    def _money(self, chooser: Random) -> list[EventEnvelopeV1]:
        kinds: list[type[IntentPayload]] = [IntentRequestedV1]
        if chooser.random() < 0.5:
            kinds.append(IntentAwaitingApprovalV1)
        if chooser.random() < 0.3:
            kinds.append(IntentRejectedV1)
        else:
            ends = (IntentConsumedV1, IntentExpiredV1, IntentRevokedV1)
            kinds += [IntentApprovedV1, chooser.choice(ends)]
        return [self.intent(kind) for kind in kinds]

    def _event(self, payload: EventPayload, task_id: UUID | None = None) -> EventEnvelopeV1:
        return REGISTRY.new_event(
            payload,
            event_id=uuid7(),
            trace_id=UUID(int=7),
            workflow_id=self.uid,
            task_id=task_id,
            created_at=datetime.now(UTC),
        )
