"""Names that follow from what they name: whoever asks again arrives at the same row."""

from typing import Final, Literal
from uuid import UUID, uuid5

_TREASURY: Final = UUID("6f0d64a1-6b39-5c3c-9d63-f3ad3ae2fd9c")
"""The namespace of the treasury's name-based ids."""

type Purpose = Literal["Cash", "Usage"]
"""What a budget is for: money spent through intents, or language models."""


def wallet_id(namespace: str, currency: str) -> UUID:
    """Return the wallet of a namespace in a currency; its root budget has the same id."""
    return uuid5(_TREASURY, f"wallet/{namespace}/{currency}")


def workflow_budget_id(workflow_uid: UUID, purpose: Purpose) -> UUID:
    """Return the budget of a workflow for one purpose."""
    return uuid5(workflow_uid, f"budget/{purpose}")


def task_budget_id(workflow_uid: UUID, task: str) -> UUID:
    """Return the budget of a task for language models."""
    return uuid5(workflow_uid, f"budget/Usage/{task}")


def operation_id(caller: str, route: str, key: str) -> UUID:
    """Return the operation that a caller names by an Idempotency-Key; other routes are others."""
    return uuid5(_TREASURY, f"operation/{caller}/{route}/{key}")


def consequence_id(subject: UUID, what: str) -> UUID:
    """Return the event of what followed, once, for a hold or an intent: `expired`, `consumed`."""
    return uuid5(subject, what)
