"""How ArtifactBuilds wait for their turn, are deleted, expire, and leave nothing behind."""

import json
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import asyncpg
import pytest
from builds import Builds, condition, patiently, unique_deck
from kubelet import upload
from recordedevents import recorded_events
from venture_core.kubernetes.resources import ARTIFACT_BUILDS, JOBS
from venture_operator.builders.job import PodSettings
from venture_operator.domain.references import Reference
from venture_operator.kinds.artifactbuild.bucket import STAGING_KEPT_FOR, Bucket
from venture_operator.kinds.artifactbuild.compilejob import compile_job
from venture_operator.kinds.artifactbuild.wiring import SWEEP_EVERY_ROUNDS
from venture_operator.settings import OperatorSettings

if TYPE_CHECKING:
    from kubelet import Kubelet
    from operatorprocess import OperatorProcess
    from pydantic import SecretStr
    from s3server import S3Server
    from venture_core.kubernetes.client import KubernetesClient
    from venture_core.objectstore import ObjectStore

type Body = dict[str, Any]


@pytest.fixture
def operator_settings() -> dict[str, str]:
    labels = {"example.com/team": "platform", "venture.parpour.dev/owner": "nobody"}
    return {"jobs_at_once": "1", "compiler_labels": json.dumps(labels)}


async def next_job(kubelet: Kubelet, owner: str) -> Body:
    """Wait until the build of that name has a Job with its input."""

    async def found() -> Body | None:
        for job in await kubelet.jobs():
            if job["metadata"]["labels"]["venture.parpour.dev/owner"] == owner:
                try:
                    await kubelet.input_of(job)
                except AssertionError:
                    return None
                return job
        return None

    job = await patiently(found, lambda seen: seen is not None)
    assert job is not None
    return job


async def told(database: SecretStr, uid: str) -> list[str]:
    """Return the types of the events about a build, in their order."""
    events = await recorded_events(database)
    prefix = "artifact.build."
    return [
        each["event_type"].removeprefix(prefix) for each in events if each["payload"]["uid"] == uid
    ]


@pytest.mark.usefixtures("operator")
async def test_over_the_cap_a_build_says_that_it_waits_for_its_turn(
    builds: Builds, kubelet: Kubelet
) -> None:
    await builds.create("first")
    first = await next_job(kubelet, "first")
    await builds.create("second")
    queued = await builds.until("second", "Reconciling")
    assert condition(queued, "Reconciling")["reason"] == "Queued"
    assert queued["status"]["phase"] == "Pending"
    assert "job" not in queued["status"]

    await kubelet.succeed(first, b"first")
    await kubelet.succeed(await next_job(kubelet, "second"), b"second")
    await builds.until("second", "Ready")


@pytest.mark.usefixtures("operator")
async def test_the_end_of_a_build_is_recorded_and_its_job_goes(
    builds: Builds, kubelet: Kubelet, client: KubernetesClient, database: SecretStr
) -> None:
    body = await builds.create("deck")
    job = await next_job(kubelet, "deck")
    # What the installation gives every Job besides; it takes the place of no label of ours.
    for labelled in (job, job["spec"]["template"]):
        assert labelled["metadata"]["labels"]["example.com/team"] == "platform"
    await client.delete(ARTIFACT_BUILDS, "deck", builds.namespace)
    await patiently(kubelet.jobs, lambda jobs: jobs == [])
    uid = body["metadata"]["uid"]
    story = await patiently(lambda: told(database, uid), lambda seen: "deleted.v1" in seen)
    assert story == ["requested.v1", "started.v1", "deleted.v1"]

    await builds.create("deck")
    await kubelet.succeed(await next_job(kubelet, "deck"), b"its place is free again")
    await builds.until("deck", "Ready")


@pytest.mark.usefixtures("operator")
async def test_a_deleted_build_that_a_finalizer_holds_keeps_no_job_and_no_place(
    builds: Builds, kubelet: Kubelet, client: KubernetesClient, database: SecretStr
) -> None:
    """Else a few builds that never go would take every place there is, for ever."""
    body = await builds.create("held")
    await next_job(kubelet, "held")
    held = {"metadata": {"finalizers": ["tenant.example.com/never"]}}
    await client.patch(ARTIFACT_BUILDS, "held", held, builds.namespace)
    await client.delete(ARTIFACT_BUILDS, "held", builds.namespace)
    await builds.create("next")
    await kubelet.succeed(await next_job(kubelet, "next"), b"its place is free")
    await builds.until("next", "Ready")
    owners = [
        job["metadata"]["labels"]["venture.parpour.dev/owner"] for job in await kubelet.jobs()
    ]
    assert owners == ["next"]
    assert "deleted.v1" not in await told(database, body["metadata"]["uid"])

    let_go: Body = {"metadata": {"finalizers": None}}
    await client.patch(ARTIFACT_BUILDS, "held", let_go, builds.namespace)
    story = await patiently(
        lambda: told(database, body["metadata"]["uid"]), lambda seen: "deleted.v1" in seen
    )
    assert story == ["requested.v1", "started.v1", "deleted.v1"]


async def test_what_was_deleted_while_nobody_watched_is_recorded_all_the_same(
    operator: OperatorProcess,
    builds: Builds,
    kubelet: Kubelet,
    client: KubernetesClient,
    database: SecretStr,
) -> None:
    """Of two builds one goes while no operator runs, and comes again under its name."""
    # One after the other: with one place, which of two gets it first is the operator's choice.
    made = {}
    for name in ("gone", "stays"):
        made[name] = await builds.create(name)
        await kubelet.succeed(await next_job(kubelet, name), name.encode())
        await builds.until(name, "Ready")
    await operator.terminate()
    await client.delete(ARTIFACT_BUILDS, "gone", builds.namespace)
    again = await builds.create("gone", suspend=True)
    await show(database, *made.values())
    await operator.start()

    uid = made["gone"]["metadata"]["uid"]
    story = await patiently(lambda: told(database, uid), lambda seen: "deleted.v1" in seen)
    assert story[-2:] == ["completed.v1", "deleted.v1"]
    await builds.until("gone", "Ready", "Unknown")
    for living in (made["stays"], again):
        assert "deleted.v1" not in await told(database, living["metadata"]["uid"])


async def show(database: SecretStr, *bodies: Body) -> None:
    """Do the projector's part: have the read model show builds that are Ready."""
    connection = await asyncpg.connect(database.get_secret_value())
    try:
        for body in bodies:
            metadata = body["metadata"]
            await connection.execute(
                "INSERT INTO projection.artifacts (uid, workflow_id, namespace, name, generation, "
                "phase, attempt, gates, last_event_id, last_event_seq, last_log_index) "
                "VALUES ($1, $1, $2, $3, 1, 'Ready', 1, '[]', $1, 4, 1)",
                metadata["uid"],
                metadata["namespace"],
                metadata["name"],
            )
    finally:
        await connection.close()


@pytest.mark.usefixtures("operator")
async def test_a_job_whose_owner_is_gone_is_swept(
    client: KubernetesClient, work_namespace: str, builds: Builds, kubelet: Kubelet
) -> None:
    """What an operator leaves that died between a deletion and its consequences."""
    stays = await builds.create("stays")
    await next_job(kubelet, "stays")
    for name, uid in (("gone", "5b3f0d8e-0000-4000-8000-000000000009"), ("stays", "another")):
        owner = Reference("ArtifactBuild", builds.namespace, name, uid)
        orphan = compile_job(
            owner,
            name=f"{name}-orphan",
            namespace=work_namespace,
            deadline_seconds=60,
            pod=PodSettings(image="x"),
        )
        await client.create(JOBS, orphan, work_namespace)
    left = await patiently(kubelet.jobs, lambda jobs: len(jobs) == 1)
    labels = left[0]["metadata"]["labels"]
    assert labels["venture.parpour.dev/owner-uid"] == stays["metadata"]["uid"]


@pytest.mark.usefixtures("operator")
async def test_a_finished_build_expires_and_its_artifact_stays(
    builds: Builds,
    kubelet: Kubelet,
    client: KubernetesClient,
    store: ObjectStore,
    database: SecretStr,
) -> None:
    body = await builds.create("deck", ttlSecondsAfterFinished=3)
    await kubelet.succeed(await next_job(kubelet, "deck"), b"it stays")
    ready = await builds.until("deck", "Ready")
    await patiently(
        lambda: client.get(ARTIFACT_BUILDS, "deck", builds.namespace), lambda found: found is None
    )
    key = f"artifacts/sha256/{ready['status']['artifact']['sha256']}/artifact"
    assert await store.head(key) is not None
    uid = body["metadata"]["uid"]
    story = await patiently(lambda: told(database, uid), lambda seen: "deleted.v1" in seen)
    assert story[-2:] == ["completed.v1", "deleted.v1"]


@pytest.mark.usefixtures("operator")
async def test_what_is_uploaded_after_the_result_changes_nothing(
    builds: Builds, kubelet: Kubelet, store: ObjectStore
) -> None:
    """The form lives on for a while: whoever kept it may use it, without effect."""
    await builds.create("deck")
    job = await next_job(kubelet, "deck")
    request = await kubelet.input_of(job)
    await kubelet.succeed(job, b"honest bytes")
    ready = await builds.until("deck", "Ready")
    assert (await upload(request, b"foreign bytes")).is_success
    key = f"artifacts/sha256/{ready['status']['artifact']['sha256']}/artifact"
    assert await store.get(key, max_bytes=100) == b"honest bytes"
    await builds.create("again", source={"inline": unique_deck()})
    await kubelet.succeed(await next_job(kubelet, "again"), b"other bytes")
    await builds.until("again", "Ready")
    assert await store.get(key, max_bytes=100) == b"honest bytes"


@pytest.mark.usefixtures("operator")
async def test_what_was_published_before_the_status_said_so_is_not_missed(
    builds: Builds, client: KubernetesClient, kubelet: Kubelet, database: SecretStr
) -> None:
    """An operator that is killed then has deleted the upload that its successor looks for."""
    uid = (await builds.create("deck"))["metadata"]["uid"]
    job = await next_job(kubelet, "deck")
    before = (await builds.get("deck"))["status"]
    await kubelet.succeed(job, b"a deck")
    ready = await builds.until("deck", "Ready")
    forgotten = {name: before.get(name) for name in (*before, *ready["status"])}
    await client.patch(
        ARTIFACT_BUILDS, "deck", {"status": forgotten}, builds.namespace, subresource="status"
    )
    await patiently(
        lambda: client.get(ARTIFACT_BUILDS, "deck", builds.namespace),
        lambda body: (
            int(body["metadata"]["resourceVersion"]) > int(ready["metadata"]["resourceVersion"]) + 1
            and condition(body, "Ready").get("status") == "True"
        ),
    )
    again = await builds.until("deck", "Ready")
    assert again["status"]["artifact"] == ready["status"]["artifact"]
    story = await told(database, uid)
    assert Counter(story) == Counter(["requested.v1", "started.v1", "gates.v1", "completed.v1"])


@pytest.mark.usefixtures("operator")
async def test_the_cache_of_one_namespace_does_not_serve_another(
    operator: OperatorProcess, builds: Builds, kubelet: Kubelet, store: ObjectStore
) -> None:
    del operator
    source = {"inline": unique_deck()}
    await builds.create("deck", source=source)
    await kubelet.succeed(await next_job(kubelet, "deck"), b"of this namespace")
    ready = await builds.until("deck", "Ready")
    name = ready["status"]["cacheKey"].removeprefix("sha256:")
    assert await store.head(f"cache/namespaces/{builds.namespace}/{name}.json") is not None
    assert await store.head(f"cache/all/{name}.json") is None


async def test_what_is_left_of_uploads_is_swept_within_the_hour(
    store: ObjectStore, s3_server: S3Server
) -> None:
    """An attempt that was killed between its upload and its end leaves hundreds of megabytes."""
    gone, working, young = (str(uuid4()) for _ in range(3))
    keys = [
        f"staging/{uid}/{name}" for uid in (gone, working, young) for name in ("1", "1.claimed")
    ]
    for key in keys:
        await store.put(key, b"an artifact", media_type="application/octet-stream")
    for key in keys[:4]:
        s3_server.make_older("venture", key, STAGING_KEPT_FOR + timedelta(seconds=1))
    await Bucket(store).sweep_staging({working}.__contains__)
    assert [key for key in keys if await store.head(key) is not None] == keys[2:]
    resync = timedelta(seconds=OperatorSettings.model_fields["resync_seconds"].default)
    assert STAGING_KEPT_FOR + SWEEP_EVERY_ROUNDS * resync < timedelta(hours=1)
