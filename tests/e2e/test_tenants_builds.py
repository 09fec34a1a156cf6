"""What a tenant does to objects of their own, to have foreign bytes signed or others harmed."""

import json
from typing import TYPE_CHECKING, Any

import pytest
from builds import Builds, condition, patiently, unique_deck
from forgeddecks import honest_digest
from venture_core.kubernetes.resources import ARTIFACT_BUILDS, JOBS, PODS, SECRETS
from venture_crds.v1alpha1.artifactbuild import ArtifactBuild
from venture_operator.kinds.artifactbuild.plans import job_name
from worknamespace import WorkNamespace

if TYPE_CHECKING:
    from tenants import Tenant
    from venture_core.kubernetes.client import KubernetesClient

type Body = dict[str, Any]

OWNER_UID = "venture.parpour.dev/owner-uid"


@pytest.fixture
def theirs(client: KubernetesClient, mallory: Tenant) -> Builds:
    return Builds(client, mallory.namespace)


@pytest.fixture
def victims(client: KubernetesClient, alice: Tenant) -> Builds:
    return Builds(client, alice.namespace)


def build(name: str, document: Body, **metadata: object) -> Body:
    return {
        "apiVersion": ARTIFACT_BUILDS.api_version,
        "kind": ARTIFACT_BUILDS.kind,
        "metadata": {"name": name, **metadata},
        "spec": {"target": "Pptx", "source": {"inline": document}},
    }


async def jobs_of(work: WorkNamespace, builds: Builds, uid: str) -> list[Body]:
    """Return the Jobs of one build of a tenant."""
    there = WorkNamespace(builds.client, work.name, builds.namespace)
    return [
        job for job in await there.children(JOBS) if job["metadata"]["labels"][OWNER_UID] == uid
    ]


async def test_input_made_beforehand_under_the_expected_name_is_not_read(
    theirs: Builds, mallory: Tenant
) -> None:
    """A Secret and a ConfigMap, labelled as ours, where the Job's input would once have been."""
    document = unique_deck()
    made = await theirs.create("squatted", source={"inline": document}, suspend=True)
    name = job_name(ArtifactBuild.model_validate(await theirs.get("squatted")), 1)
    labels = {"app.kubernetes.io/managed-by": "venture-orchestrator"}
    labels |= {"venture.parpour.dev/owner": "squatted", OWNER_UID: made["metadata"]["uid"]}
    for kind in ("Secret", "ConfigMap"):
        forged = json.dumps({"upload": {"url": "http://mallory.example", "fields": {}}})
        data = {"stringData" if kind == "Secret" else "data": {"request.json": forged}}
        metadata = {"name": name, "labels": labels}
        mallory.create({"apiVersion": "v1", "kind": kind, "metadata": metadata, **data})
    mallory.patch("artifactbuild", "squatted", {"spec": {"suspend": False}})
    ready = await theirs.until("squatted", "Ready")
    assert ready["status"]["artifact"]["sha256"] == honest_digest(document)
    assert ready["status"]["job"]["attempt"] == 1


async def test_labels_and_annotations_of_a_build_decide_nothing(
    theirs: Builds, victims: Builds, mallory: Tenant, work: WorkNamespace
) -> None:
    """Set at its creation, and changed after its Job was started."""
    document = unique_deck()
    neighbour = await victims.create("relabelled", suspend=True)
    forged: Body = {
        "labels": {
            "venture.parpour.dev/owner": "relabelled",
            "venture.parpour.dev/owner-kind": "ArtifactBuild",
            "venture.parpour.dev/owner-namespace": victims.namespace,
            OWNER_UID: neighbour["metadata"]["uid"],
            "app.kubernetes.io/managed-by": "venture-orchestrator",
        },
        "annotations": {
            "venture.parpour.dev/cache-key": f"sha256:{'0' * 64}",
            "venture.parpour.dev/document-sha256": "0" * 64,
        },
    }
    mallory.create(build("relabelled", document, **forged))
    started = await patiently(
        lambda: theirs.get("relabelled"), lambda body: bool(body.get("status", {}).get("job"))
    )
    forged["annotations"]["venture.parpour.dev/attempt"] = "7"
    mallory.patch("artifactbuild", "relabelled", {"metadata": forged})
    ready = await theirs.until("relabelled", "Ready")
    assert ready["status"]["artifact"]["sha256"] == honest_digest(document)
    assert ready["status"]["cacheKey"] == started["status"]["cacheKey"]
    (job,) = await jobs_of(work, theirs, ready["metadata"]["uid"])
    assert job["metadata"]["labels"]["venture.parpour.dev/owner-namespace"] == theirs.namespace
    assert await jobs_of(work, victims, neighbour["metadata"]["uid"]) == []
    assert "job" not in (await victims.get("relabelled"))["status"]


async def test_a_neighbours_object_as_owner_holds_it_in_no_way(
    theirs: Builds, victims: Builds, mallory: Tenant, client: KubernetesClient
) -> None:
    """Owners of another namespace do not count: the garbage collector takes who names one."""
    neighbour = await victims.create("owned", suspend=True)
    owner = {
        "apiVersion": ARTIFACT_BUILDS.api_version,
        "kind": ARTIFACT_BUILDS.kind,
        "name": "owned",
        "uid": neighbour["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    mallory.create(build("claims", unique_deck(), ownerReferences=[owner]))
    await patiently(
        lambda: client.get(ARTIFACT_BUILDS, "claims", theirs.namespace), lambda body: body is None
    )
    assert (await victims.get("owned"))["metadata"]["uid"] == neighbour["metadata"]["uid"]
    path = ARTIFACT_BUILDS.path(victims.namespace, "owned")
    options = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Foreground"}
    await client.request("DELETE", ARTIFACT_BUILDS.plural, path, body=options)
    await patiently(
        lambda: client.get(ARTIFACT_BUILDS, "owned", victims.namespace), lambda body: body is None
    )


async def test_a_finalizer_keeps_the_object_and_nothing_else(
    theirs: Builds, mallory: Tenant, work: WorkNamespace, client: KubernetesClient
) -> None:
    mallory.create(build("held", unique_deck(), finalizers=["mallory.example.com/never"]))
    try:
        body = await patiently(
            lambda: theirs.get("held"), lambda seen: bool(seen.get("status", {}).get("job"))
        )
        mallory.run("delete", "artifactbuild", "held", "--wait=false")
        uid, name = body["metadata"]["uid"], body["status"]["job"]["name"]
        await patiently(lambda: jobs_of(work, theirs, uid), lambda jobs: jobs == [])

        async def left() -> list[str]:
            found = [
                each for kind in (SECRETS, PODS) for each in await client.list(kind, work.name)
            ]
            return [each["metadata"]["name"] for each in found if name in each["metadata"]["name"]]

        await patiently(left, lambda names: names == [])
        assert (await theirs.get("held"))["metadata"]["deletionTimestamp"]
    finally:
        # Nobody could delete the definition, nor the namespace, while it is there.
        mallory.patch("artifactbuild", "held", {"metadata": {"finalizers": None}})
    await patiently(
        lambda: client.get(ARTIFACT_BUILDS, "held", theirs.namespace), lambda seen: seen is None
    )


async def test_a_document_in_a_neighbours_config_map_is_not_found(
    theirs: Builds, mallory: Tenant, alice: Tenant
) -> None:
    document = {"ir.json": json.dumps(unique_deck())}
    metadata = {"name": "plans"}
    alice.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": document})
    reference = {"configMapRef": {"name": "plans", "key": "ir.json"}}
    foreign = build("reads-neighbour", {})
    foreign["spec"]["source"] = reference
    mallory.create(foreign)
    body = await theirs.until("reads-neighbour", "Reconciling")
    told = condition(body, "Reconciling")
    assert told["reason"] == "SourceNotFound"
    assert told["message"].startswith(
        f"there is no ConfigMap plans with the key ir.json in {theirs.namespace} yet"
    )

    foreign["metadata"]["name"] = "climbs"
    foreign["spec"]["source"] = {
        "configMapRef": {"name": f"../{alice.namespace}/plans", "key": "k"}
    }
    assert "spec.source.configMapRef.name" in mallory.create(foreign, fails=True)


async def test_a_neighbours_bytes_are_never_served_from_the_cache(
    theirs: Builds, victims: Builds, mallory: Tenant, work: WorkNamespace
) -> None:
    """Whoever knows a document does not learn whether somebody built it, and builds it anew.

    The names are equal, too: Jobs of equal names would be one.
    """
    document = unique_deck()
    await victims.create("same", source={"inline": document})
    first = await victims.until("same", "Ready")
    mallory.create(build("same", document))
    second = await theirs.until("same", "Ready")
    assert second["status"]["cacheHit"] is False
    assert second["status"]["artifact"] == first["status"]["artifact"]
    assert second["status"]["provenance"]["uri"] != first["status"]["provenance"]["uri"]
    (job,) = await jobs_of(work, theirs, second["metadata"]["uid"])
    (other,) = await jobs_of(work, victims, first["metadata"]["uid"])
    assert job["metadata"]["name"] != other["metadata"]["name"]


async def test_what_is_compiled_cannot_be_changed_while_it_is(
    theirs: Builds, mallory: Tenant
) -> None:
    mallory.create(build("changing", unique_deck()))
    for change in (
        {"source": {"inline": unique_deck()}},
        {"target": "Docx"},
        {"gates": {"contrast": False}},
        {"assets": [{"name": "logo", "objectRef": {"key": "logo", "sha256": "0" * 64}}]},
    ):
        said = mallory.patch("artifactbuild", "changing", {"spec": change}, fails=True)
        assert "spec" in said
        assert "is invalid" in said
    await theirs.until("changing", "Ready")
