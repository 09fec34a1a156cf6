"""Policy and freezes by a running operator, with no webhook there at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policybundles import bundle, manifest
from venture_core.kubernetes.resources import ARTIFACT_BUILDS, FREEZES, JOBS, POLICY_BUNDLES
from venture_core.policy.compile import compile_bundle
from waiting import patiently

if TYPE_CHECKING:
    from operatorprocess import OperatorProcess
    from venture_core.kubernetes.client import KubernetesClient

type Json = dict[str, Any]


def build(name: str, **spec: Any) -> Json:
    document = {
        "kind": "SlideSpec",
        "version": 1,
        "title": "A",
        "slides": [{"type": "title", "title": "A"}],
    }
    return {
        "apiVersion": "venture.parpour.dev/v1alpha1",
        "kind": "ArtifactBuild",
        "metadata": {"name": name},
        "spec": {"target": "Pptx", "source": {"inline": document}, **spec},
    }


async def reason(client: KubernetesClient, namespace: str, name: str, wanted: str) -> Json:
    async def look() -> Json:
        return await client.get(ARTIFACT_BUILDS, name, namespace) or {}

    def good(body: Json) -> bool:
        conditions = body.get("status", {}).get("conditions", [])
        return any(each["reason"] == wanted for each in conditions)

    return await patiently(look, good)


async def test_what_slipped_past_admission_is_refused_and_what_may_be_is_pinned(
    client: KubernetesClient, namespace: str, operator: OperatorProcess
) -> None:
    del operator
    await client.create(POLICY_BUNDLES, manifest(), namespace)
    await client.create(ARTIFACT_BUILDS, build("dull", gates={"contrast": False}), namespace)
    refused = await reason(client, namespace, "dull", "PolicyDenies")
    message = refused["status"]["conditions"][0]["message"]
    assert "rule artifacts/gates/contrast of bundle sha256:" in message
    await client.create(
        ARTIFACT_BUILDS, build("lost", policyBundleRef={"name": "nobody"}), namespace
    )
    await reason(client, namespace, "lost", "BundleUnavailable")
    await client.create(ARTIFACT_BUILDS, build("good"), namespace)
    good = await reason(client, namespace, "good", "Compiling")
    pinned = good["status"]["policyBundle"]
    hash_ = compile_bundle(bundle()).hash
    await client.patch(POLICY_BUNDLES, "default", {"metadata": {"labels": {"a": "b"}}}, namespace)

    async def used_by() -> int:
        body = await client.get(POLICY_BUNDLES, "default", namespace) or {}
        return body["status"].get("usedBy", 0)

    await patiently(used_by, lambda seen: seen == 1)
    assert pinned == {"name": "default", "version": "1.0.0", "hash": hash_}


async def test_a_freeze_stops_what_is_new_and_a_kill_ends_what_runs(
    client: KubernetesClient, namespace: str, work_namespace: str, operator: OperatorProcess
) -> None:
    del operator
    body: Json = {
        "apiVersion": "venture.parpour.dev/v1alpha1",
        "kind": "Freeze",
        "metadata": {"name": f"{namespace}-freeze"},
        "spec": {
            "scope": {"namespace": namespace},
            "mode": "Freeze",
            "reason": "a test that looks whether it holds",
        },
    }
    await client.create(ARTIFACT_BUILDS, build("before"), namespace)
    await reason(client, namespace, "before", "Compiling")
    await client.create(FREEZES, body)

    async def status() -> Json:
        found = await client.get(FREEZES, body["metadata"]["name"])
        return (found or {}).get("status", {})

    await patiently(status, lambda seen: seen.get("phase") == "Holds")
    await client.create(ARTIFACT_BUILDS, build("after"), namespace)
    await reason(client, namespace, "after", "Frozen")
    assert len(await client.list(JOBS, work_namespace)) == 1

    kill = body | {"metadata": {"name": f"{namespace}-kill"}}
    kill["spec"] = body["spec"] | {"mode": "Kill"}
    await client.create(FREEZES, kill)
    await reason(client, namespace, "before", "Frozen")
    for each in (body, kill):
        await client.delete(FREEZES, each["metadata"]["name"])
    for name in ("before", "after"):
        await reason(client, namespace, name, "Compiling")
