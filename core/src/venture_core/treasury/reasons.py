"""Why the treasury decided as it did, and what that means for whoever asked."""

from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Final


class ReasonCode(StrEnum):
    """The codes of decisions about money, in answers, events and the status of intents."""

    WITHIN_POLICY = "WITHIN_POLICY"

    FREEZE_MODE_ACTIVE = "FREEZE_MODE_ACTIVE"
    UNKNOWN_INTENT = "UNKNOWN_INTENT"
    UNKNOWN_HOLD = "UNKNOWN_HOLD"
    UNKNOWN_BUDGET = "UNKNOWN_BUDGET"
    ROLE_NOT_ALLOWED = "ROLE_NOT_ALLOWED"
    TASK_NOT_ALLOWED = "TASK_NOT_ALLOWED"
    CURRENCY_MISMATCH = "CURRENCY_MISMATCH"
    OUTSIDE_WINDOW = "OUTSIDE_WINDOW"
    MERCHANT_NOT_ALLOWED = "MERCHANT_NOT_ALLOWED"
    CATEGORY_NOT_ALLOWED = "CATEGORY_NOT_ALLOWED"

    INTENT_EXPIRED = "INTENT_EXPIRED"
    INTENT_REVOKED = "INTENT_REVOKED"
    INTENT_CONSUMED = "INTENT_CONSUMED"
    BUDGET_CLOSED = "BUDGET_CLOSED"
    ALREADY_DECIDED = "ALREADY_DECIDED"

    PER_TRANSACTION_CAP_EXCEEDED = "PER_TRANSACTION_CAP_EXCEEDED"
    CAP_EXCEEDED = "CAP_EXCEEDED"
    BUDGET_EXCEEDED = "BUDGET_EXCEEDED"
    INSUFFICIENT_FUNDS = "INSUFFICIENT_FUNDS"
    DAILY_CAP_EXCEEDED = "DAILY_CAP_EXCEEDED"
    ROLE_DAY_EXCEEDED = "ROLE_DAY_EXCEEDED"
    VELOCITY_COUNT_EXCEEDED = "VELOCITY_COUNT_EXCEEDED"
    VELOCITY_AMOUNT_EXCEEDED = "VELOCITY_AMOUNT_EXCEEDED"

    HOLD_POSTED = "HOLD_POSTED"
    HOLD_VOIDED = "HOLD_VOIDED"
    HOLD_EXPIRED = "HOLD_EXPIRED"
    CAPTURE_EXCEEDS_HOLD = "CAPTURE_EXCEEDS_HOLD"
    REFUND_EXCEEDS_CAPTURE = "REFUND_EXCEEDS_CAPTURE"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a refusal is over HTTP, in words, and what could be raised to have it pass."""

    status: HTTPStatus
    sentence: str
    raises: str | None = None
    """What is to be raised, in the words of the object that has it."""


_FORBIDDEN, _GONE = HTTPStatus.FORBIDDEN, HTTPStatus.CONFLICT
_MISSING, _PAYMENT = HTTPStatus.NOT_FOUND, HTTPStatus.PAYMENT_REQUIRED
_LATER = HTTPStatus.TOO_MANY_REQUESTS

MEANINGS: Final = {
    ReasonCode.FREEZE_MODE_ACTIVE: Meaning(
        _FORBIDDEN, "Spending is frozen. Lift the Freeze, then ask again."
    ),
    ReasonCode.UNKNOWN_INTENT: Meaning(
        _MISSING, "There is no approved intent of this name that your workflow may use."
    ),
    ReasonCode.UNKNOWN_HOLD: Meaning(_MISSING, "There is no such hold that you may use."),
    ReasonCode.UNKNOWN_BUDGET: Meaning(_MISSING, "There is no such budget. Open it first."),
    ReasonCode.ROLE_NOT_ALLOWED: Meaning(_FORBIDDEN, "The intent is for another role."),
    ReasonCode.TASK_NOT_ALLOWED: Meaning(
        _FORBIDDEN, "The intent is for other tasks of the workflow."
    ),
    ReasonCode.CURRENCY_MISMATCH: Meaning(_FORBIDDEN, "The intent is in another currency."),
    ReasonCode.OUTSIDE_WINDOW: Meaning(_FORBIDDEN, "The intent's window has not begun yet."),
    ReasonCode.MERCHANT_NOT_ALLOWED: Meaning(_FORBIDDEN, "The intent is for another merchant."),
    ReasonCode.CATEGORY_NOT_ALLOWED: Meaning(
        _FORBIDDEN, "The intent allows no purchases of this category."
    ),
    ReasonCode.INTENT_EXPIRED: Meaning(_GONE, "The intent's time is over. Ask for a new one."),
    ReasonCode.INTENT_REVOKED: Meaning(_GONE, "The intent was revoked. Ask for a new one."),
    ReasonCode.INTENT_CONSUMED: Meaning(_GONE, "The intent is used up. Ask for a new one."),
    ReasonCode.BUDGET_CLOSED: Meaning(_GONE, "The budget has been closed."),
    ReasonCode.ALREADY_DECIDED: Meaning(
        HTTPStatus.UNPROCESSABLE_CONTENT,
        "The intent was approved with other terms, which do not change. Ask for a new one.",
    ),
    ReasonCode.PER_TRANSACTION_CAP_EXCEEDED: Meaning(
        _FORBIDDEN, "It is more than may be spent at once. Ask for less.", "perTransactionCents"
    ),
    ReasonCode.CAP_EXCEEDED: Meaning(
        _PAYMENT, "It is more than is left of the intent's cap. Ask for less.", "capCents"
    ),
    ReasonCode.BUDGET_EXCEEDED: Meaning(
        _PAYMENT, "It is more than is left of the budget. Have it raised.", "budget"
    ),
    ReasonCode.INSUFFICIENT_FUNDS: Meaning(
        _PAYMENT, "It is more than is free in the wallet. Fund it: venture money fund.", "wallet"
    ),
    ReasonCode.DAILY_CAP_EXCEEDED: Meaning(
        _LATER, "It is more than is left for this day.", "money.perDayCents"
    ),
    ReasonCode.ROLE_DAY_EXCEEDED: Meaning(
        _LATER,
        "It is more than is left for the agents of this role today (UTC).",
        "roles.dailyBudgetCents",
    ),
    ReasonCode.VELOCITY_COUNT_EXCEEDED: Meaning(
        _LATER, "There were as many purchases lately as may be. Try later.", "velocity.transactions"
    ),
    ReasonCode.VELOCITY_AMOUNT_EXCEEDED: Meaning(
        _LATER, "As much was spent lately as may be. Try later.", "velocity.cents"
    ),
    ReasonCode.HOLD_POSTED: Meaning(_GONE, "The hold was captured as a whole already."),
    ReasonCode.HOLD_VOIDED: Meaning(_GONE, "The hold was voided already."),
    ReasonCode.HOLD_EXPIRED: Meaning(_GONE, "The hold's time is over: what was held is released."),
    ReasonCode.CAPTURE_EXCEEDS_HOLD: Meaning(_GONE, "It is more than is left of the hold."),
    ReasonCode.REFUND_EXCEEDS_CAPTURE: Meaning(
        _GONE, "It is more than was captured and not yet refunded."
    ),
}
"""What every refusal means."""
