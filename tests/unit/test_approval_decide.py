"""What an Approval is told by itself: whether its target is there, and whose word is none."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from venture_crds.v1alpha1.approval import Approval
from venture_operator.kinds.approval.decide import Observed, Target, decide

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
UID = "6a4c8a10-5b7e-4d0a-9d7e-1f2a3b4c5d6e"
OTHER = "0c4a5ea3-7f58-4f7d-9d6c-8b5f0d1f2a11"
DIGEST = f"sha256:{'1' * 64}"
TARGET = Target(uid=UID, digest=DIGEST, requester="maya")


def approval(user: str | None = "noor", *, phase: str | None = None, **spec: Any) -> Approval:
    target = {"kind": "MoneyIntent", "name": "ads", "uid": UID}
    said = {"targetRef": target, "targetDigest": DIGEST, "decision": "Approve"}
    approver = {} if user is None else {"approver": {"user": user}}
    metadata = {"name": "a", "namespace": "team", "uid": OTHER, "generation": 1}
    return Approval.model_validate(
        {
            "metadata": {**metadata, "resourceVersion": "1"},
            "spec": said | approver | spec,
            "status": {} if phase is None else {"phase": phase},
        }
    )


@pytest.mark.parametrize(
    ("given", "target", "phase", "reason"),
    [
        (approval(), TARGET, "Given", "Given"),
        (approval("maya"), TARGET, "Void", "OwnRequest"),
        (approval("maya", decision="Deny"), TARGET, "Void", "OwnRequest"),
        (approval("system:serviceaccount:team:robot"), TARGET, "Void", "NoPerson"),
        (approval(None), TARGET, "Void", "NoPerson"),
        (approval(targetDigest=f"sha256:{'2' * 64}"), TARGET, "Void", "ChangedSince"),
        (approval(), Target(uid=UID, digest=None, requester="maya"), "Given", "Given"),
        (approval(), Target(uid=OTHER, digest=DIGEST, requester="maya"), "Void", "TargetReplaced"),
        (approval(), None, "Void", "TargetNotFound"),
    ],
)
def test_a_word_says_by_itself_why_it_cannot_count(
    given: Approval, target: Target | None, phase: str, reason: str
) -> None:
    plan = decide(Observed(given, target), NOW)
    assert plan.status is not None
    ready = next(each for each in plan.status.conditions if each.type == "Ready")
    assert (plan.status.phase, ready.reason) == (phase, reason)
    # Of what is there every word is on record, whether it counts or not.
    there = target is not None and target.uid == UID
    assert [each.event_type for each in plan.facts] == ["control.approval.given.v1"] * there


@pytest.mark.parametrize("phase", ["Given", "Void"])
def test_what_was_said_when_it_was_given_stands(phase: str) -> None:
    later = Target(uid=UID, digest=f"sha256:{'2' * 64}", requester="maya")
    plan = decide(Observed(approval(phase=phase), later), NOW)
    assert (plan.status, plan.facts) == (None, ())


def test_a_target_that_goes_makes_it_void() -> None:
    plan = decide(Observed(approval(phase="Given"), None), NOW)
    assert plan.status is not None
    assert plan.status.phase == "Void"
