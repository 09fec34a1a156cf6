"""A Workflow with an agent, an approval and a deck, and what a test asks of it."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from agentservices import turn, use
from policybundles import bundle, manifest
from venture_core.agents.assignment import ASSIGNMENT_FILE
from venture_core.kubernetes.resources import CONFIG_MAPS, POLICY_BUNDLES, SECRETS, WORKFLOWS
from waiting import patiently

if TYPE_CHECKING:
    from kubelet import Kubelet
    from venture_core.kubernetes.client import KubernetesClient

type Body = dict[str, Any]

SCHEMA = {
    "type": "object",
    "properties": {"title": {"type": "string"}, "bullets": {"type": "array"}},
    "required": ["title", "bullets"],
}
SAID = {"title": "Beta ${inputs.x}", "bullets": [{"text": "It grows"}, {"text": "It stays"}]}


def workflow() -> Body:
    slides = [
        {"type": "bullets", "title": "Findings", "bullets": "${tasks.research.output.bullets}"}
    ]
    document = {
        "kind": "SlideSpec",
        "version": 1,
        "title": "${tasks.research.output.title}",
        "slides": slides,
    }
    agent = {
        "role": "researcher",
        "model": {
            "provider": "Scripted",
            "name": "scripted",
            "script": {"name": "script", "key": "script.json"},
        },
        "instructions": "Find out about ${inputs.what}.",
        "tools": ["web.fetch"],
        "outputSchema": SCHEMA,
    }
    review = {"quorum": 1, "message": "Is ${tasks.research.output.title} right?"}
    return {
        "apiVersion": WORKFLOWS.api_version,
        "kind": WORKFLOWS.kind,
        "metadata": {"name": "launch"},
        "spec": {
            "objective": "Launch",
            "requester": {"user": "founder"},
            "budget": {"currency": "USD", "llmCents": 100},
            "inputs": [{"name": "what", "value": "the beta"}],
            "tasks": [
                {"name": "research", "agent": agent},
                {"name": "review", "dependsOn": ["research"], "approval": review},
                {
                    "name": "deck",
                    "dependsOn": ["review"],
                    "artifact": {"target": "Pptx", "source": {"inline": document}},
                },
            ],
        },
    }


async def launch(client: KubernetesClient, namespace: str) -> Body:
    """Publish a bundle that lets a researcher replay a script, and create the Workflow."""
    (role,) = bundle()["roles"]
    models = [{"provider": "Scripted", "names": ["*"]}]
    roles = [{**role, "models": models}]
    await client.create(POLICY_BUNDLES, manifest(roles=roles), namespace)
    turns = [turn(use("answer", **SAID))]
    # What it says holds `${`, and the workflow's values are put into scripts, too.
    words = json.dumps({"turns": turns}).replace("${", "$${")
    script = {"metadata": {"name": "script"}, "data": {"script.json": words}}
    await client.create(CONFIG_MAPS, {"apiVersion": "v1", "kind": "ConfigMap", **script}, namespace)
    return await client.create(WORKFLOWS, workflow(), namespace, strict=True)


class Seen:
    """The Workflow, as it is now."""

    def __init__(self, client: KubernetesClient, namespace: str) -> None:
        self._client = client
        self._namespace = namespace

    async def get(self) -> Body:
        body = await self._client.get(WORKFLOWS, "launch", self._namespace)
        assert body is not None
        return body

    async def task(self, name: str, phase: str) -> Body:
        """Wait until a task is in that phase, or waits for that reason; return it."""

        async def look() -> Body:
            tasks = (await self.get()).get("status", {}).get("tasks", [])
            return next((each for each in tasks if each["name"] == name), {})

        return await patiently(look, lambda task: phase in (task.get("phase"), task.get("reason")))


async def started(kubelet: Kubelet, client: KubernetesClient, work: str) -> tuple[Body, bytes]:
    """Return the agent's Job, once what it is told is there."""
    (job, *_) = await patiently(kubelet.jobs, bool)

    async def told() -> Body | None:
        return await client.get(SECRETS, job["metadata"]["name"], work)

    secret = await patiently(told, bool)
    assert secret is not None
    return job, base64.b64decode(secret["data"][ASSIGNMENT_FILE])
