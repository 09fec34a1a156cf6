"""What the webhook says to objects, and that it says all of it at once."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from policybundles import bundle, manifest
from venture_core.freezes import UNKNOWN
from venture_core.policy.compile import compile_bundle
from venture_core.policy.governing import BundleName, Governing, Known
from venture_crds.v1alpha1.policybundle import BundleState
from venture_webhooks.app import _written
from venture_webhooks.review import Answer, Asked, review

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
SNAPSHOT = compile_bundle(bundle())


def governing() -> Governing:
    found = Governing()
    known = Known("uid", "1.0.0", BundleState.PUBLISHED, SNAPSHOT)
    found.put(BundleName("team", "default"), known)
    return found


def asked(kind: str, spec: dict[str, Any], **changes: Any) -> Asked:
    fields: dict[str, Any] = {
        "operation": "CREATE",
        "kind": kind,
        "namespace": "team",
        "name": "x",
        "body": {"metadata": {"name": "x"}, "spec": spec},
        "user": "alice",
        "groups": ("founders",),
        "now": NOW,
        "governing": governing(),
        "frozen": None,
        "is_operator": False,
    }
    return Asked(**fields | changes)


def test_a_build_is_pinned_to_what_governs() -> None:
    answer = review(asked("ArtifactBuild", {"target": "Pptx", "source": {}}))
    assert answer.problems == []
    value = {"name": "default", "hash": SNAPSHOT.hash}
    assert answer.patches == [{"op": "add", "path": "/spec/policyBundleRef", "value": value}]
    again = review(asked("ArtifactBuild", {"target": "Pptx", "policyBundleRef": value}))
    assert again.patches == []


def test_every_problem_is_told_and_a_freeze_among_them() -> None:
    spec = {"target": "Docx", "policyBundleRef": {"name": "default", "hash": "sha256:0"}}
    answer = review(asked("ArtifactBuild", spec, frozen=UNKNOWN))
    assert len(answer.problems) == 3
    written = _written("u", answer)["response"]
    assert written["allowed"] is False
    assert "patch" not in written
    for part in ("cannot be seen", "does not list its target", "policyBundleRef.hash"):
        assert part in written["status"]["message"]


@pytest.mark.parametrize("kind", ["ArtifactBuild", "MoneyIntent"])
def test_what_the_operator_makes_for_work_that_runs_it_halts_itself(kind: str) -> None:
    """A refusal would fail the task for good, where it only has to wait for the thaw."""
    for is_operator in (False, True):
        answer = review(asked(kind, {"target": "Pptx"}, frozen=UNKNOWN, is_operator=is_operator))
        assert (UNKNOWN.sentence in answer.problems) is not is_operator


@pytest.mark.parametrize(("kind", "place"), [("Approval", "approver"), ("Workflow", "requester")])
def test_who_asks_is_filled_in_where_it_is_left_out(kind: str, place: str) -> None:
    person = {"user": "alice", "groups": ["founders"]}
    answer = review(asked(kind, {}))
    assert {"op": "add", "path": f"/spec/{place}", "value": person} in answer.patches
    for given in (asked(kind, {place: {"user": "bob"}}), asked(kind, {}, is_operator=True)):
        patches = review(given).patches
        assert f"/spec/{place}" not in [each["path"] for each in patches]


def test_a_bundle_that_cannot_be_compiled_is_refused_once_it_is_published() -> None:
    bad = {"id": "odd", "appliesTo": ["ToolCall"], "action": "Deny", "message": "m", "when": "x"}
    draft = manifest(state="Draft", rules=[bad])["spec"]
    answer = review(asked("PolicyBundle", draft))
    assert answer.problems == []
    assert "spec.rules[0].when at 1:1" in answer.warnings[0]
    published = review(asked("PolicyBundle", draft | {"state": "Published"}, operation="UPDATE"))
    assert "spec.rules[0].when at 1:1" in published.problems[0]


def test_a_plan_that_goes_in_circles_is_refused_by_its_path() -> None:
    approval = {"approval": {"message": "look"}}
    tasks = [
        {"name": "a", "dependsOn": ["b"], **approval},
        {"name": "b", "dependsOn": ["a"], **approval},
    ]
    answer = review(asked("Workflow", {"objective": "x", "tasks": tasks}))
    assert "spec.tasks: a → b → a wait for each other: take one dependsOn away" in answer.problems


def test_what_names_a_bundle_that_is_not_there_is_let_wait() -> None:
    answer = review(asked("ArtifactBuild", {"policyBundleRef": {"name": "later"}}))
    assert answer.problems == []
    assert "nothing starts yet: there is no PolicyBundle team/later" in answer.warnings[0]


def test_an_alert_is_a_warning() -> None:
    rule = {"id": "look", "appliesTo": ["ArtifactBuild"], "action": "Alert", "message": "odd"}
    found = Governing()
    snapshot = compile_bundle(bundle(rules=[rule]))
    found.put(BundleName("team", "default"), Known("u", "1.0.0", BundleState.PUBLISHED, snapshot))
    answer = review(asked("ArtifactBuild", {"target": "Pptx"}, governing=found))
    assert answer.warnings == ["odd (rule look)"]


def test_patches_are_written_as_the_api_server_reads_them() -> None:
    patch = {"op": "add", "path": "/spec/x", "value": 1}
    written = _written("u", Answer(patches=[patch]))["response"]
    assert json.loads(base64.b64decode(written["patch"])) == [patch]
    assert (written["uid"], written["allowed"], written["patchType"]) == ("u", True, "JSONPatch")
