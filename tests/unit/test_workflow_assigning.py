"""What an agent is assigned to: its script has the values of the workflow in it."""

from __future__ import annotations

from typing import Any

import pytest
from venture_crds.v1alpha1.workflow import Workflow
from venture_operator.kinds.workflow.assigning import assignment_of
from venture_operator.kinds.workflow.errors import RefusedError
from workflows import AGENT, NOW, task, workflow

type Body = dict[str, Any]

HASH = "sha256:" + "0" * 64


@pytest.fixture
def launch() -> Workflow:
    """Return a workflow whose first task is done, and whose second may start."""
    scripted = {"provider": "Scripted", "name": "s", "script": {"name": "s", "key": "s.json"}}
    made = workflow(task("pay"), task("place", "pay", agent=AGENT | {"model": scripted}))
    pay = {"name": "pay", "phase": "Succeeded", "attempt": 1, "output": {"name": "launch-pay-1"}}
    place = {"name": "place", "phase": "Running", "attempt": 1, "capCents": 1}
    pinned = {"name": "default", "namespace": "default", "version": "1.0.0", "hash": HASH}
    status = {"policyBundle": pinned, "tasks": [pay, place], "startedAt": NOW.isoformat()}
    return Workflow.model_validate(made.to_json() | {"status": status})


def script(url: str) -> Body:
    return {"turns": [{"say": [{"tool": "money.authorize", "arguments": {"intent": url}}]}]}


def test_references_in_a_script_stand_for_values(launch: Workflow) -> None:
    given = script("${tasks.pay.output.name}")
    assigned = assignment_of(launch, launch.spec.tasks[1], launch.status, given)
    assert assigned.script == script("launch-pay-1")


@pytest.mark.parametrize("text", ["${tasks.other.output.name}", "${tasks.pay.output.cents}", "${x"])
def test_a_script_that_cannot_be_filled_in_starts_no_agent(launch: Workflow, text: str) -> None:
    with pytest.raises(RefusedError):
        assignment_of(launch, launch.spec.tasks[1], launch.status, script(text))
