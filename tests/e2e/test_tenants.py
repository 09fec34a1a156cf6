"""What a tenant with plain `edit` in one namespace can do to another: nothing.

Each attack worked against Jobs that ran in the namespaces of users.
"""

from typing import TYPE_CHECKING, Any

import pytest
from builds import Builds, condition, patiently, unique_deck
from forgeddecks import forging, honest_digest
from venture_core.kubernetes.resources import JOBS, PODS, Resource
from venture_crds.v1alpha1.artifactbuild import ArtifactBuild
from venture_operator.builders.job import PodSettings
from venture_operator.domain.references import Reference
from venture_operator.kinds.artifactbuild.compilejob import compile_job
from venture_operator.kinds.artifactbuild.plans import job_name

if TYPE_CHECKING:
    from tenants import Tenant
    from venture_core.kubernetes.client import KubernetesClient
    from worknamespace import WorkNamespace

type Body = dict[str, Any]

QUOTAS = Resource("", "v1", "resourcequotas", "ResourceQuota")


async def compile_pod(work: WorkNamespace, builds: Builds) -> Body:
    """Build something, and return the spec of the pod that did it."""
    await builds.create("warm-up")
    await builds.until("warm-up", "Ready")
    (job,) = await work.children(JOBS)
    spec: Body = job["spec"]["template"]["spec"]
    return spec


@pytest.mark.timeout(300)
async def test_a_job_made_beforehand_under_the_expected_name_poisons_nothing(
    builds: Builds, client: KubernetesClient, work: WorkNamespace, mallory: Tenant
) -> None:
    template = forging(await compile_pod(work, builds))
    document = unique_deck()
    hostile = mallory.namespace
    theirs = Builds(client, hostile)
    body = await theirs.create("deck", source={"inline": document}, suspend=True)
    uid = body["metadata"]["uid"]
    owner = Reference("ArtifactBuild", hostile, "deck", uid)
    build = await theirs.get("deck")
    name = job_name(ArtifactBuild.model_validate(build), 1)
    job = compile_job(
        owner, name=name, namespace=hostile, deadline_seconds=300, pod=PodSettings(image="x")
    )
    job["spec"]["template"]["spec"] = template
    job["metadata"]["annotations"] = {"venture.parpour.dev/cache-key": "sha256:" + "0" * 64}
    job["metadata"]["ownerReferences"] = [
        {
            "apiVersion": body["apiVersion"],
            "kind": body["kind"],
            "name": "deck",
            "uid": uid,
            "controller": True,
        }
    ]
    mallory.create(job)
    mallory.create(job | {"metadata": {**job["metadata"], "namespace": work.name}}, fails=True)
    await patiently(
        lambda: client.get(JOBS, name, hostile),
        lambda made: made is not None and made.get("status", {}).get("succeeded") == 1,
        within_seconds=120,
    )
    await theirs.patch("deck", suspend=False)
    ready = await theirs.until("deck", "Ready", within_seconds=120)

    assert ready["status"]["artifact"]["sha256"] == honest_digest(document)
    assert ready["status"]["job"]["uid"] != (await _uid(client, name, hostile))
    await builds.create("victim", source={"inline": document})
    victim = await builds.until("victim", "Ready", within_seconds=120)
    assert victim["status"]["artifact"]["sha256"] == honest_digest(document)
    assert victim["status"]["cacheHit"] is False, "another tenant's build served this one"


@pytest.mark.timeout(300)
async def test_a_foreign_pod_with_our_labels_says_nothing_and_the_form_is_out_of_reach(
    builds: Builds, client: KubernetesClient, work: WorkNamespace, mallory: Tenant
) -> None:
    """A quota keeps the victim's Job waiting while the foreign pod ends with a result."""
    template = forging(await compile_pod(work, builds))
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": builds.namespace}}
    await client.create(QUOTAS, quota | {"spec": {"hard": {"pods": "0"}}}, work.name)
    document = unique_deck()
    try:
        await builds.create("victim", source={"inline": document})
        waiting = await patiently(
            lambda: builds.get("victim"),
            lambda body: condition(body, "Reconciling").get("reason") == "WaitingForPod",
        )
        job = await client.get(JOBS, waiting["status"]["job"]["name"], work.name)
        assert job is not None
        metadata = job["metadata"]
        owner = {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "name": metadata["name"],
            "uid": metadata["uid"],
            "controller": True,
        }
        labels = metadata["labels"] | {"batch.kubernetes.io/job-name": metadata["name"]}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "forger", "labels": labels}}
        # The garbage collector takes a pod whose owner is not in its namespace: first without.
        mallory.create(pod | {"spec": template})
        owned = {**pod["metadata"], "name": "owned", "ownerReferences": [owner]}
        mallory.create(pod | {"metadata": owned, "spec": template})
        mallory.create(pod | {"metadata": {**owned, "namespace": work.name}}, fails=True)
        await patiently(
            lambda: client.get(PODS, "forger", mallory.namespace),
            lambda body: body is not None and body["status"].get("phase") == "Succeeded",
        )
        still = await builds.get("victim")
        assert condition(still, "Reconciling")["reason"] == "WaitingForPod"
        for verb, resource in (
            ("get", "secrets"),
            ("list", "pods"),
            ("create", "pods/exec"),
            ("create", "jobs"),
            ("get", "configmaps"),
            ("create", "serviceaccounts/token"),
        ):
            assert not mallory.may(verb, resource, work.name), f"{verb} {resource}"
            assert mallory.may(verb, resource, mallory.namespace), "edit allows it at home"
    finally:
        await client.delete(QUOTAS, builds.namespace, work.name)
    ready = await builds.until("victim", "Ready", within_seconds=120)
    assert ready["status"]["artifact"]["sha256"] == honest_digest(document)
    assert ready["status"].get("failures", 0) == 0


async def _uid(client: KubernetesClient, name: str, namespace: str) -> str:
    job = await client.get(JOBS, name, namespace)
    assert job is not None
    return str(job["metadata"]["uid"])
