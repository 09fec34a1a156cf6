"""From what is asked over HTTP to the operation that the database decides. Pure."""

from typing import TYPE_CHECKING, Any

from venture_core.canonical import canonical_json, sha256_hex
from venture_core.treasury.amounts import minor_micros, to_micros
from venture_core.treasury.ids import task_budget_id, wallet_id, workflow_budget_id
from venture_core.treasury.operations import Kind, Operation

if TYPE_CHECKING:
    from uuid import UUID

    from venture_core.treasury.ids import Purpose
    from venture_core.treasury.models import (
        FundingRequest,
        Input,
        IntentTerms,
        TaskBudgetRequest,
        UsageHoldRequest,
        VoidIntentRequest,
        WorkflowBudgetRequest,
    )


def input_hash(request: Input, **more: str) -> str:
    """Return the digest of what is asked for: SHA-256 over its canonical JSON."""
    return sha256_hex(canonical_json(request.model_dump(mode="json") | more))


def fund(operation_id: UUID, namespace: str, request: FundingRequest) -> Operation:
    """Pay into a wallet."""
    return Operation(
        id=operation_id,
        kind=Kind.FUND,
        input_hash=input_hash(request, namespace=namespace),
        wallet=wallet_id(namespace, request.currency),
        namespace=namespace,
        currency=request.currency,
        minor_micros=minor_micros(request.currency),
        amount=to_micros(request.amount_cents, request.currency),
    )


def workflow_budget(
    operation_id: UUID, workflow_uid: UUID, request: WorkflowBudgetRequest, purpose: Purpose
) -> Operation:
    """Open a workflow's budget, or give it another limit."""
    wallet = wallet_id(request.namespace, request.currency)
    cents = request.cash_cents if purpose == "Cash" else request.llm_cents
    return Operation(
        id=operation_id,
        kind=Kind.SET_BUDGET,
        input_hash=input_hash(request, purpose=purpose),
        wallet=wallet,
        budget=workflow_budget_id(workflow_uid, purpose),
        parent=wallet,
        chain=workflow_uid,
        budget_kind="Workflow",
        purpose=purpose,
        name=request.workflow,
        amount=to_micros(cents, request.currency),
    )


def task_budget(
    operation_id: UUID, workflow_uid: UUID, task: str, request: TaskBudgetRequest
) -> Operation:
    """Open a task's budget within its workflow's, or give it another limit."""
    return Operation(
        id=operation_id,
        kind=Kind.SET_BUDGET,
        input_hash=input_hash(request, task=task),
        wallet=wallet_id(request.namespace, request.currency),
        budget=task_budget_id(workflow_uid, task),
        parent=workflow_budget_id(workflow_uid, "Usage"),
        chain=workflow_uid,
        budget_kind="Task",
        purpose="Usage",
        name=task,
        amount=to_micros(request.llm_cents, request.currency),
    )


def end_budget(operation_id: UUID, workflow_uid: UUID, budget: UUID) -> Operation:
    """End a budget of a workflow."""
    return Operation(
        id=operation_id,
        kind=Kind.END_BUDGET,
        input_hash=sha256_hex(budget.bytes),
        budget=budget,
        chain=workflow_uid,
        state="Released",
    )


def void_intent(operation_id: UUID, intent: UUID, request: VoidIntentRequest) -> Operation:
    """End an intent, and release what is held for it."""
    return Operation(
        id=operation_id,
        kind=Kind.END_BUDGET,
        input_hash=input_hash(request, intent=str(intent)),
        budget=intent,
        state="Revoked",
    )


def approve(operation_id: UUID, intent: UUID, terms: IntentTerms) -> Operation:
    """Hold what an intent may spend."""
    wallet = wallet_id(terms.namespace, terms.currency)
    workflow = terms.workflow_uid
    return Operation(
        id=operation_id,
        kind=Kind.APPROVE,
        input_hash=input_hash(terms, intent=str(intent)),
        wallet=wallet,
        budget=intent,
        parent=wallet if workflow is None else workflow_budget_id(workflow, "Cash"),
        chain=workflow or intent,
        budget_kind="Intent",
        purpose="Cash",
        name=terms.name,
        amount=to_micros(terms.cap_cents, terms.currency),
        expires_at=terms.expires_at,
        terms=_terms(terms),
    )


def _terms(terms: IntentTerms) -> dict[str, Any]:
    """Return the row of treasury.intents."""
    velocity, day = terms.velocity, terms.per_day_cents
    return {
        "workflow_id": None if terms.workflow_uid is None else str(terms.workflow_uid),
        "generation": terms.generation,
        "not_before": None if terms.not_before is None else terms.not_before.isoformat(),
        "per_transaction_micros": to_micros(terms.per_transaction_cents, terms.currency),
        "velocity_micros": velocity and to_micros(velocity.cents, terms.currency),
        "velocity_transactions": velocity and velocity.transactions,
        "velocity_seconds": velocity and velocity.window_seconds,
        "day_micros": None if day is None else to_micros(day, terms.currency),
        "day_zone": terms.time_zone,
        "role": terms.role,
        "merchant": terms.merchant,
        "categories": list(terms.categories),
        "tasks": list(terms.tasks),
        "decision": terms.decision.model_dump(mode="json", by_alias=True, exclude_none=True),
    }


def usage_hold(operation_id: UUID, request: UsageHoldRequest) -> Operation:
    """Hold the worst case of a call."""
    day = request.role_day_cents
    return Operation(
        id=operation_id,
        kind=Kind.USAGE_HOLD,
        input_hash=input_hash(request),
        budget=task_budget_id(request.workflow_uid, request.task),
        chain=request.workflow_uid,
        currency=request.currency,
        amount=request.amount_micros,
        ttl_seconds=request.ttl_seconds,
        task=request.task,
        role=request.role,
        role_day_micros=None if day is None else to_micros(day, request.currency),
    )


def settlement(operation_id: UUID, hold: UUID, amount_micros: int) -> Operation:
    """Post what a call cost, and release the rest."""
    return Operation(
        id=operation_id,
        kind=Kind.SETTLE,
        input_hash=sha256_hex(f"{hold}/{amount_micros}".encode()),
        hold=hold,
        amount=amount_micros,
    )
