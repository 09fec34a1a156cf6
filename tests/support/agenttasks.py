"""Agents' pods at a real API server, their assignments, and what the record says of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from venture_core.agents.assignment import AgentAssignment
from venture_core.events.envelope import Service
from venture_core.events.types.task import task_id
from venture_core.identity.workload import OWNER_KIND, OWNER_NAME, OWNER_NAMESPACE, OWNER_UID
from venture_core.kubernetes.resources import PODS, Resource
from venture_core.record.assignments import JOB_LABEL, Assignments

if TYPE_CHECKING:
    from uuid import UUID

    import asyncpg
    from pydantic import SecretStr
    from venture_core.kubernetes.client import KubernetesClient

SERVICE_ACCOUNTS = Resource("", "v1", "serviceaccounts", "ServiceAccount")


def assignment(uid: UUID, hash_: str, **changes: Any) -> AgentAssignment:
    given = {
        "namespace": "team-a",
        "workflow": "launch",
        "workflow_uid": uid,
        "trace_id": uuid4(),
        "task": "research",
        "task_id": task_id(uid, changes.get("task", "research")),
        "attempt": 1,
        "role": "researcher",
        "bundle_hash": hash_,
        "model": {"provider": "Anthropic", "name": "claude-haiku-5-5"},
        "limits": {"max_turns": 3, "max_tokens": 100, "timeout_seconds": 60},
        "currency": "USD",
        "llm_cap_cents": 10,
        "instructions": "Look.",
    }
    return AgentAssignment.model_validate(given | changes)


async def token(
    client: KubernetesClient, namespace: str, job: str, uid: UUID, audience: str
) -> str:
    """Make the pod of a Job, and return a token that is bound to it."""
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "agent"}}
    await client.apply(SERVICE_ACCOUNTS, account, namespace, field_manager="tests")
    labels = {
        JOB_LABEL: job,
        OWNER_KIND: "Workflow",
        OWNER_NAMESPACE: "team-a",
        OWNER_NAME: "launch",
        OWNER_UID: str(uid),
    }
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": job, "labels": labels},
        "spec": {
            "serviceAccountName": "agent",
            "containers": [{"name": "agent", "image": "none"}],
        },
    }
    made = await client.create(PODS, body, namespace)
    bound = {"kind": "Pod", "apiVersion": "v1", "name": job, "uid": made["metadata"]["uid"]}
    spec = {"audiences": [audience], "expirationSeconds": 600, "boundObjectRef": bound}
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    path = SERVICE_ACCOUNTS.path(namespace, "agent", "token")
    answer = await client.request("POST", "serviceaccounts", path, body=asked)
    found: str = answer["status"]["token"]
    return found


async def assign(database: SecretStr, job: str, given: AgentAssignment) -> None:
    operator = Assignments(database, service=Service.ORCHESTRATOR, name="tests")
    await operator.assign(job, given)
    await operator.close()


async def events(superuser: asyncpg.Connection, uid: UUID) -> list[dict[str, Any]]:
    rows = await superuser.fetch(
        "SELECT canonical FROM record.events WHERE workflow_id = $1 ORDER BY seq", uid
    )
    return [json.loads(row["canonical"]) for row in rows]
