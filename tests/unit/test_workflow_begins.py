"""Whether a Workflow begins: what its bundle says, and the people whom that asks."""

from __future__ import annotations

from typing import Any

import pytest
from policybundles import bundle
from venture_core.approvals import Standing, Verdict
from venture_core.policy.admission import Admission
from venture_core.policy.compile import compile_bundle
from venture_core.policy.decision import Action, Finding, ReasonCode
from venture_core.policy.decision import decide as decide_finding
from venture_core.policy.governing import Governance
from venture_operator.kinds.workflow.decide import Observed, decide
from workflows import (
    NOW,
    task,
    workflow,
)


def judged(action: Action, message: str = "as agreed") -> Admission:
    finding = Finding(
        action=action,
        rule="large",
        reason_code=ReasonCode.RULE_REQUIRES_APPROVAL,
        message=message,
        quorum=2,
        ttl_seconds=600,
    )
    snapshot = compile_bundle(bundle())
    problems = (message,) if action is Action.DENY else ()
    return Admission(Governance(snapshot, "default", "1.0.0"), decide_finding((finding,)), problems)


MISSING = Admission(Governance(missing="there is no bundle"))
BY_RULE = {"requester": {"user": "founder"}}


@pytest.mark.parametrize(
    ("spec", "admission", "phase", "reason"),
    [
        (BY_RULE, MISSING, "Pending", "BundleUnavailable"),
        (BY_RULE, judged(Action.DENY, "no"), "Failed", "PolicyDenies"),
        (BY_RULE, judged(Action.ALLOW), "Running", "Running"),
        (BY_RULE, judged(Action.REQUIRE_APPROVAL), "Waiting", "AwaitingApproval"),
        ({}, judged(Action.REQUIRE_APPROVAL), "Failed", "RequesterUnknown"),
    ],
)
def test_what_the_bundle_says_decides_whether_it_begins(
    spec: dict[str, Any], admission: Admission, phase: str, reason: str
) -> None:
    plan = decide(Observed(workflow(task("a"), **spec), admission=admission), NOW)
    assert plan.status is not None
    assert (plan.status.phase, plan.status.conditions[0].reason) == (phase, reason)
    assert bool(plan.actions) == (phase == "Running")
    pinned = plan.status.policy_bundle is not None
    assert pinned == (phase in {"Running", "Waiting"}), "pinned when it is accepted"


@pytest.mark.parametrize(
    ("verdict", "phase", "reason", "digest"),
    [
        (Verdict.WAITING, "Waiting", "AwaitingApproval", True),
        (Verdict.APPROVED, "Running", "Running", False),
        (Verdict.DENIED, "Failed", "ApprovalDenied", False),
        (Verdict.EXPIRED, "Failed", "ApprovalExpired", False),
    ],
)
def test_people_decide_whether_it_begins(
    verdict: Verdict, phase: str, reason: str, *, digest: bool
) -> None:
    asking = workflow(task("a"), **BY_RULE)
    asked = decide(Observed(asking, admission=judged(Action.REQUIRE_APPROVAL)), NOW).status
    assert asked is not None
    assert asked.decision is not None
    assert (asked.decision.rule, asked.decision.quorum) == ("large", 2)
    waits = asking.model_copy(update={"status": asked})
    standing = Standing(verdict, 2, ("alice",), "bob" if verdict is Verdict.DENIED else None)
    plan = decide(Observed(waits, standing=standing), NOW)
    assert plan.status is not None
    assert (plan.status.phase, plan.status.conditions[0].reason) == (phase, reason)
    assert bool(plan.actions) == (phase == "Running")
    assert bool(plan.status.target_digest) == digest
    assert plan.status.policy_bundle == asked.policy_bundle


def test_a_retry_asks_anew_whether_it_begins() -> None:
    digests = set()
    for retry in ("", "again"):
        asking = workflow(task("a"), retry=retry, **BY_RULE)
        asked = decide(Observed(asking, admission=judged(Action.REQUIRE_APPROVAL)), NOW).status
        assert asked is not None
        digests.add(asked.target_digest)
        waits = asking.model_copy(update={"status": asked})
        waiting = Standing(Verdict.WAITING, 2, ("alice",))
        later = decide(Observed(waits, standing=waiting), NOW).status
        assert later is not None
        assert later.target_digest == asked.target_digest, "as long as it waits"
    assert len(digests) == 2
