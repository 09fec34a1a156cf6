"""What a role's bundle says of its agents: how many run at once, and how long."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from agentflows import launch, started, workflow
from venture_core.agents.assignment import parse_assignment
from venture_core.kubernetes.resources import WORKFLOWS
from venture_operator.kinds.workflow.agentjob import GRACE_SECONDS, WAITING_LIMIT
from waiting import patiently

if TYPE_CHECKING:
    from kubelet import Kubelet
    from operatorprocess import OperatorProcess
    from venture_core.kubernetes.client import KubernetesClient

MOST = 3
SECONDS = 300
"""What the tests' bundle gives a researcher."""


@pytest.fixture
def operator_settings() -> dict[str, str]:
    agents = {
        "image": "localhost/agent:test",
        "resources": {},
        "llm_gateway_url": "http://127.0.0.1:1",
    }
    return {"agents": json.dumps(agents)}


async def test_no_more_agents_of_a_role_run_than_may_and_none_for_longer(
    operator: OperatorProcess,
    client: KubernetesClient,
    namespace: str,
    kubelet: Kubelet,
    work_namespace: str,
) -> None:
    await launch(client, namespace)
    job, told = await started(kubelet, client, work_namespace)
    more = workflow()
    more["metadata"]["name"] = "more"
    agent = more["spec"]["tasks"][0]["agent"]
    more["spec"]["tasks"] = [
        {"name": f"look-{number}", "agent": agent | {"llmCents": 10}, "timeoutSeconds": 2 * SECONDS}
        for number in range(MOST)
    ]
    await client.create(WORKFLOWS, more, namespace, strict=True)

    async def look() -> list[dict[str, Any]]:
        body = await client.get(WORKFLOWS, "more", namespace) or {}
        return list(body.get("status", {}).get("tasks", []))

    def one_waits(tasks: list[dict[str, Any]]) -> bool:
        waiting = [each for each in tasks if "at most 3 of the role" in each.get("message", "")]
        created = [each for each in tasks if each.get("child", {}).get("uid")]
        return len(waiting) == 1 and len(created) == MOST - 1

    await patiently(look, one_waits)
    assert len(await kubelet.jobs()) == MOST
    # Whoever takes over counts those that run.
    await operator.kill()
    await operator.start()
    pod = await kubelet.start(job)
    result = json.dumps({"output": {"title": "T", "bullets": []}, "turns": 1, "denials": 0})
    await kubelet.end(pod, exit_code=0, message=result)
    jobs = await patiently(kubelet.jobs, lambda found: len(found) == MOST + 1)
    limits = parse_assignment(told).limits
    assert limits.timeout_seconds == SECONDS
    deadline = int(WAITING_LIMIT.total_seconds()) + SECONDS + GRACE_SECONDS
    assert {each["spec"]["activeDeadlineSeconds"] for each in jobs} == {deadline}
