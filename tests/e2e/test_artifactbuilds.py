"""ArtifactBuilds on the real cluster: from a manifest to a file, and through every mishap."""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from builds import Builds, condition, patiently, unique_deck
from surroundings import REPOSITORY
from venture_core.artifacts.compile import compile_artifact
from venture_core.artifacts.documents import parse_ir
from venture_core.artifacts.gates import GateSettings
from venture_core.canonical import canonical_json
from venture_core.kubernetes.resources import (
    ARTIFACT_BUILDS,
    JOBS,
    PODS,
    SECRETS,
    Resource,
)

if TYPE_CHECKING:
    from venture_core.kubernetes.client import KubernetesClient
    from worknamespace import WorkNamespace

type Body = dict[str, Any]
type Kubectl = Callable[..., str]

QUOTAS = Resource("", "v1", "resourcequotas", "ResourceQuota")


def test_the_examples_become_ready_as_they_stand(kubectl: Kubectl) -> None:
    decks = sorted((REPOSITORY / "examples").glob("*-deck.yaml"))
    kubectl("apply", "--validate=strict", *(f"--filename={path}" for path in decks))
    builds = [f"artifactbuild/{path.stem}" for path in decks]
    kubectl("wait", "--for=condition=Ready", *builds, "--timeout=120s")
    table = kubectl("get", "ab").splitlines()
    assert table[0].split() == ["NAME", "TARGET", "PHASE", "SIZE", "CACHE", "REASON", "AGE"]
    assert ["board-deck", "Pptx", "Ready"] in [line.split()[:3] for line in table]
    assert "artifactbuild" in kubectl("get", "venture", "-o", "name")
    kubectl("wait", "--for=condition=Succeeded", "ab/board-deck", "--timeout=5s")


async def test_the_job_makes_the_same_bytes_as_this_machine(builds: Builds) -> None:
    manifest = yaml.safe_load((REPOSITORY / "examples" / "board-deck.yaml").read_text())
    document = manifest["spec"]["source"]["inline"]
    here = compile_artifact(
        ir=parse_ir(canonical_json(document)), assets={}, gates=GateSettings(), target="Pptx"
    )
    # `retry` builds past the cache: what is compared was built now, by a Job.
    await builds.create("board-deck", source={"inline": document}, retry="anew")
    ready = await builds.until("board-deck", "Ready")
    assert ready["status"]["cacheHit"] is False
    assert ready["status"]["artifact"]["sha256"] == here.sha256
    assert here.sha256 == hashlib.sha256(here.data).hexdigest()


async def test_a_second_build_is_a_cache_hit_and_starts_no_job(
    builds: Builds, work: WorkNamespace
) -> None:
    source = {"inline": unique_deck()}
    await builds.create("first", source=source)
    await builds.until("first", "Ready")
    await builds.create("second", source=source)
    second = await builds.until("second", "Ready")
    assert second["status"]["cacheHit"] is True
    assert len(await work.children(JOBS)) == 1


async def test_the_compile_pod_is_restricted_and_goes_with_its_build(
    builds: Builds, work: WorkNamespace
) -> None:
    await builds.create("deck")
    await builds.until("deck", "Ready")
    (pod,) = await work.children(PODS)
    assert pod["spec"]["automountServiceAccountToken"] is False
    assert pod["spec"]["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True
    assert "serviceAccountToken" not in json.dumps(pod["spec"]["volumes"])
    assert len(await work.children(SECRETS)) == 1
    for resource in (JOBS, PODS):
        assert await builds.client.list(resource, builds.namespace) == []

    await builds.client.delete(ARTIFACT_BUILDS, "deck", builds.namespace)
    for resource in (JOBS, PODS, SECRETS):
        await patiently(partial(work.children, resource), lambda found: found == [])


async def test_a_failed_gate_names_slide_and_element(builds: Builds) -> None:
    document = unique_deck()
    document["slides"].append(
        {
            "type": "bullets",
            "title": "Too much",
            "bullets": [{"text": "word " * 39} for _ in range(12)],
        }
    )
    await builds.create("crowded", source={"inline": document})
    stalled = await builds.until("crowded", "Stalled")
    assert condition(stalled, "Stalled")["reason"] == "GateFailed"
    findings = [
        finding
        for gate in stalled["status"]["gates"]
        if gate["name"] == "overflow"
        for finding in gate["findings"]
    ]
    assert findings[0]["slide"] == 2
    assert "bullets" in findings[0]["element"]


async def test_bad_documents_stall_with_the_pointer(builds: Builds) -> None:
    document = unique_deck() | {"slides": [{"type": "chart", "title": "No chart"}]}
    await builds.create("bad", source={"inline": document})
    stalled = await builds.until("bad", "Stalled")
    assert condition(stalled, "Stalled")["reason"] == "InvalidDocument"
    assert "/slides/0/chart" in condition(stalled, "Stalled")["message"]


async def test_a_deleted_job_is_replaced(
    builds: Builds, client: KubernetesClient, work: WorkNamespace
) -> None:
    await builds.create("deck", source={"inline": unique_deck(60)})
    body = await patiently(lambda: builds.get("deck"), lambda body: "job" in body.get("status", {}))
    await client.delete(JOBS, body["status"]["job"]["name"], work.name)
    ready = await builds.until("deck", "Ready", within_seconds=90)
    assert ready["status"]["job"]["attempt"] in {1, 2}
    assert len(await work.children(JOBS)) == 1


async def test_a_lost_pod_is_a_clear_condition_and_another_attempt(
    builds: Builds, kubectl: Kubectl, work: WorkNamespace
) -> None:
    """On a cordoned node the pod waits, so that it can be lost at leisure."""
    (node,) = kubectl("get", "nodes", "-o", "name").split()
    kubectl("cordon", node)
    try:
        await builds.create("deck")
        waiting = await patiently(
            lambda: builds.get("deck"),
            lambda body: "Unschedulable" in condition(body, "Reconciling").get("message", ""),
        )
        assert waiting["status"]["phase"] == "Compiling"
        assert condition(waiting, "Reconciling")["reason"] == "WaitingForPod"
        (pod,) = await work.children(PODS)
        name = pod["metadata"]["name"]
        kubectl("-n", work.name, "delete", "pod", name, "--force", "--grace-period=0")
        retried = await patiently(
            lambda: builds.get("deck"), lambda body: body["status"].get("failures") == 1
        )
        assert condition(retried, "Reconciling")["reason"] == "PodLost"
    finally:
        kubectl("uncordon", node)
    ready = await builds.until("deck", "Ready")
    assert ready["status"]["job"]["attempt"] == 2
    assert len(await work.children(JOBS)) == 1


async def test_a_job_without_a_pod_says_why_and_goes_on_when_that_is_mended(
    builds: Builds, client: KubernetesClient, work: WorkNamespace
) -> None:
    """A quota keeps the Job from getting its pod, for longer than the document may take."""
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": builds.namespace}}
    await client.create(QUOTAS, quota | {"spec": {"hard": {"pods": "0"}}}, work.name)
    try:
        await builds.create("deck", timeoutSeconds=10)
        waiting = await patiently(
            lambda: builds.get("deck"),
            lambda body: "FailedCreate" in condition(body, "Reconciling").get("message", ""),
        )
        assert condition(waiting, "Reconciling")["reason"] == "WaitingForPod"
        assert "exceeded quota" in condition(waiting, "Reconciling")["message"]
        created = datetime.fromisoformat(waiting["metadata"]["creationTimestamp"])

        async def seconds() -> float:
            return (datetime.now(UTC) - created).total_seconds()

        await patiently(seconds, lambda passed: passed > 12)
    finally:
        await client.delete(QUOTAS, builds.namespace, work.name)
    ready = await builds.until("deck", "Ready", within_seconds=120)
    assert ready["status"].get("failures", 0) == 0


@pytest.mark.parametrize("field", ["target", "source", "timeoutSeconds"])
def test_a_bad_manifest_is_refused_with_a_sentence(kubectl: Kubectl, field: str) -> None:
    spec = {
        "target": {"target": "Docm", "source": {"inline": {}}},
        "source": {"target": "Pptx", "source": {}},
        "timeoutSeconds": {"target": "Pptx", "source": {"inline": {}}, "timeoutSeconds": 5},
    }[field]
    body = {
        "apiVersion": "venture.parpour.dev/v1alpha1",
        "kind": "ArtifactBuild",
        "metadata": {"name": "bad"},
        "spec": spec,
    }
    said = kubectl("apply", "-f", "-", stdin=json.dumps(body), fails=True)
    assert f"spec.{field}" in said
    expected = {
        "target": "supported values: ",
        "source": "must set exactly one of inline, configMapRef and objectRef",
        "timeoutSeconds": "should be greater than or equal to 10",
    }[field]
    assert expected in said
