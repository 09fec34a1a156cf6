"""venture policy, and what waits for people: no cluster is needed to look."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from policybundles import manifest
from surroundings import REPOSITORY
from typer.testing import CliRunner, Result
from venture_cli.app import app
from venture_cli.errors import CliError, ExitCode
from venture_cli.services.approvals import _require_weight
from venture_core.waiting import Waiting, waiting_in

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = REPOSITORY / "examples" / "policy"
STARTER, TABLE = str(FOLDER / "starter.yaml"), str(FOLDER / "starter-table.yaml")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["policy", *arguments])


def written(path: Path, body: Any) -> str:
    path.write_text(yaml.safe_dump(body))
    return str(path)


def test_the_starter_bundle_is_one_and_its_table_comes_out() -> None:
    assert "version 1.0.0, 3 roles, 3 rules, sha256:" in run("lint", STARTER).stdout
    tried = run("test", STARTER, TABLE)
    assert tried.exit_code == ExitCode.OK, tried.output
    assert "FAIL" not in tried.stdout


def test_a_line_that_comes_out_otherwise_is_named(tmp_path: Path) -> None:
    request = {"kind": "ToolCall", "role": "writer", "tool": "web.fetch"}
    line = {"name": "free", "request": request, "expect": {"action": "Allow"}}
    tried = run("test", STARTER, written(tmp_path / "t.yaml", {"requests": [line]}))
    assert tried.exit_code == ExitCode.FAILURE
    assert "FAIL free: action is Deny, not Allow" in tried.stdout


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "has no list of requests"),
        ([{"request": {}}], "expect takes action, rule, reasonCode"),
        ([{"request": {}, "expect": {"colour": "red"}}], "expect takes"),
        ([{"request": {"kind": "Spell"}, "expect": {"action": "Deny"}}], "does not match"),
    ],
)
def test_what_is_no_table_is_said(tmp_path: Path, lines: list[Any], words: str) -> None:
    tried = run("test", STARTER, written(tmp_path / "t.yaml", {"requests": lines}))
    assert tried.exit_code == ExitCode.USAGE
    assert words in tried.output


def test_lint_names_every_problem_with_its_place(tmp_path: Path) -> None:
    rule = {"id": "a", "appliesTo": ["Spend"], "action": "Deny", "message": "m"}
    body = manifest(rules=[rule | {"when": "cents >"}, rule])
    tried = run("lint", written(tmp_path / "b.yaml", body))
    assert tried.exit_code == ExitCode.BUILD_FAILED
    for words in ("spec.rules[0].when at 1:8", "spec.rules: a stands there twice"):
        assert words in tried.output


def test_explain_shows_both_bundles_and_which_decides(tmp_path: Path) -> None:
    baseline = manifest(artifacts={"targets": ["Pptx"], "gates": {"altText": True}})
    request = {"kind": "ArtifactBuild", "spec": {"target": "Pptx", "gates": {"altText": False}}}
    explained = run(
        "explain",
        STARTER,
        json.dumps(request),
        "--baseline",
        written(tmp_path / "base.yaml", baseline),
        "-o",
        "json",
    )
    said = json.loads(explained.stdout)
    assert (said["decision"], said["rule"]) == ("Deny", "artifacts/gates/altText")
    assert len({each["bundleHash"] for each in said["findings"]}) == 2


def test_what_waits_is_found_in_the_status() -> None:
    intent = {
        "kind": "MoneyIntent",
        "metadata": {"name": "ads", "namespace": "team", "uid": "u"},
        "spec": {"capCents": 5, "currency": "USD", "purpose": "ads"},
        "status": {
            "phase": "AwaitingApproval",
            "targetDigest": "sha256:1",
            "approvals": {"required": 2, "granted": 1},
        },
    }
    (found,) = waiting_in(intent)
    assert (found.target, found.digest, found.granted) == ("moneyintent/ads", "sha256:1", "1/2")
    assert found.what == "0.05 USD: ads"
    assert waiting_in(intent | {"status": {"phase": "Approved"}}) == []
    workflow: dict[str, Any] = {
        "kind": "Workflow",
        "metadata": {"name": "launch", "namespace": "team", "uid": "u"},
        "spec": {"tasks": [{"name": "review", "approval": {"message": "look"}}]},
        "status": {"tasks": [{"name": "review", "phase": "AwaitingApproval", "targetDigest": "d"}]},
    }
    (task,) = waiting_in(workflow)
    assert (task.target, task.what) == ("workflow/launch/review", "look")
    workflow["status"]["tasks"][0]["message"] = "look at 3 slides"
    (task,) = waiting_in(workflow)
    assert task.what == "look at 3 slides", "with the values that the operator has filled in"
    begins = workflow | {
        "spec": {"objective": "Launch"},
        "status": {"targetDigest": "d", "approvals": {"required": 1, "granted": 0}},
    }
    assert [each.target for each in waiting_in(begins)] == ["workflow/launch"]
    paying = {"tasks": [{"name": "pay", "money": {}}]}
    pays = {"tasks": [{"name": "pay", "reason": "AwaitingApproval", "targetDigest": "d"}]}
    assert waiting_in(workflow | {"spec": paying, "status": pays}) == []


def test_a_word_that_was_taken_and_does_not_count_is_told_so() -> None:
    waits = Waiting(
        kind="Workflow",
        namespace="team",
        name="launch",
        uid="u",
        digest="d",
        what="Go on?",
        granted="0/1",
        requester="alice",
        groups=("finance",),
        task="review",
    )

    def said(user: str, *groups: str) -> dict[str, Any]:
        return {"spec": {"approver": {"user": user, "groups": groups}}}

    _require_weight(waits, said("bob", "finance"))
    # Without admission nobody is named: what it is worth the operator says.
    _require_weight(waits, {"spec": {}})
    with pytest.raises(CliError, match="alice asked for it, and nobody's own word counts"):
        _require_weight(waits, said("alice", "finance"))
    with pytest.raises(CliError, match="none of the groups that are asked: finance"):
        _require_weight(waits, said("bob", "founders"))
