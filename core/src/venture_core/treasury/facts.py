"""What the record says of what the database decided. Pure: ids and the time come in."""

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid5

from venture_core.events.types import REGISTRY, ledger, money
from venture_core.treasury.ids import consequence_id
from venture_core.treasury.operations import Kind
from venture_core.treasury.reasons import ReasonCode
from venture_core.treasury.views import cents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from venture_core.events.envelope import EventEnvelopeV1
    from venture_core.events.models import EventPayload
    from venture_core.treasury.answers import Outcome
    from venture_core.treasury.operations import Operation
    from venture_core.treasury.views import Facts

_SPENDS: Final[dict[Kind, type[ledger.SpendPayload]]] = {
    Kind.SPEND: ledger.SpendAuthorizedV1,
    Kind.CAPTURE: ledger.SpendCapturedV1,
    Kind.VOID: ledger.SpendVoidedV1,
    Kind.REFUND: ledger.SpendRefundedV1,
}
_ENDS_INTENT: Final = frozenset({Kind.SPEND, Kind.CAPTURE})


def events_of(operation: Operation, outcome: Outcome, now: datetime) -> Iterator[EventEnvelopeV1]:
    """Give the events of an operation that was decided: its own first, by its id."""
    chain = _chain(operation, outcome.facts)
    if outcome.code is not ReasonCode.WITHIN_POLICY:
        yield _event(operation.id, chain, _refused(operation, outcome), now)
        return
    yield _event(operation.id, chain, _done(operation, outcome.facts), now)
    budget = outcome.facts.get("budget", {})
    if operation.kind in _ENDS_INTENT and budget.get("state") == "Consumed":
        subject = UUID(budget["budget_id"])
        payload = money.IntentConsumedV1(**_intent(outcome.facts), hold=_intent_hold(outcome.facts))
        yield _event(consequence_id(subject, "consumed"), chain, payload, now)


def expired_event(outcome: Outcome, now: datetime) -> EventEnvelopeV1:
    """Return the event of an intent or a hold that was released because its time was over."""
    facts = outcome.facts
    payload: EventPayload
    if outcome.code is ReasonCode.INTENT_EXPIRED:
        payload = money.IntentExpiredV1(**_intent(facts), hold=_intent_hold(facts))
    elif facts["hold"]["kind"] == "Usage":
        payload = ledger.UsageExpiredV1(**_usage(facts))
    else:
        payload = ledger.SpendExpiredV1(**_spend(facts))
    chain = UUID(facts["budget"]["chain_id"])
    return _event(consequence_id(outcome.subject, "expired"), chain, payload, now)


def _event(event_id: UUID, chain: UUID, payload: EventPayload, now: datetime) -> EventEnvelopeV1:
    return REGISTRY.new_event(
        payload,
        event_id=event_id,
        workflow_id=chain,
        trace_id=uuid5(chain, "trace"),
        created_at=now,
    )


def _chain(operation: Operation, facts: Facts) -> UUID:
    found = (facts.get("budget") or {}).get("chain_id") if facts else None
    # What was refused joins the chain of whoever tried, whatever they named.
    if operation.chain is not None:
        return operation.chain
    return UUID(found) if found else operation.id


def _done(operation: Operation, facts: Facts) -> EventPayload:
    if (spend := _SPENDS.get(operation.kind)) is not None:
        return spend(**_spend(facts))
    return _PAYLOADS[operation.kind](operation, facts)


def _funded(operation: Operation, facts: Facts) -> EventPayload:
    balance = facts["budget"]["limit_micros"] - facts["budget"]["spent_micros"]
    return ledger.WalletFundedV1(
        **_wallet(facts),
        amount_cents=cents(facts, operation.amount or 0),
        balance_cents=cents(facts, balance),
    )


def _approved(_operation: Operation, facts: Facts) -> EventPayload:
    decision = money.Decision.model_validate(facts["intent"]["decision"])
    return money.IntentApprovedV1(**_intent(facts), decision=decision, hold=_intent_hold(facts))


def _ended(operation: Operation, facts: Facts) -> EventPayload:
    if facts["budget"]["kind"] != "Intent":
        return ledger.BudgetEndedV1(**_budget(facts))
    reason = (operation.state or "").upper()
    return money.IntentRevokedV1(**_intent(facts), reason_code=reason, hold=_intent_hold(facts))


def _settled(operation: Operation, facts: Facts) -> EventPayload:
    return ledger.UsageSettledV1(
        **_usage(facts),
        settled_micros=facts["hold"]["posted_micros"],
        used_micros=operation.amount or 0,
    )


_PAYLOADS: Final[dict[Kind, Callable[[Operation, Facts], EventPayload]]] = {
    Kind.FUND: _funded,
    Kind.SET_BUDGET: lambda _operation, facts: ledger.BudgetSetV1(**_budget(facts)),
    Kind.END_BUDGET: _ended,
    Kind.APPROVE: _approved,
    Kind.USAGE_HOLD: lambda _operation, facts: ledger.UsageHeldV1(**_usage(facts)),
    Kind.SETTLE: _settled,
}


def _refused(operation: Operation, outcome: Outcome) -> EventPayload:
    facts = outcome.facts or {}
    budget = (facts.get("budget") or {}).get("budget_id")
    subject = UUID(budget) if budget else None
    common: dict[str, Any] = {
        "operation": operation.kind.value,
        "task": operation.task,
        "amount_micros": operation.amount or 0,
        "reason_code": outcome.code.value,
    }
    if operation.kind in {Kind.USAGE_HOLD, Kind.SETTLE}:
        return ledger.UsageRefusedV1(budget_id=subject, **common)
    return ledger.SpendRefusedV1(intent_uid=subject if facts.get("intent") else None, **common)


def _wallet(facts: Facts) -> dict[str, Any]:
    return {"namespace": facts["wallet"]["namespace"], "currency": facts["wallet"]["currency"]}


def _budget(facts: Facts) -> dict[str, Any]:
    budget = facts["budget"]
    return _wallet(facts) | {
        "budget_id": UUID(budget["budget_id"]),
        **{each: budget[each] for each in ("kind", "purpose", "name")},
        **{each: budget[each] for each in ("limit_micros", "spent_micros")},
    }


def _intent(facts: Facts) -> dict[str, Any]:
    return {
        "namespace": facts["wallet"]["namespace"],
        "name": facts["budget"]["name"],
        "uid": UUID(facts["intent"]["intent_id"]),
        "generation": facts["intent"]["generation"],
    }


def _intent_hold(facts: Facts) -> money.Hold:
    budget = facts["budget"]
    left = budget["limit_micros"] - budget["spent_micros"] if budget["state"] == "Open" else 0
    return money.Hold(
        pending_cents=cents(facts, left), posted_cents=cents(facts, budget["spent_micros"])
    )


def _spend(facts: Facts) -> dict[str, Any]:
    hold, budget = facts["hold"], facts["budget"]
    return _wallet(facts) | {
        "authorization_id": UUID(hold["hold_id"]),
        "intent": budget["name"],
        "intent_uid": UUID(budget["budget_id"]),
        "task": hold["task"],
        "merchant": hold["merchant"],
        "category": hold["category"],
        "amount_cents": cents(facts, hold["amount_micros"]),
        "captured_cents": cents(facts, hold["posted_micros"]),
        "refunded_cents": cents(facts, hold["refunded_micros"]),
    }


def _usage(facts: Facts) -> dict[str, Any]:
    hold = facts["hold"]
    return _wallet(facts) | {
        "hold_id": UUID(hold["hold_id"]),
        "task": hold["task"],
        "held_micros": hold["amount_micros"],
    }
