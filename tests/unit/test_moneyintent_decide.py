"""What becomes of a MoneyIntent, by what policy, people and the ledger say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from venture_core.approvals import Standing, Verdict
from venture_core.policy.ceilings import MoneyCeilings
from venture_core.treasury.models import Intent
from venture_crds.v1alpha1.moneyintent import IntentPhase, IntentReason, MoneyIntent
from venture_crds.v1alpha1.policymoney import Velocity
from venture_operator.kinds.moneyintent.decide import Hold, Observed, Void, decide, expires_at
from venture_operator.kinds.moneyintent.terms import terms_of

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
UID = "6a4c8a10-5b7e-4d0a-9d7e-1f2a3b4c5d6e"
HASH = f"sha256:{'a' * 64}"
DECIDED = {
    "action": "RequireApproval",
    "reasonCode": "APPROVAL_THRESHOLD",
    "rule": "money/approvals/10000",
    "bundleHash": HASH,
    "quorum": 1,
    "ttlSeconds": 3600,
    "decidedAt": NOW.isoformat(),
}


def intent(status: dict[str, Any] | None = None, **spec: Any) -> MoneyIntent:
    return MoneyIntent.model_validate(
        {
            "metadata": {
                "name": "ads",
                "namespace": "team-a",
                "uid": UID,
                "generation": 1,
                "resourceVersion": "1",
                "creationTimestamp": NOW.isoformat(),
            },
            "spec": {
                "workflowRef": {"name": "launch", "tasks": ["place"]},
                "role": "finance",
                "purpose": "ads",
                "currency": "USD",
                "capCents": 50_000,
                "perTransactionCents": 5_000,
                "merchant": {"id": "acme-ads"},
                "categories": ["7311"],
            }
            | spec,
            "status": status or {},
        }
    )


def ledger(state: str, posted: int = 0) -> Intent:
    return Intent(
        uid=UUID(UID),
        namespace="team-a",
        name="ads",
        state=state,  # type: ignore[arg-type]
        currency="USD",
        cap_cents=50_000,
        pending_cents=50_000 - posted if state == "Approved" else 0,
        posted_cents=posted,
        merchant="acme-ads",
        expires_at=NOW + timedelta(hours=1),
    )


def observed(given: MoneyIntent, **what: Any) -> Observed:
    fields: dict[str, Any] = dict.fromkeys(("ledger", "admission", "standing", "frozen"))
    return Observed(given, HASH, **{"killed": False} | fields | what)


def people(verdict: Verdict, *by: str) -> Standing:
    return Standing(verdict, 1, by, denied_by="bob" if verdict is Verdict.DENIED else None)


WAITING = {"phase": "AwaitingApproval", "decision": DECIDED}
FROZEN = "Freeze stop holds"


@pytest.mark.parametrize(
    ("given", "what", "phase", "reason"),
    [
        (WAITING, {"standing": people(Verdict.WAITING)}, "AwaitingApproval", "AwaitingApproval"),
        (WAITING, {"standing": people(Verdict.DENIED)}, "Rejected", "Denied"),
        (WAITING, {"standing": people(Verdict.EXPIRED)}, "Rejected", "NotApproved"),
        (WAITING, {"ledger": ledger("Approved", 400)}, "Approved", "Approved"),
        (WAITING, {"ledger": ledger("Consumed", 50_000)}, "Consumed", "Consumed"),
        (WAITING, {"ledger": ledger("Expired", 400)}, "Expired", "Expired"),
        (WAITING, {"ledger": ledger("Revoked", 400)}, "Revoked", "Revoked"),
        (
            WAITING,
            {"standing": people(Verdict.APPROVED, "alice"), "frozen": FROZEN},
            None,
            "Frozen",
        ),
        ({}, {}, "Requested", "BundleUnavailable"),
    ],
)
def test_the_phase_follows(
    given: dict[str, Any], what: dict[str, Any], phase: str | None, reason: str
) -> None:
    plan = decide(observed(intent(given), **what), NOW)
    assert plan.status is not None
    assert plan.actions == ()
    assert {each.reason for each in plan.status.conditions} == {reason}
    assert phase is None or plan.status.phase == phase


def test_what_was_approved_is_held_and_nothing_before() -> None:
    plan = decide(observed(intent(WAITING), standing=people(Verdict.APPROVED, "alice")), NOW)
    assert plan.actions == (Hold(),)
    assert plan.status is not None
    assert plan.status.hold is None
    assert plan.status.approvals is not None
    assert plan.status.approvals.by == ("alice",)


@pytest.mark.parametrize("killed", [True, False])
def test_whoever_takes_it_back_has_the_hold_released(*, killed: bool) -> None:
    given = intent(WAITING, revoke=not killed)
    plan = decide(observed(given, ledger=ledger("Approved"), killed=killed), NOW)
    assert plan.actions == (Void(),)
    never = decide(observed(given, killed=killed), NOW)
    assert never.status is not None
    assert (never.status.phase, never.actions) == (IntentPhase.REVOKED, ())


def test_a_freeze_takes_nothing_back_and_an_end_is_an_end() -> None:
    plan = decide(observed(intent(WAITING), ledger=ledger("Approved"), frozen=FROZEN), NOW)
    assert plan.actions == ()
    ended = intent({"phase": "Consumed", "observedGeneration": 1}, revoke=True)
    assert decide(observed(ended, frozen=FROZEN, killed=True), NOW).status is None


def test_an_approval_that_comes_after_its_time_holds_nothing() -> None:
    late = NOW + timedelta(seconds=3600)
    plan = decide(observed(intent(WAITING), standing=people(Verdict.APPROVED, "alice")), late)
    assert plan.actions == ()
    assert plan.status is not None
    assert {each.reason for each in plan.status.conditions} == {IntentReason.NOT_APPROVED}
    assert [each.event_type for each in plan.facts] == ["money.intent.rejected.v1"]


def test_the_earlier_end_counts() -> None:
    soon = NOW + timedelta(seconds=90)
    window = {"notAfter": soon.isoformat()}
    assert expires_at(intent(window=window)) == soon
    assert expires_at(intent(window=window, ttlSeconds=60)) == NOW + timedelta(seconds=60)


def test_terms_are_no_wider_than_any_bundle() -> None:
    ceilings = MoneyCeilings(
        per_workflow_cents=100_000,
        per_day_cents=70_000,
        per_transaction_cents=4_000,
        velocities=(
            Velocity(cents=900, transactions=9, window_seconds=60),
            Velocity(cents=5_000, transactions=3, window_seconds=3_600),
        ),
    )
    terms = terms_of(intent(WAITING), ceilings, UID)
    assert terms.per_transaction_cents == 4_000
    assert terms.velocity is not None
    assert (terms.velocity.cents, terms.velocity.transactions) == (900, 3)
    assert terms.velocity.window_seconds == 3_600
    assert (terms.per_day_cents, terms.tasks) == (70_000, ("place",))
