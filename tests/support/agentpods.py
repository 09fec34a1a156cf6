"""An agent's pod on an API server without a kubelet: its labels, and its own tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from venture_core.agents.assignment import AgentAssignment, AssignedModel, Limits
from venture_core.identity.workload import OWNER_KIND, OWNER_NAME, OWNER_NAMESPACE, OWNER_UID
from venture_core.kubernetes.resources import PODS, Resource
from venture_core.policy.compile import compile_bundle
from venture_core.record.agents import Agent
from venture_core.record.assignments import JOB_LABEL

if TYPE_CHECKING:
    from venture_core.kubernetes.client import KubernetesClient

SERVICE_ACCOUNTS = Resource("", "v1", "serviceaccounts", "ServiceAccount")


def assigned(
    workflow: UUID, bundle_hash: str, *tools: str, role: str = "researcher"
) -> AgentAssignment:
    """Return an assignment of the namespace `team`, with tools of its task."""
    return AgentAssignment(
        namespace="team",
        workflow="launch",
        workflow_uid=workflow,
        trace_id=uuid4(),
        task="research",
        task_id=uuid4(),
        attempt=1,
        role=role,
        bundle_hash=bundle_hash,
        model=AssignedModel(provider="Anthropic", name="claude-x"),
        tools=tools,
        limits=Limits(max_turns=5, max_tokens=1000, timeout_seconds=60),
        currency="USD",
        llm_cap_cents=10,
        instructions="Read.",
    )


def judged_agent(content: dict[str, Any], *tools: str, job: str = "job") -> Agent:
    """Return an agent as services see it, governed by what a bundle says."""
    snapshot = compile_bundle(content)
    return Agent(job, assigned(uuid4(), snapshot.hash, *tools), snapshot)


@dataclass(frozen=True)
class AgentPod:
    """A pod that works for a Workflow of the namespace `team`."""

    client: KubernetesClient
    namespace: str
    job: str
    workflow: UUID
    body: dict[str, Any]

    @classmethod
    async def create(cls, client: KubernetesClient, namespace: str) -> AgentPod:
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "agent"}}
        await client.apply(SERVICE_ACCOUNTS, account, namespace, field_manager="tests")
        workflow, job = uuid4(), f"launch-research-{uuid4().hex[:8]}"
        body = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": job,
                "labels": {
                    OWNER_KIND: "Workflow",
                    OWNER_NAMESPACE: "team",
                    OWNER_NAME: "launch",
                    OWNER_UID: str(workflow),
                    JOB_LABEL: job,
                },
            },
            "spec": {
                "serviceAccountName": "agent",
                "containers": [{"name": "agent", "image": "none"}],
            },
        }
        return cls(client, namespace, job, workflow, await client.create(PODS, body, namespace))

    def assignment(
        self, bundle_hash: str, *tools: str, role: str = "researcher"
    ) -> AgentAssignment:
        """Return what the operator would assign it to."""
        return assigned(self.workflow, bundle_hash, *tools, role=role)

    async def token(self, audience: str) -> str:
        """Return a token as the kubelet would project it."""
        metadata = self.body["metadata"]
        bound = {
            "kind": "Pod",
            "apiVersion": "v1",
            "name": metadata["name"],
            "uid": metadata["uid"],
        }
        spec = {"audiences": [audience], "expirationSeconds": 600, "boundObjectRef": bound}
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
        path = SERVICE_ACCOUNTS.path(self.namespace, "agent", "token")
        answer = await self.client.request("POST", "serviceaccounts", path, body=body)
        token: str = answer["status"]["token"]
        return token
