"""The examples with agents work as they stand, and agents know the tools that are performed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import yaml
from surroundings import REPOSITORY
from venture_agent_runtime.tools import ANSWER, TOOLS, Performer
from venture_core.llm.scripts import Said, read_script
from venture_core.policy.compile import compile_bundle
from venture_core.policy.evaluate import evaluate
from venture_core.policy.request import Connection, ModelCall, ToolCall
from venture_core.workflows.checks import check
from venture_core.workflows.references import Values, fill
from venture_core.workflows.schemas import violations
from venture_crds.v1alpha1.workflow import Workflow
from venture_tool_gateway.performing import TOOLS as PERFORMED
from venture_tool_gateway.performing import checked

if TYPE_CHECKING:
    from pathlib import Path

    from venture_core.policy.snapshot import Snapshot

type Json = dict[str, Any]

FOLDER = REPOSITORY / "examples"
LAUNCH, RESEARCH, HOSTILE = (
    FOLDER / each for each in ("launch.yaml", "agents/research.yaml", "hostile-page.yaml")
)
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def read(path: Path) -> tuple[Json, Json]:
    """Return the Workflow of an example, and the data of its ConfigMap."""
    manifests = {each["kind"]: each for each in yaml.safe_load_all(path.read_text())}
    return manifests["Workflow"], manifests["ConfigMap"]["data"]


def said_by(workflow: Json, scripts: Json) -> dict[str, list[Said]]:
    """Return what the script of each agent says, by task, with values put in."""
    spec = workflow["spec"]
    inputs = {each["name"]: each["value"] for each in spec.get("inputs", [])}
    outputs: Json = {"pay": {"name": "launch-pay-1"}}
    found = {}
    for task in spec["tasks"]:
        if (agent := task.get("agent")) is None:
            continue
        text = json.loads(scripts[agent["model"]["script"]["key"]])
        script = read_script(json.dumps(fill(text, Values(inputs, outputs))).encode())
        assert len(script.turns) <= agent["maxTurns"]
        found[task["name"]] = [part for turn in script.turns for part in turn.say if part.tool]
        outputs[task["name"]] = dict(found[task["name"]][-1].arguments)
    return found


@pytest.fixture(scope="module")
def policy() -> Snapshot:
    return compile_bundle(yaml.safe_load((FOLDER / "policy" / "starter.yaml").read_text())["spec"])


@pytest.mark.parametrize("path", [LAUNCH, RESEARCH, HOSTILE], ids=lambda path: path.stem)
def test_its_tasks_fit_together(path: Path) -> None:
    body, _ = read(path)
    body["metadata"] |= {"namespace": "default", "uid": "5d1ff6c8-5a53-4f4c-8d8a-6f3f1c1b0f5e"}
    assert check(Workflow.model_validate(body).spec) == ()


@pytest.mark.parametrize("path", [LAUNCH, RESEARCH], ids=lambda path: path.stem)
def test_its_scripts_do_what_the_starter_policy_allows(path: Path, policy: Snapshot) -> None:
    workflow, scripts = read(path)
    agents = {each["name"]: each["agent"] for each in workflow["spec"]["tasks"] if "agent" in each}
    for task, (*calls, answer) in said_by(workflow, scripts).items():
        agent = agents[task]
        role: Json = {"namespace": "default", "role": agent["role"], "now": NOW}
        model = agent["model"]
        assert evaluate(
            policy, ModelCall(**role, provider=model["provider"], model=model["name"])
        ).allowed
        assert {each.tool for each in calls} <= set(agent["tools"])
        for each in calls:
            tool, arguments = each.tool or "", dict(each.arguments)
            assert evaluate(policy, ToolCall(**role, tool=tool, arguments=arguments)).allowed
            if tool in PERFORMED:
                checked(tool, arguments)
            else:
                assert not list(violations(arguments, dict(TOOLS[tool].arguments)))
            if tool == "web.fetch":
                place = urlsplit(arguments["url"])
                host, port = place.hostname or "", place.port or 0
                assert evaluate(policy, Connection(**role, host=host, port=port)).allowed
        assert answer.tool == ANSWER
        assert not list(violations(dict(answer.arguments), agent["outputSchema"]))


def test_what_a_hostile_page_asks_for_is_not_allowed(policy: Snapshot) -> None:
    workflow, scripts = read(HOSTILE)
    agent = workflow["spec"]["tasks"][0]["agent"]
    first, *obeyed, _ = said_by(workflow, scripts)["research"]
    assert first.tool in agent["tools"]
    assert len(obeyed) == 3
    for each in obeyed:
        call = ToolCall(
            namespace="default",
            role=agent["role"],
            now=NOW,
            tool=each.tool or "",
            arguments=dict(each.arguments),
        )
        assert each.tool not in agent["tools"] or not evaluate(policy, call).allowed


@pytest.mark.parametrize(
    "name", [each.name for each in TOOLS.values() if each.performer is Performer.TOOLS]
)
def test_the_gateway_takes_what_agents_say_of_a_tool(name: str) -> None:
    said, taken = TOOLS[name].arguments, PERFORMED[name].model_fields
    assert said["properties"].keys() == taken.keys()
    assert set(said["required"]) == {key for key, field in taken.items() if field.is_required()}


def test_the_gateway_performs_no_tool_that_agents_do_not_know() -> None:
    assert PERFORMED.keys() <= TOOLS.keys()
