"""The example with an agent is one that works, and agents know the tools that are performed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from surroundings import REPOSITORY
from venture_agent_runtime.tools import ANSWER, TOOLS, Performer
from venture_core.llm.scripts import Script, read_script
from venture_core.policy.compile import compile_bundle
from venture_core.policy.evaluate import evaluate
from venture_core.policy.request import ModelCall, ToolCall
from venture_core.workflows.checks import check
from venture_core.workflows.schemas import violations
from venture_crds.v1alpha1.workflow import Workflow
from venture_tool_gateway.performing import TOOLS as PERFORMED
from venture_tool_gateway.performing import checked

type Json = dict[str, Any]

FOLDER = REPOSITORY / "examples"
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.fixture
def manifests() -> dict[str, Json]:
    text = (FOLDER / "agents" / "research.yaml").read_text()
    return {each["kind"]: each for each in yaml.safe_load_all(text)}


@pytest.fixture
def agent(manifests: dict[str, Json]) -> Json:
    found: Json = manifests["Workflow"]["spec"]["tasks"][0]["agent"]
    return found


@pytest.fixture
def script(manifests: dict[str, Json], agent: Json) -> Script:
    given, named = manifests["ConfigMap"], agent["model"]["script"]
    assert given["metadata"]["name"] == named["name"]
    return read_script(given["data"][named["key"]].encode())


def test_its_tasks_fit_together(manifests: dict[str, Json]) -> None:
    body = manifests["Workflow"]
    body["metadata"] |= {"namespace": "default", "uid": "5d1ff6c8-5a53-4f4c-8d8a-6f3f1c1b0f5e"}
    assert check(Workflow.model_validate(body).spec) == ()


def test_its_script_does_what_the_starter_policy_allows(agent: Json, script: Script) -> None:
    policy = compile_bundle(
        yaml.safe_load((FOLDER / "policy" / "starter.yaml").read_text())["spec"]
    )
    role: Json = {"namespace": "default", "role": agent["role"], "now": NOW}
    model = ModelCall(**role, provider=agent["model"]["provider"], model=agent["model"]["name"])
    assert evaluate(policy, model).allowed
    said = [part for turn in script.turns for part in turn.say if part.tool]
    *calls, answer = said
    assert {each.tool for each in calls} == set(agent["tools"])
    for each in calls:
        arguments = dict(each.arguments)
        assert evaluate(policy, ToolCall(**role, tool=each.tool or "", arguments=arguments)).allowed
        checked(each.tool or "", arguments)
    assert answer.tool == ANSWER
    assert not list(violations(dict(answer.arguments), agent["outputSchema"]))
    assert len(script.turns) <= agent["maxTurns"]


@pytest.mark.parametrize(
    "name", [each.name for each in TOOLS.values() if each.performer is Performer.TOOLS]
)
def test_the_gateway_takes_what_agents_say_of_a_tool(name: str) -> None:
    said, taken = TOOLS[name].arguments, PERFORMED[name].model_fields
    assert said["properties"].keys() == taken.keys()
    assert set(said["required"]) == {key for key, field in taken.items() if field.is_required()}


def test_the_gateway_performs_no_tool_that_agents_do_not_know() -> None:
    assert PERFORMED.keys() <= TOOLS.keys()
