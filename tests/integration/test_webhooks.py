"""The admission webhooks, asked by a real API server over TLS."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from admissionserver import admitting
from policybundles import bundle, manifest
from venture_core.kubernetes.errors import KubernetesError
from venture_core.kubernetes.resources import (
    APPROVALS,
    ARTIFACT_BUILDS,
    POLICY_BUNDLES,
    WORKFLOWS,
)
from venture_core.policy.compile import compile_bundle
from waiting import patiently

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from venture_core.kubernetes.client import KubernetesClient

type Json = dict[str, Any]


def build(name: str, **spec: Any) -> Json:
    return {
        "apiVersion": "venture.parpour.dev/v1alpha1",
        "kind": "ArtifactBuild",
        "metadata": {"name": name},
        "spec": {"target": "Pptx", "source": {"inline": {}}, **spec},
    }


@pytest.fixture
async def webhooks(
    client: KubernetesClient,
    namespace: str,
    tmp_path: Path,
    render_chart: Callable[..., list[Json]],
) -> AsyncIterator[Callable[[], None]]:
    """Serve, and register; give what ends the service without a word to the API server."""
    async with admitting(client, tmp_path, render_chart("ci/dev.yaml"), namespace) as (_, end):
        yield end


async def try_to(client: KubernetesClient, namespace: str, body: Json, resource: Any) -> str:
    try:
        await client.create(resource, body, namespace)
    except KubernetesError as error:
        return error.message
    return ""


async def test_the_api_server_asks_and_tells(
    client: KubernetesClient, namespace: str, webhooks: Callable[[], None]
) -> None:
    bad = {"id": "odd", "appliesTo": ["ToolCall"], "action": "Deny", "message": "m", "when": "x"}

    async def refused() -> str:
        name = f"odd-{asyncio.get_running_loop().time():.3f}".replace(".", "-")
        return await try_to(client, namespace, manifest(name, rules=[bad]), POLICY_BUNDLES)

    # The API server asks some moments after it was told to.
    said = await patiently(refused, bool)
    assert "spec.rules[0].when at 1:1: undeclared reference to 'x'" in said

    await client.create(POLICY_BUNDLES, manifest(), namespace)
    hash_ = compile_bundle(bundle()).hash

    async def pinned() -> Json:
        name = f"good-{asyncio.get_running_loop().time():.3f}".replace(".", "-")
        made = await client.create(ARTIFACT_BUILDS, build(name), namespace)
        return made["spec"].get("policyBundleRef", {})

    reference = await patiently(pinned, bool)
    assert reference == {"name": "default", "hash": hash_}
    dull = build("dull", gates={"contrast": False}, policyBundleRef={"name": "default"})
    said = await try_to(client, namespace, dull, ARTIFACT_BUILDS)
    assert "rule artifacts/gates/contrast of bundle sha256:" in said
    assert await client.get(ARTIFACT_BUILDS, "dull", namespace) is None

    approval = {
        "apiVersion": "venture.parpour.dev/v1alpha1",
        "kind": "Approval",
        "metadata": {"name": "mine"},
        "spec": {
            "targetRef": {
                "kind": "MoneyIntent",
                "name": "ads",
                "uid": "6a4c8a10-5b7e-4d0a-9d7e-1f2a3b4c5d6e",
            },
            "targetDigest": hash_,
            "decision": "Approve",
        },
    }
    made = await client.create(APPROVALS, approval, namespace)
    assert made["spec"]["approver"]["user"]

    webhooks()

    async def away() -> str:
        name = f"late-{asyncio.get_running_loop().time():.3f}".replace(".", "-")
        return await try_to(client, namespace, build(name), ARTIFACT_BUILDS)

    said = await patiently(away, bool)
    assert "failed calling webhook" in said


def waits(digest: str, *by: str) -> Json:
    """Return the status of a workflow that waits for people."""
    approvals = {"required": 2, "granted": len(by), "by": [*by]}
    asks = {"phase": "Running", "reason": "AwaitingApproval", "targetDigest": digest}
    task = {"name": "review", **asks, "approvals": approvals}
    return {"status": {"phase": "Running", "tasks": [task]}}


async def test_a_word_that_cannot_count_is_refused_at_once(
    client: KubernetesClient, namespace: str, webhooks: Callable[[], None]
) -> None:
    one, two = (f"sha256:{each * 64}" for each in "12")
    asked = {
        "apiVersion": WORKFLOWS.api_version,
        "kind": WORKFLOWS.kind,
        "metadata": {"name": "launch"},
        "spec": {
            "objective": "Ask somebody else",
            "requester": {"user": "alice"},
            "tasks": [{"name": "review", "approval": {"message": "Go on?", "quorum": 2}}],
        },
    }
    made = await client.create(WORKFLOWS, asked, namespace)
    names = (f"word-{number}" for number in count())

    async def say(user: str, digest: str, decision: str = "Approve") -> str:
        reference = {
            "kind": "Workflow",
            "name": "launch",
            "uid": made["metadata"]["uid"],
            "taskName": "review",
        }
        body = {
            "apiVersion": APPROVALS.api_version,
            "kind": APPROVALS.kind,
            "metadata": {"name": next(names)},
            "spec": {
                "targetRef": reference,
                "targetDigest": digest,
                "decision": decision,
                "approver": {"user": user},
            },
        }
        return await try_to(client, namespace, body, APPROVALS)

    async def refused(user: str, digest: str) -> str:
        return await patiently(lambda: say(user, digest), bool)

    async def now(status: Json) -> None:
        await client.patch(WORKFLOWS, "launch", status, namespace, subresource="status")

    await now(waits(one, "bob"))
    assert "alice asked for it, and nobody's own word counts" in await refused("alice", one)
    assert "bob approved it before" in await say("bob", one)
    assert await say("bob", one, "Deny") == ""
    assert await say("carol", one) == ""
    assert await say("alice", two) == "", "what was never seen the operator decides"
    await now(waits(two))
    assert "has changed since" in await refused("carol", one)
    assert await say("bob", two) == ""
