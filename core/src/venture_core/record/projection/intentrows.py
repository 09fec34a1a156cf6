"""How events change the read models of MoneyIntents: pure, one event and one row at a time."""

from typing import TYPE_CHECKING, Final

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
from venture_core.record.projection.models import IntentRow
from venture_core.record.projection.rows import Move, next_phase, show_last

if TYPE_CHECKING:
    from venture_core.record.projection.rows import Logged, Moves

_UNDECIDED: Final = {"Requested", "AwaitingApproval"}

INTENT_MOVES: Final[Moves] = {
    IntentRequestedV1: Move("Requested", {"Requested"}),
    IntentAwaitingApprovalV1: Move("AwaitingApproval", _UNDECIDED),
    IntentApprovedV1: Move("Approved", _UNDECIDED),
    IntentRejectedV1: Move("Rejected", _UNDECIDED),
    IntentConsumedV1: Move("Consumed", {"Approved"}),
    IntentExpiredV1: Move("Expired", {"Approved"}),
    # A freeze revokes every live intent, decided on or not.
    IntentRevokedV1: Move("Revoked", _UNDECIDED | {"Approved"}),
}


def show_intent(row: IntentRow | None, payload: IntentPayload, logged: Logged) -> IntentRow:
    """Return the row of a MoneyIntent as it is after the event.

    An event that does not follow from the row's phase changes nothing: what is over stays over.
    """
    phase = next_phase(INTENT_MOVES, None if row is None else row.phase, payload)
    if row is None:
        row = IntentRow(uid=payload.uid, pending_cents=0, posted_cents=0)
    if phase is None:
        return row
    row.phase = phase
    row.workflow_id = logged.event.workflow_id
    row.namespace, row.name = payload.namespace, payload.name
    row.generation = payload.generation
    _show_progress(row, payload, logged)
    show_last(row, logged)
    return row


def _show_progress(row: IntentRow, payload: IntentPayload, logged: Logged) -> None:
    at = logged.event.created_at
    match payload:
        case IntentRequestedV1():
            row.currency, row.cap_cents = payload.currency, payload.cap_cents
            row.per_transaction_cents = payload.per_transaction_cents
            row.merchant_id, row.expires_at = payload.merchant_id, payload.expires_at
            row.requested_at = at
        case IntentAwaitingApprovalV1():
            _show_decision(row, payload.decision)
            _show_hold(row, payload.hold)
        case IntentApprovedV1():
            _show_decision(row, payload.decision)
            _show_hold(row, payload.hold)
            row.decided_at = at
        case IntentRejectedV1():
            _show_decision(row, payload.decision)
            row.pending_cents, row.decided_at, row.finished_at = 0, at, at
        case IntentConsumedV1() | IntentExpiredV1():
            _show_hold(row, payload.hold)
            row.finished_at = at
        case IntentRevokedV1():
            _show_hold(row, payload.hold)
            row.reason_code, row.finished_at = payload.reason_code, at
        case _:
            raise TypeError(f"no rule shows a {type(payload).__name__}")


def _show_decision(row: IntentRow, decision: Decision) -> None:
    row.reason_code, row.rule = decision.reason_code, decision.rule
    row.bundle_hash = decision.bundle_hash


def _show_hold(row: IntentRow, hold: Hold) -> None:
    row.pending_cents, row.posted_cents = hold.pending_cents, hold.posted_cents
