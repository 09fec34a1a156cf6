"""Workflows on the command line: read from a file, planned, and drawn as they go."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from surroundings import REPOSITORY
from venture_cli.domain.accounts import impersonated, impersonation
from venture_cli.domain.conversation import agents_that_ended, said
from venture_cli.domain.workflow import facts, task_rows
from venture_cli.domain.workflowfiles import read_workflow
from venture_cli.domain.workflowplan import WorkflowPlan, plan_workflow
from venture_cli.errors import CliError, ExitCode
from venture_core.policy.compile import compile_bundle

EXAMPLE = REPOSITORY / "examples" / "agents" / "research.yaml"
BUNDLE = REPOSITORY / "examples" / "policy" / "starter.yaml"
NOW = datetime(2026, 11, 26, tzinfo=UTC)


def example(**changes: Any) -> bytes:
    """The Workflow of the example, with other fields in its spec."""
    documents = yaml.safe_load_all(EXAMPLE.read_text())
    (body,) = [each for each in documents if each and each["kind"] == "Workflow"]
    body["spec"] |= changes
    return yaml.safe_dump(body).encode()


def planned(data: bytes, *, known: bool = True) -> WorkflowPlan:
    _, workflow, _ = read_workflow(data, "FILE", None)
    documents = yaml.safe_load_all(BUNDLE.read_text())
    (bundle,) = [each for each in documents if each and each["kind"] == "PolicyBundle"]
    snapshot = compile_bundle(bundle["spec"]) if known else None
    return plan_workflow(workflow, "team-a", snapshot, NOW)


APPROVAL = {"name": "ask", "approval": {"quorum": 2, "approvers": {"groups": ["venture:finance"]}}}


def test_a_plan_says_by_which_rule_whom_it_asks_and_what_it_may_cost() -> None:
    plan = planned(EXAMPLE.read_bytes())
    research, deck = plan.steps
    assert "model: Allow, rule roles/researcher/models" in research.may[0]
    # What is written where is not known before it is done.
    assert any(
        each.endswith("by its arguments, rule roles/researcher/tools/io.write")
        for each in research.may
    )
    assert (deck.after, deck.worst_cents) == (("research",), 0)
    assert (plan.allowed, plan.worst_cents, plan.currency) == (True, 50, "USD")


def test_a_plan_says_who_is_asked() -> None:
    (step,) = planned(example(tasks=[APPROVAL])).steps
    assert step.asks == "2 of venture:finance, within 86400 s"


def test_a_plan_says_no_before_anything_runs() -> None:
    task = {
        "name": "x",
        "agent": {
            "role": "emperor",
            "model": {"provider": "Anthropic", "name": "claude-x"},
            "instructions": "Rule",
            "llmCents": 10,
        },
    }
    plan = planned(example(tasks=[task]))
    assert plan.allowed is False
    assert plan.verdict.startswith("Deny, rule ")


def test_without_a_bundle_nothing_is_said_of_rules() -> None:
    plan = planned(EXAMPLE.read_bytes(), known=False)
    assert (plan.allowed, plan.worst_cents) == (None, 50)


@pytest.mark.parametrize(
    ("data", "code", "said"),
    [
        (b"kind: Other", ExitCode.USAGE, "holds 0 Workflows"),
        (b"a: [", ExitCode.USAGE, "is no YAML"),
        (example() + b"---\n" + example(), ExitCode.USAGE, "holds 2 Workflows"),
        (example(parallelism=0), ExitCode.BUILD_FAILED, "spec.parallelism"),
        (example(tasks=[{**APPROVAL, "dependsOn": ["nobody"]}]), ExitCode.BUILD_FAILED, "no task"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_before_the_cluster_is_asked(
    data: bytes, code: ExitCode, said: str
) -> None:
    with pytest.raises(CliError) as raised:
        read_workflow(data, "FILE", None)
    assert raised.value.code == code
    assert said in " ".join((raised.value.message, *raised.value.details))


def test_tasks_stand_below_those_they_come_after() -> None:
    body = {
        "spec": {
            "budget": {"currency": "JPY"},
            "tasks": [
                {"name": "pay", "dependsOn": ["deck", "brief"]},
                {"name": "deck", "dependsOn": ["research"]},
                {"name": "research"},
                {"name": "brief", "dependsOn": ["research"]},
            ],
        },
        "status": {
            "cost": {"cashCents": 1500, "llmCents": 41},
            "tasks": [
                {
                    "name": "research",
                    "phase": "Succeeded",
                    "startedAt": "2026-11-26T10:00:00Z",
                    "finishedAt": "2026-11-26T10:00:07Z",
                    "costCents": 41,
                },
                {"name": "deck", "phase": "Running", "startedAt": "2026-11-26T10:00:07Z"},
            ],
        },
    }
    rows = task_rows(body, "2026-11-26T10:00:09Z")
    assert [each[:4] for each in rows] == [
        ("research", "Succeeded", "7.0 s", "41 JPY"),
        ("  deck", "Running", "2.0 s", ""),
        ("  brief", "Queued", "", ""),
        ("    pay", "Queued", "", ""),
    ]
    assert facts(body)["cost"] == "1,541 JPY"


def test_no_account_means_nobody_and_never_everybody() -> None:
    assert impersonation(set()) == []
    rules = impersonation({"bob", "alice"})
    assert [each["resourceNames"] for each in rules] == [["venture:alice", "venture:bob"]]
    assert impersonated(rules) == {"alice", "bob"}


def test_what_an_agent_said_is_shown_part_by_part_whatever_it_is() -> None:
    spec = {"tasks": [{"name": "read"}, {"name": "look"}, {"name": "write"}]}
    kept = {"uri": "s3://artifacts/workspaces/1"}
    status = {
        "tasks": [{"name": "write", "transcript": kept}, {"name": "read", "transcript": kept}]
    }
    assert agents_that_ended({"spec": spec, "status": status}) == ["read", "write"]

    page = {"type": "tool_result", "content": [{"type": "text", "text": "x" * 2001}]}
    call = {"type": "tool_use", "name": "web.fetch", "input": {"url": "http://a/ü"}}
    messages = [
        {"role": "user", "content": "Read it."},
        {"role": "assistant", "content": [{"type": "text", "text": "I do."}, call]},
        {"role": "user", "content": [page, {"type": "tool_result", "content": "no"}]},
        {"role": "assistant", "content": [{"type": "thinking"}, 7, {}]},
        "nothing that a model says",
    ]
    assert [(each.who, each.text) for each in said({"messages": messages})] == [
        ("task", "Read it."),
        ("model", "I do."),
        ("calls", 'web.fetch {"url": "http://a/ü"}'),
        ("result", "x" * 2000 + "… (1 characters more)"),
        ("result", "no"),
        ("model", "(thinking)"),
        ("model", "(something without a type)"),
        ("model", "(something without a type)"),
    ]
