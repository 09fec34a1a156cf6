"""What the treasury is asked and answers over HTTP: strict, bounded, camelCase in JSON.

Fields named `…Cents` are minor units of their currency, whatever that has for cents; `…Micros` are
millionths of the currency's unit.
"""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from venture_core.treasury.currencies import Currency, Micros, Minor, MinorOrNothing

Namespace = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)
]
ObjectName = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$", max_length=253)
]
Label = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
Category = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$")]
Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
TtlSeconds = Annotated[int, Field(ge=1, le=604_800)]


class Input(BaseModel):
    """What somebody sends: no coercion, no unknown fields."""

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=True,
        use_attribute_docstrings=True,
    )


class Output(BaseModel):
    """What we answer. A newer service may say more than a client knows."""

    model_config = ConfigDict(
        frozen=True, alias_generator=to_camel, populate_by_name=True, use_attribute_docstrings=True
    )


class AuthorizationRequest(Input):
    """A purchase against a MoneyIntent of the caller's workflow."""

    intent: ObjectName
    """The MoneyIntent's name."""
    currency: Currency
    """The intent's currency."""
    amount_cents: Minor
    """How much."""
    merchant: Label
    """Who is paid, as the policy bundle names them."""
    category: Category
    """What for: a merchant category code."""
    capture: bool = True
    """Post it at once. Without, it is held until it is captured, voided, or over."""
    ttl_seconds: TtlSeconds = 3600
    """How long it is held at most; never longer than the intent."""


class CaptureRequest(Input):
    """Post a part of what is held."""

    authorization: UUID = Field(strict=False)
    """The authorization's id."""
    amount_cents: Minor
    """How much."""
    final: bool = False
    """Release the rest in the same transaction. Without, the rest stays held."""


class VoidRequest(Input):
    """Release what is held."""

    authorization: UUID = Field(strict=False)
    """The authorization's id."""


class RefundRequest(Input):
    """Give back what was captured, or a part of it."""

    authorization: UUID = Field(strict=False)
    """The authorization's id."""
    amount_cents: Minor
    """How much; all refunds together are at most what was captured."""


class UsageHoldRequest(Input):
    """Hold the worst case of one call of a language model."""

    workflow_uid: UUID = Field(strict=False)
    """The Workflow's uid."""
    task: Label
    """The task that calls."""
    currency: Currency
    """The budget's currency."""
    amount_micros: Annotated[Micros, Field(ge=1)]
    """The most that the call can cost."""
    ttl_seconds: TtlSeconds = 3600
    """Until then it is to be settled. Where it is not, its worst case is posted."""
    role: Label | None = None
    """The role of the agent that calls, where it has a limit for the day."""
    role_day_cents: MinorOrNothing | None = None
    """What all agents of the role in the namespace may use in a day (UTC)."""


class SettlementRequest(Input):
    """What a call really cost."""

    amount_micros: Micros
    """Real usage. No more of it is posted than was held."""


class FundingRequest(Input):
    """Money that is paid into a wallet."""

    currency: Currency
    """Its currency; a namespace has one wallet for each."""
    amount_cents: Minor
    """How much."""


class WorkflowBudgetRequest(Input):
    """What a workflow may cost. It is set aside in the wallet until the budget is ended."""

    namespace: Namespace
    """The Workflow's namespace, whose wallet pays."""
    workflow: ObjectName
    """The Workflow's name."""
    generation: Annotated[int, Field(ge=1)]
    """The generation of the Workflow: a later one may give other limits."""
    currency: Currency
    """The currency of the budget."""
    cash_cents: MinorOrNothing
    """For purchases through intents."""
    llm_cents: MinorOrNothing
    """For language models."""


class TaskBudgetRequest(Input):
    """What a task may use of its workflow's budget for language models."""

    namespace: Namespace
    """The Workflow's namespace."""
    generation: Annotated[int, Field(ge=1)]
    """The generation of the Workflow."""
    currency: Currency
    """The currency of the budget."""
    llm_cents: MinorOrNothing
    """The most; it is not set aside, since other tasks may leave it."""


class Velocity(Input):
    """How much may be bought of a merchant in any window of so many seconds."""

    cents: MinorOrNothing
    """In all."""
    transactions: Annotated[int, Field(ge=0, le=100_000)]
    """How often."""
    window_seconds: Annotated[int, Field(ge=1, le=2_678_400)]
    """The length of the window, which slides."""


class IntentDecision(Input):
    """By what an intent was approved."""

    reason_code: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,63}$")]
    rule: Annotated[str, StringConstraints(min_length=1, max_length=253)] | None = None
    bundle_hash: Digest


class IntentTerms(Input):
    """What an approved MoneyIntent allows; it never changes afterwards."""

    namespace: Namespace
    name: ObjectName
    generation: Annotated[int, Field(ge=1)]
    workflow_uid: UUID | None = Field(default=None, strict=False)
    """The Workflow whose budget it is part of. Without one the wallet pays, and no agent spends."""
    role: Label
    tasks: Annotated[tuple[Label, ...], Field(max_length=100, strict=False)] = ()
    """The tasks that may spend it."""
    currency: Currency
    cap_cents: Minor
    per_transaction_cents: Minor
    merchant: Label
    categories: Annotated[tuple[Category, ...], Field(max_length=32, strict=False)]
    not_before: AwareDatetime | None = Field(default=None, strict=False)
    expires_at: AwareDatetime = Field(strict=False)
    """The earlier end of its window and its life."""
    velocity: Velocity | None = None
    per_day_cents: MinorOrNothing | None = None
    """The most that all intents of the namespace may spend in a day."""
    time_zone: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+/-]{1,64}$")] = "UTC"
    """Where days begin at midnight."""
    decision: IntentDecision


class VoidIntentRequest(Input):
    """Take the leave to spend back."""

    reason: Literal["Revoked", "Released"]
    """Revoked by people or a freeze; released because nobody needs it any more."""


class Authorization(Output):
    """A purchase, as it stands."""

    id: UUID
    intent: str
    state: Literal["Pending", "Posted", "Voided", "Expired"]
    currency: str
    amount_cents: int
    captured_cents: int
    refunded_cents: int
    merchant: str
    category: str
    placed_at: datetime
    expires_at: datetime
    reason_code: str


class UsageHold(Output):
    """What is held for a call."""

    id: UUID
    amount_micros: int
    expires_at: datetime


class Settlement(Output):
    """What became of a hold."""

    id: UUID
    settled_micros: int
    released_micros: int


class Budget(Output):
    """A budget, as it stands."""

    id: UUID
    parent: UUID | None = None
    kind: Literal["Wallet", "Workflow", "Task", "Intent"]
    purpose: Literal["All", "Cash", "Usage"]
    name: str
    state: Literal["Open", "Released", "Consumed", "Expired", "Revoked"]
    currency: str
    limit_micros: int
    held_micros: int
    spent_micros: int


class Intent(Output):
    """An approved intent, as the ledger has it."""

    uid: UUID
    namespace: str
    name: str
    state: Literal["Approved", "Consumed", "Expired", "Revoked"]
    currency: str
    cap_cents: int
    pending_cents: int
    """What is held for it and not spent; nothing once it has ended."""
    posted_cents: int
    """What was spent."""
    merchant: str
    expires_at: datetime
    ended_at: datetime | None = None


class Account(Output):
    """An account of a wallet's ledger."""

    code: int
    name: str
    currency: str
    balance_cents: int
    entries: int


class Entry(Output):
    """A line of the statement of a wallet."""

    position: int
    posted_at: datetime
    amount_cents: int
    """What came in; what went out is negative."""
    balance_cents: int
    """What was in the wallet then."""
    account: str
    """Where it came from or went."""
    intent: str | None = None
    merchant: str | None = None
    operation: UUID


class Statement(Output):
    """Entries of a wallet, oldest first."""

    currency: str
    entries: tuple[Entry, ...]
    after: int | None = None
    """Where the next page begins; absent on the last."""
