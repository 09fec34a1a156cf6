"""How what the database says of a hold, a budget or an intent is answered. Pure."""

from typing import TYPE_CHECKING, Any, Final

from venture_core.treasury.amounts import written

if TYPE_CHECKING:
    from collections.abc import Mapping

type Facts = Mapping[str, Any]
"""The rows that an outcome is about: `wallet`, `budget`, `intent` and `hold`, as JSON."""

ACCOUNT_NAMES: Final = {
    1020: "Wallet",
    3010: "Paid in",
    6010: "Purchases by agents",
    6020: "Language models",
}
"""The accounts of a wallet, by code."""

_INTENT_STATES: Final = {"Open": "Approved", "Released": "Revoked"}


def cents(facts: Facts, micros: int) -> int:
    """Return whole minor units of the wallet's currency."""
    return int(micros // facts["wallet"]["minor_micros"])


def authorization_view(facts: Facts) -> dict[str, Any]:
    """Return a purchase as it stands."""
    hold, budget = facts["hold"], facts["budget"]
    return {
        "id": hold["hold_id"],
        "intent": budget["name"],
        "state": hold["state"],
        "currency": facts["wallet"]["currency"],
        "amountCents": cents(facts, hold["amount_micros"]),
        "capturedCents": cents(facts, hold["posted_micros"]),
        "refundedCents": cents(facts, hold["refunded_micros"]),
        "merchant": hold["merchant"],
        "category": hold["category"],
        "placedAt": hold["placed_at"],
        "expiresAt": hold["expires_at"],
        "reasonCode": "WITHIN_POLICY",
    }


def usage_hold_view(facts: Facts) -> dict[str, Any]:
    """Return what is held for a call."""
    hold = facts["hold"]
    return {
        "id": hold["hold_id"],
        "amountMicros": hold["amount_micros"],
        "expiresAt": hold["expires_at"],
    }


def settlement_view(facts: Facts) -> dict[str, Any]:
    """Return what became of a hold for a call."""
    hold = facts["hold"]
    return {
        "id": hold["hold_id"],
        "settledMicros": hold["posted_micros"],
        "releasedMicros": hold["amount_micros"] - hold["posted_micros"],
    }


def budget_view(facts: Facts) -> dict[str, Any]:
    """Return a budget as it stands."""
    budget = facts["budget"]
    return {
        "id": budget["budget_id"],
        "parent": budget["parent_id"],
        "kind": budget["kind"],
        "purpose": budget["purpose"],
        "name": budget["name"],
        "state": budget["state"],
        "currency": facts["wallet"]["currency"],
        "limitMicros": budget["limit_micros"],
        "heldMicros": budget["held_micros"],
        "spentMicros": budget["spent_micros"],
    }


def intent_view(facts: Facts) -> dict[str, Any]:
    """Return an approved intent as the ledger has it."""
    budget, intent, wallet = facts["budget"], facts["intent"], facts["wallet"]
    left = budget["limit_micros"] - budget["spent_micros"] if budget["state"] == "Open" else 0
    return {
        "uid": intent["intent_id"],
        "namespace": wallet["namespace"],
        "name": budget["name"],
        "state": _INTENT_STATES.get(budget["state"], budget["state"]),
        "currency": wallet["currency"],
        "capCents": cents(facts, budget["limit_micros"]),
        "pendingCents": cents(facts, left),
        "postedCents": cents(facts, budget["spent_micros"]),
        "merchant": intent["merchant"],
        "expiresAt": budget["expires_at"],
        "endedAt": budget["ended_at"],
    }


def wallet_view(facts: Facts) -> dict[str, Any]:
    """Return a wallet's root budget, and for people what is free in it."""
    budget, currency = facts["budget"], facts["wallet"]["currency"]
    free = budget["limit_micros"] - budget["spent_micros"] - budget["held_micros"]
    return budget_view(facts) | {"free": written(cents(facts, free), currency)}
