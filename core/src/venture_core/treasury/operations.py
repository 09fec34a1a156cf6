"""What the database decides about: operations, each with an id that is also its event's."""

from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Mapping

    from venture_core.treasury.reasons import ReasonCode


class Kind(StrEnum):
    """The kinds of operation."""

    FUND = "Fund"
    """Pay into a wallet, which is made where there is none."""
    SET_BUDGET = "SetBudget"
    """Open a budget, also one that was released, or give one that is open another limit."""
    END_BUDGET = "EndBudget"
    """End a budget and those below it."""
    APPROVE = "Approve"
    """Hold what a MoneyIntent may spend, on its terms."""
    SPEND = "Spend"
    """Hold a part of an intent, and post it at once where `final`."""
    USAGE_HOLD = "UsageHold"
    """Hold the worst case of a call of a language model."""
    CAPTURE = "Capture"
    """Post a part of a hold; with `final` release the rest."""
    VOID = "Void"
    """Release a hold."""
    REFUND = "Refund"
    """Give back what was posted, or a part of it."""
    SETTLE = "Settle"
    """Post the real usage of a hold, and release the rest."""
    SWEEP = "Sweep"
    """Nothing but release what is over."""


ONLY_DONE = frozenset({Kind.SET_BUDGET, Kind.END_BUDGET, Kind.APPROVE})
"""Kinds whose refusal is no decision to keep: the same is asked for again until it can be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation; which fields it has follows from its kind. Amounts are micro-units."""

    id: UUID
    kind: Kind
    input_hash: str
    """SHA-256 of what was asked for, in hexadecimal digits."""
    wallet: UUID | None = None
    namespace: str | None = None
    currency: str | None = None
    minor_micros: int | None = None
    budget: UUID | None = None
    intent: str | None = None
    """Names the budget, to be found: the latest intent of that name of the chain."""
    parent: UUID | None = None
    chain: UUID | None = None
    budget_kind: str | None = None
    purpose: str | None = None
    name: str | None = None
    hold: UUID | None = None
    amount: int | None = None
    expires_at: datetime | None = None
    ttl_seconds: int | None = None
    final: bool | None = None
    merchant: str | None = None
    category: str | None = None
    task: str | None = None
    role: str | None = None
    role_day_micros: int | None = None
    state: str | None = None
    objection: ReasonCode | None = None
    terms: Mapping[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as the database takes it, an intent that it names not found yet."""
        found = ((name, getattr(self, name)) for name in _NAMES)
        return {name: _plain(value) for name, value in found if value is not None}


_NAMES = tuple(each.name for each in fields(Operation) if each.name != "intent")


def _plain(value: object) -> object:
    if isinstance(value, UUID):
        return str(value)
    return value.isoformat() if isinstance(value, datetime) else value
