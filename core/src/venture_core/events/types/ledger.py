"""Events of the ledger: money paid in, budgets, purchases, and the use of language models.

Each is appended in the transaction in which the money moves, and has the id of the operation that
moved it. Their workflow id is the Workflow's uid, the MoneyIntent's where no Workflow asked for it,
and for money that is paid in the wallet's.
"""

from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from venture_core.events.envelope import Service
from venture_core.events.models import MAX_NUMBER, Cents, EventPayload, Id, Name
from venture_core.events.registry import EventType
from venture_core.events.types.money import Currency, ReasonCode  # noqa: TC001 - for pydantic

Micros = Annotated[int, Field(ge=0, le=MAX_NUMBER)]
"""An amount in millionths of the currency's unit."""
Task = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
"""The name of a task of a Workflow."""


class MoneyPayload(EventPayload):
    """Whose money an event is about."""

    namespace: Name
    """The namespace whose wallet it is."""

    currency: Currency
    """The wallet's currency."""


class WalletFundedV1(MoneyPayload):
    """What was paid in."""

    amount_cents: Cents
    """How much, in minor units."""

    balance_cents: Cents
    """What is in the wallet then, held or not."""


class BudgetPayload(MoneyPayload):
    """Which budget an event is about."""

    budget_id: Id
    """The budget."""

    kind: Literal["Wallet", "Workflow", "Task", "Intent"]
    """What it is the budget of."""

    purpose: Literal["All", "Cash", "Usage"]
    """What it is for."""

    name: Name
    """The Workflow or task."""

    limit_micros: Micros
    """The most that may be spent."""

    spent_micros: Micros
    """What was spent so far."""


class BudgetSetV1(BudgetPayload):
    """That it was opened, or has another limit now."""


class BudgetEndedV1(BudgetPayload):
    """That it was ended; what was not spent is free again."""


class SpendPayload(MoneyPayload):
    """Which purchase an event is about, and where it stands then."""

    authorization_id: Id
    """The purchase, by the id of its authorization."""

    intent: Name
    """The MoneyIntent."""

    intent_uid: Id
    """Its uid."""

    task: Task
    """The task that spends."""

    merchant: Task
    """Who is paid, by the name in the policy bundle."""

    category: Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$")]
    """What for: a merchant category code."""

    amount_cents: Cents
    """What was held for it."""

    captured_cents: Cents
    """What of it was spent."""

    refunded_cents: Cents
    """What of that was given back."""


class SpendAuthorizedV1(SpendPayload):
    """What may be spent, and whether it was at once."""


class SpendCapturedV1(SpendPayload):
    """What was spent."""


class SpendVoidedV1(SpendPayload):
    """What is released."""


class SpendRefundedV1(SpendPayload):
    """What was given back."""


class SpendExpiredV1(SpendPayload):
    """What is released since its time is over."""


class SpendRefusedV1(EventPayload):
    """What somebody tried to do with money, and why not."""

    operation: Literal["Spend", "Capture", "Void", "Refund"]
    """What they tried."""

    intent_uid: Id | None = None
    """The MoneyIntent, where there is one of that name."""

    task: Task | None = None
    """The task that tried."""

    amount_micros: Micros
    """How much."""

    reason_code: ReasonCode
    """Why not."""


class UsagePayload(MoneyPayload):
    """Which call of a language model an event is about."""

    hold_id: Id
    """The hold for the call."""

    task: Task
    """The task that calls."""

    held_micros: Micros
    """The most that the call can cost."""


class UsageHeldV1(UsagePayload):
    """What is held for the call."""


class UsageSettledV1(UsagePayload):
    """What the call cost."""

    settled_micros: Micros
    """What is spent."""

    used_micros: Micros
    """What the provider counted; no more is spent than was held."""


class UsageExpiredV1(UsagePayload):
    """What is released, since nobody said what the call cost."""


class UsageRefusedV1(EventPayload):
    """Why a call was not paid for."""

    operation: Literal["UsageHold", "Settle"]
    """What was asked for."""

    budget_id: Id | None = None
    """The budget, where there is one."""

    task: Task | None = None
    """The task that calls."""

    amount_micros: Micros
    """How much."""

    reason_code: ReasonCode
    """Why not."""


def _type(name: str, payload: type[EventPayload], description: str) -> EventType:
    return EventType(f"ledger.{name}.v1", payload, Service.TREASURY_API, description)


EVENT_TYPES: Final = (
    _type("wallet.funded", WalletFundedV1, "Money was paid into a namespace's wallet."),
    _type("budget.set", BudgetSetV1, "A budget was opened, or got another limit."),
    _type("budget.ended", BudgetEndedV1, "A budget was ended, and the rest of it released."),
    _type("spend.authorized", SpendAuthorizedV1, "A purchase was allowed."),
    _type("spend.captured", SpendCapturedV1, "A part of a purchase was posted."),
    _type("spend.voided", SpendVoidedV1, "What was held for a purchase was released."),
    _type("spend.refunded", SpendRefundedV1, "Money of a purchase was given back."),
    _type("spend.expired", SpendExpiredV1, "The time to capture a purchase is over."),
    _type("spend.refused", SpendRefusedV1, "Somebody tried to spend what they may not."),
    _type("usage.held", UsageHeldV1, "The worst case of a call of a language model is held."),
    _type("usage.settled", UsageSettledV1, "What a call of a language model cost was posted."),
    _type("usage.expired", UsageExpiredV1, "What was held for a call was released unused."),
    _type("usage.refused", UsageRefusedV1, "A call of a language model was not paid for."),
)
