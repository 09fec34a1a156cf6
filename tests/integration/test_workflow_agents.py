"""Agents and approvals in a Workflow: the real operator, the real agent, people by Approvals."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from agentflows import SAID, Seen, launch, started
from agentprocess import run_agent
from agentservices import AgentServices, turn, use
from approvalwords import say
from builds import condition
from venture_core.agents.assignment import parse_assignment
from venture_core.agents.transcript import parse_transcript, transcript_key
from venture_core.canonical import sha256_hex
from venture_core.events.envelope import Service
from venture_core.kubernetes.resources import SECRETS, WORKFLOWS
from venture_core.record.assignments import Assignments
from waiting import patiently

if TYPE_CHECKING:
    from pathlib import Path

    from kubelet import Kubelet
    from operatorprocess import OperatorProcess
    from pydantic import SecretStr
    from venture_core.kubernetes.client import KubernetesClient
    from venture_core.objectstore import ObjectStore

type Body = dict[str, Any]


def agents(image: str) -> str:
    """Return how the operator runs agents."""
    settings = {
        "image": image,
        "resources": {},
        "llm_gateway_url": "http://127.0.0.1:1",
        "tool_gateway_url": "http://localhost:2",
    }
    return json.dumps(settings)


@pytest.fixture
def operator_settings() -> dict[str, str]:
    return {"agents": agents("localhost/agent:test")}


async def test_an_agent_answers_people_approve_and_the_deck_has_its_words(
    operator: OperatorProcess,
    client: KubernetesClient,
    namespace: str,
    kubelet: Kubelet,
    work_namespace: str,
    database: SecretStr,
    store: ObjectStore,
    tmp_path: Path,
) -> None:
    flow = await launch(client, namespace)
    seen = Seen(client, namespace)
    job, assigned = await started(kubelet, client, work_namespace)

    name = job["metadata"]["name"]
    reader = Assignments(database, service=Service.LLM_GATEWAY, name="test")
    assignment = await reader.of_job(name)
    await reader.close()
    assert assignment == parse_assignment(assigned)
    assert (assignment.role, assignment.instructions) == ("researcher", "Find out about the beta.")
    assert (assignment.llm_cap_cents, assignment.currency) == (100, "USD")
    spec = job["spec"]["template"]["spec"]
    assert spec["dnsPolicy"] == "None"
    assert {"ip": "127.0.0.1", "hostnames": ["localhost"]} in spec["hostAliases"]
    assert spec["automountServiceAccountToken"] is False
    tokens = next(each for each in spec["volumes"] if each["name"] == "tokens")
    audiences = [each["serviceAccountToken"]["audience"] for each in tokens["projected"]["sources"]]
    assert "venture-llm-gateway" in audiences

    # The real agent runs as the kubelet would run it.
    pod = await kubelet.start(job)
    await kubelet.run(pod)
    assert assignment.script is not None
    async with AgentServices([turn(use("answer", **SAID))]) as services:
        code, message, _ = await run_agent(tmp_path / "agent", services.url, assigned)
    uid = UUID(flow["metadata"]["uid"])
    key = transcript_key(uid, "research", 1)
    await store.put(key, services.transcript, media_type="application/json")
    await kubelet.end(pod, exit_code=code, message=message)

    said = (await seen.task("research", "Succeeded"))["transcript"]
    assert said == {"uri": store.uri(key), "sha256": sha256_hex(services.transcript)}
    assert parse_transcript(services.transcript).ended == "Done"
    waiting = await seen.task("review", "AwaitingApproval")
    assert waiting["message"] == "Is Beta ${inputs.x} right?"
    assert waiting["approvals"] == {"required": 1, "granted": 0, "by": []}
    assert (await seen.get())["status"]["phase"] == "Waiting"
    digest = waiting["targetDigest"]
    # Their own request nobody approves, and nobody something else.
    await say(client, flow, digest, "founder", task="review")
    await say(client, flow, "sha256:" + "0" * 64, "bob", task="review")
    await say(client, flow, digest, "alice", task="review")
    await seen.task("review", "Succeeded")

    jobs = await patiently(kubelet.jobs, lambda found: len(found) == 2)
    build = next(each for each in jobs if each["metadata"]["name"] != name)
    await patiently(lambda: client.get(SECRETS, build["metadata"]["name"], work_namespace), bool)
    secret = await client.get(SECRETS, build["metadata"]["name"], work_namespace)
    assert secret is not None
    document = json.loads(base64.b64decode(secret["data"]["ir.json"]))
    assert document["title"] == "Beta ${inputs.x}", "what an agent says is never expanded"
    assert document["slides"][0]["bullets"] == SAID["bullets"]
    await kubelet.succeed(build, b"deck")
    done = await patiently(
        seen.get, lambda body: condition(body, "Succeeded").get("status") == "True"
    )
    assert done["status"]["progress"] == "3/3"
    assert done["status"]["tasks"][1]["output"] == {"decision": "Approve", "approvals": 1}


async def test_a_denial_fails_the_task_and_blocks_what_follows(
    operator: OperatorProcess,
    client: KubernetesClient,
    namespace: str,
    kubelet: Kubelet,
    work_namespace: str,
) -> None:
    flow = await launch(client, namespace)
    seen = Seen(client, namespace)
    job, _ = await started(kubelet, client, work_namespace)
    result = json.dumps({"output": SAID, "turns": 1, "denials": 0})
    await kubelet.end(await kubelet.start(job), exit_code=0, message=result)
    waiting = await seen.task("review", "AwaitingApproval")
    await say(client, flow, waiting["targetDigest"], "alice", "Deny", task="review")
    assert (await seen.task("review", "Failed"))["reason"] == "ApprovalDenied"
    await seen.task("deck", "Blocked")


async def test_an_answer_that_breaks_the_schema_does_not_count_whoever_sends_it(
    operator: OperatorProcess,
    client: KubernetesClient,
    namespace: str,
    kubelet: Kubelet,
    work_namespace: str,
) -> None:
    await launch(client, namespace)
    seen = Seen(client, namespace)
    job, _ = await started(kubelet, client, work_namespace)
    result = json.dumps({"output": {"title": 7}, "turns": 1, "denials": 0})
    await kubelet.end(await kubelet.start(job), exit_code=0, message=result)
    failed = await seen.task("research", "Failed")
    assert failed["reason"] == "OutputInvalid"
    assert "bullets is missing" in failed["message"]


async def test_an_upgrade_in_the_middle_of_an_attempt_starts_no_second_agent(
    operator: OperatorProcess,
    client: KubernetesClient,
    namespace: str,
    kubelet: Kubelet,
    work_namespace: str,
) -> None:
    await launch(client, namespace)
    seen = Seen(client, namespace)
    job, told = await started(kubelet, client, work_namespace)
    pod = await kubelet.start(job)
    await operator.kill()
    operator.change(agents=agents("localhost/agent:next"))
    await operator.start()

    # The new operator has looked at it: it may not have done so when the agent ends.
    suspended = {"spec": {"suspend": True}}
    await client.patch(WORKFLOWS, "launch", suspended, namespace)
    await patiently(seen.get, lambda body: body["status"]["phase"] == "Suspended")
    (same,) = await kubelet.jobs()
    assert same["metadata"]["uid"] == job["metadata"]["uid"]
    (container,) = same["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "localhost/agent:test", "it goes on as it was made"
    assert (await started(kubelet, client, work_namespace))[1] == told

    result = json.dumps({"output": SAID, "turns": 1, "denials": 0})
    await kubelet.end(pod, exit_code=0, message=result)
    done = await seen.task("research", "Succeeded")
    assert (done["attempt"], done["child"]["uid"]) == (1, job["metadata"]["uid"])
