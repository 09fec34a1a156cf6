"""A wallet, a workflow and an approved intent, and what is asked of the ledger in tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from venture_core.treasury import requests
from venture_core.treasury.ids import wallet_id
from venture_core.treasury.models import (
    FundingRequest,
    IntentDecision,
    IntentTerms,
    TaskBudgetRequest,
    UsageHoldRequest,
    VoidIntentRequest,
    WorkflowBudgetRequest,
)
from venture_core.treasury.operations import Kind, Operation
from venture_core.treasury.reasons import ReasonCode

if TYPE_CHECKING:
    from venture_core.treasury.answers import Answer
    from venture_core.treasury.ledger import Ledger

DIGEST = f"sha256:{'0' * 64}"
OK = ReasonCode.WITHIN_POLICY


def code_of(answer: Answer) -> ReasonCode:
    """Return why it was decided so."""
    return ReasonCode(answer.json()["reasonCode"]) if answer.is_refusal else OK


@dataclass
class Scene:
    """One workflow with a wallet of 1,000 USD and budgets of 500 for cash and 5 for models."""

    ledger: Ledger
    namespace: str = "team-a"
    currency: str = "USD"
    workflow: UUID = field(default_factory=uuid4)
    intent: UUID = field(default_factory=uuid4)

    @property
    def wallet(self) -> UUID:
        """The wallet's id."""
        return wallet_id(self.namespace, self.currency)

    async def fund(self, cents: int = 100_000) -> Answer:
        """Pay into the wallet."""
        request = FundingRequest(currency=self.currency, amount_cents=cents)
        return await self.ledger.decide(requests.fund(uuid4(), self.namespace, request))

    async def budgets(self, *, cash: int = 50_000, llm: int = 500, generation: int = 1) -> Answer:
        """Open the workflow's budgets; return the first refusal, or the last answer."""
        request = WorkflowBudgetRequest(
            namespace=self.namespace,
            workflow="launch",
            generation=generation,
            currency=self.currency,
            cash_cents=cash,
            llm_cents=llm,
        )
        for purpose in ("Cash", "Usage"):
            answer = await self.ledger.decide(
                requests.workflow_budget(uuid4(), self.workflow, request, purpose)
            )
            if answer.is_refusal:
                break
        return answer

    async def task(self, task: str = "research", llm: int = 500) -> Answer:
        """Open a task's budget."""
        request = TaskBudgetRequest(
            namespace=self.namespace, generation=1, currency=self.currency, llm_cents=llm
        )
        return await self.ledger.decide(requests.task_budget(uuid4(), self.workflow, task, request))

    def terms(self, **changes: Any) -> IntentTerms:
        """Return the terms of an intent of 100 USD."""
        given: dict[str, Any] = {
            "namespace": self.namespace,
            "name": "ads",
            "generation": 1,
            "workflow_uid": self.workflow,
            "role": "finance",
            "tasks": ("place",),
            "currency": self.currency,
            "cap_cents": 10_000,
            "per_transaction_cents": 10_000,
            "merchant": "acme-ads",
            "categories": ("7311",),
            "expires_at": datetime.now(UTC) + timedelta(hours=1),
            "decision": IntentDecision(reason_code="WITHIN_POLICY", bundle_hash=DIGEST),
        }
        return IntentTerms(**given | changes)

    async def approve(self, intent: UUID | None = None, **changes: Any) -> Answer:
        """Have the intent approved."""
        operation = requests.approve(uuid4(), intent or self.intent, self.terms(**changes))
        return await self.ledger.decide(operation)

    async def void_intent(self, intent: UUID | None = None) -> Answer:
        """Revoke the intent."""
        request = VoidIntentRequest(reason="Revoked")
        operation = requests.void_intent(uuid4(), intent or self.intent, request)
        return await self.ledger.decide(operation)

    async def end(self, budget: UUID) -> Answer:
        """End a budget of the workflow."""
        return await self.ledger.decide(requests.end_budget(uuid4(), self.workflow, budget))

    def spending(self, cents: int, **changes: Any) -> Operation:
        """Return a purchase by the task that may."""
        given: dict[str, Any] = {
            "id": uuid4(),
            "kind": Kind.SPEND,
            "input_hash": "00" * 32,
            "budget": self.intent,
            "chain": self.workflow,
            "role": "finance",
            "task": "place",
            "currency": self.currency,
            "merchant": "acme-ads",
            "category": "7311",
            "ttl_seconds": 3600,
            "amount": cents * 10_000,
        }
        return Operation(**given | changes)

    async def spend(self, cents: int, **changes: Any) -> Answer:
        """Hold for a purchase."""
        return await self.ledger.decide(self.spending(cents, **changes))

    def following(self, kind: Kind, hold: UUID, cents: int | None = None, **more: Any) -> Operation:
        """Return a capture, void or refund by the task that may."""
        return Operation(
            id=uuid4(),
            kind=kind,
            input_hash="11" * 32,
            hold=hold,
            amount=None if cents is None else cents * 10_000,
            chain=self.workflow,
            role="finance",
            task="place",
            **more,
        )

    async def follow(self, kind: Kind, hold: UUID, cents: int | None = None, **more: Any) -> Answer:
        """Capture, void or refund."""
        return await self.ledger.decide(self.following(kind, hold, cents, **more))

    async def hold_usage(
        self, micros: int, *, task: str = "research", ttl_seconds: int = 3600, **more: Any
    ) -> Answer:
        """Hold for a call of a language model."""
        request = UsageHoldRequest(
            workflow_uid=self.workflow,
            task=task,
            currency=self.currency,
            amount_micros=micros,
            ttl_seconds=ttl_seconds,
            **more,
        )
        return await self.ledger.decide(requests.usage_hold(uuid4(), request))

    async def settle(self, hold: UUID, micros: int) -> Answer:
        """Say what the call cost."""
        return await self.ledger.decide(
            Operation(id=uuid4(), kind=Kind.SETTLE, input_hash="22" * 32, hold=hold, amount=micros)
        )
