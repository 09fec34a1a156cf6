"""ArtifactBuilds on real servers: from the document to the signed artifact."""

import json
import secrets
from typing import TYPE_CHECKING

import asyncpg
import pytest
from artifactexamples import compiled_example, example
from builds import Builds, condition, deck, patiently
from venture_core.artifacts import provenance
from venture_core.artifacts.documents import parse_ir
from venture_core.artifacts.jobcontract import EXIT_TRANSIENT, Stage
from venture_core.canonical import canonical_json, sha256_hex
from venture_core.kubernetes.resources import CONFIG_MAPS, EVENTS, JOBS

if TYPE_CHECKING:
    from kubelet import Kubelet
    from operatorprocess import OperatorProcess
    from pydantic import SecretStr
    from venture_core.kubernetes.client import KubernetesClient
    from venture_core.objectstore import ObjectStore


async def test_a_build_becomes_ready_with_signed_provenance(
    operator: OperatorProcess,
    builds: Builds,
    kubelet: Kubelet,
    store: ObjectStore,
    client: KubernetesClient,
) -> None:
    await builds.create("deck")
    job = await kubelet.next_job()
    labels = job["metadata"]["labels"]
    assert labels["venture.parpour.dev/owner"] == "deck"
    assert labels["venture.parpour.dev/owner-namespace"] == builds.namespace
    assert await client.list(JOBS, builds.namespace) == []
    working = await builds.until("deck", "Reconciling")
    assert working["status"]["phase"] == "Compiling"

    await kubelet.succeed(job, b"a deck")
    ready = (await builds.until("deck", "Ready"))["status"]

    assert condition({"status": ready}, "Succeeded")["status"] == "True"
    assert condition({"status": ready}, "Reconciling")["status"] == "False"
    assert ready["observedGeneration"] == 1
    assert ready["cacheHit"] is False
    metadata = job["metadata"]
    assert ready["job"] == {"name": metadata["name"], "attempt": 1, "uid": metadata["uid"]}
    digest = ready["artifact"]["sha256"]
    artifact = f"artifacts/sha256/{digest}/artifact"
    assert ready["artifact"]["uri"] == f"s3://venture/{artifact}"
    assert await store.get(artifact, max_bytes=100) == b"a deck"

    keys = await builds.client.get(CONFIG_MAPS, "venture-signing-keys", builds.namespace)
    assert keys is not None
    key_id = ready["provenance"]["keyId"]
    trusted = {key_id: provenance.load_public_key(keys["data"][f"{key_id}.pem"])}
    envelope = await store.get(
        ready["provenance"]["uri"].removeprefix("s3://venture/"), max_bytes=100_000
    )
    statement = provenance.verify(envelope, artifact_sha256=digest, trusted=trusted)
    assert statement.predicate.build_definition.internal_parameters["cacheKey"] == ready["cacheKey"]

    uid = (await builds.get("deck"))["metadata"]["uid"]
    staged = await patiently(lambda: store.head(f"staging/{uid}/1"), lambda info: info is None)
    assert staged is None


@pytest.mark.parametrize("name", ["treasury-report", "order-board"])
async def test_pages_and_boards_become_ready_as_what_they_are(
    operator: OperatorProcess, builds: Builds, kubelet: Kubelet, name: str
) -> None:
    chosen, made = example(name), compiled_example(name)
    source = {"inline": json.loads(chosen.document)}
    await builds.create(name, target=chosen.target, source=source)
    job = await kubelet.next_job()
    await kubelet.succeed(job, made.data, media_type=made.media_type)
    artifact = (await builds.until(name, "Ready"))["status"]["artifact"]
    assert (artifact["sha256"], artifact["mediaType"]) == (made.sha256, made.media_type)


async def test_the_same_document_again_is_a_cache_hit_without_a_job(
    operator: OperatorProcess, builds: Builds, kubelet: Kubelet
) -> None:
    source = {"inline": deck("twice")}
    await builds.create("first", source=source)
    await kubelet.succeed(await kubelet.next_job(), b"twice")
    first = await builds.until("first", "Ready")

    await builds.create("second", source=source)
    second = await builds.until("second", "Ready")

    assert second["status"]["cacheHit"] is True
    assert second["status"]["artifact"] == first["status"]["artifact"]
    assert condition(second, "Ready")["reason"] == "CacheHit"
    assert "job" not in second["status"]
    assert len(await kubelet.jobs()) == 1


async def test_retry_builds_again_past_the_cache(
    operator: OperatorProcess, builds: Builds, kubelet: Kubelet
) -> None:
    await builds.create("deck")
    await kubelet.succeed(await kubelet.next_job(), b"same bytes")
    await builds.until("deck", "Ready")

    await builds.patch("deck", retry="again")
    await kubelet.succeed(await kubelet.next_job(2), b"same bytes")
    again = await patiently(
        lambda: builds.get("deck"), lambda body: body["status"].get("handledRetry") == "again"
    )
    again = await builds.until("deck", "Ready")

    assert again["status"]["job"]["attempt"] == 2
    assert again["status"]["cacheHit"] is False


async def test_builds_of_the_same_bytes_keep_statements_of_their_own(
    operator: OperatorProcess, builds: Builds, kubelet: Kubelet, store: ObjectStore
) -> None:
    source = {"inline": deck("shared")}
    await builds.create("one", source=source)
    await kubelet.succeed(await kubelet.next_job(), b"shared")
    one = (await builds.until("one", "Ready"))["status"]
    await builds.create("two", source=source, retry="anew")
    await kubelet.succeed(await kubelet.next_job(2), b"shared")
    two = (await builds.until("two", "Ready"))["status"]

    assert one["artifact"]["sha256"] == two["artifact"]["sha256"]
    for status in (one, two):
        key = status["provenance"]["uri"].removeprefix("s3://venture/")
        envelope = await store.get(key, max_bytes=100_000)
        assert sha256_hex(envelope) == status["provenance"]["sha256"]


async def test_other_bytes_for_the_same_key_are_an_alarm(
    operator: OperatorProcess, builds: Builds, kubelet: Kubelet
) -> None:
    await builds.create("deck")
    await kubelet.succeed(await kubelet.next_job(), b"some bytes")
    await builds.until("deck", "Ready")

    await builds.patch("deck", retry="again")
    await kubelet.succeed(await kubelet.next_job(2), b"other bytes")
    stalled = await builds.until("deck", "Stalled")

    assert condition(stalled, "Stalled")["reason"] == "NotReproducible"


async def test_suspend_stops_the_job_and_resuming_starts_another(
    operator: OperatorProcess, builds: Builds, kubelet: Kubelet
) -> None:
    await builds.create("deck")
    first = await kubelet.next_job()
    await builds.until("deck", "Reconciling")
    await builds.patch("deck", suspend=True)
    suspended = await patiently(
        lambda: builds.get("deck"), lambda body: body["status"]["phase"] == "Suspended"
    )
    assert condition(suspended, "Reconciling")["status"] == "False"
    await patiently(kubelet.jobs, lambda jobs: jobs == [])

    await builds.patch("deck", suspend=False)
    second = await kubelet.next_job()
    assert second["metadata"]["name"] != first["metadata"]["name"]
    await kubelet.succeed(second, b"resumed")
    ready = await builds.until("deck", "Ready")
    assert ready["status"].get("failures", 0) == 0


async def test_a_config_map_may_come_later(
    operator: OperatorProcess, builds: Builds, kubelet: Kubelet, client: KubernetesClient
) -> None:
    await builds.create("deck", source={"configMapRef": {"name": "ir", "key": "ir.json"}})
    waiting = await builds.until("deck", "Reconciling")
    assert condition(waiting, "Reconciling")["reason"] == "SourceNotFound"

    document = canonical_json(deck("from a ConfigMap")).decode()
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "ir"}}
    await client.create(CONFIG_MAPS, body | {"data": {"ir.json": document}}, builds.namespace)
    await kubelet.succeed(await kubelet.next_job(), b"late")
    await builds.until("deck", "Ready")


async def test_a_theme_is_laid_under_documents_and_is_part_of_what_is_signed(
    operator: OperatorProcess, builds: Builds, kubelet: Kubelet, client: KubernetesClient
) -> None:
    """It may come later; one that cannot be read stalls, and says which colours."""
    document = deck("in the house's colours")
    theme = {"configMapRef": {"name": "house", "key": "theme.json"}}
    await builds.create("deck", source={"inline": document}, theme=theme)
    waiting = await builds.until("deck", "Reconciling")
    assert condition(waiting, "Reconciling")["reason"] == "ThemeNotFound"

    house = {"version": 1, "palette": "Ember", "footer": "Larkfield"}
    pale = {"version": 1, "colors": {"text": "#EEEEEE"}}
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "house"}}
    data = {"theme.json": json.dumps(house), "pale.json": json.dumps(pale)}
    await client.create(CONFIG_MAPS, body | {"data": data}, builds.namespace)
    job = await kubelet.next_job()
    themed = document | {"theme": {"palette": "Ember"}, "footer": {"text": "Larkfield"}}
    given = await kubelet.document_of(job)
    assert parse_ir(given) == parse_ir(canonical_json(themed))
    await kubelet.succeed(job, b"themed")
    ready = await builds.until("deck", "Ready")
    assert ready["status"]["documentSha256"] == sha256_hex(given)

    theme["configMapRef"]["key"] = "pale.json"
    await builds.create("pale", source={"inline": document}, theme=theme)
    stalled = await builds.until("pale", "Stalled")
    assert condition(stalled, "Stalled")["reason"] == "InvalidTheme"
    assert "text on background, #EEEEEE on #FFFFFF" in condition(stalled, "Stalled")["message"]


async def test_a_thumbnail_is_kept_beside_its_artifact_and_serves_cache_hits(
    operator: OperatorProcess, builds: Builds, kubelet: Kubelet, store: ObjectStore
) -> None:
    """A build does not fail for one that is not what its Job reported: it has none."""
    body = deck("with a picture")
    await builds.create("deck", source={"inline": body})
    png = b"\x89PNG\r\n\x1a\n" + secrets.token_bytes(100)
    await kubelet.succeed(await kubelet.next_job(), b"a deck", thumbnail=png)
    ready = (await builds.until("deck", "Ready"))["status"]
    key = ready["thumbnail"]["uri"].removeprefix(store.uri(""))
    assert key == ready["provenance"]["uri"].removeprefix(store.uri("")).replace(
        ".intoto.json", ".png"
    )
    assert await store.get(key, max_bytes=1000) == png
    assert ready["thumbnail"] | {"uri": ""} == {
        "uri": "",
        "sha256": sha256_hex(png),
        "sizeBytes": len(png),
    }
    await builds.create("again", source={"inline": body})
    hit = (await builds.until("again", "Ready"))["status"]
    assert (hit["cache"], hit["thumbnail"]) == ("Hit", ready["thumbnail"])

    for number, (sent, told) in enumerate(((png, png + b"!"), (b"GIF89a", None)), start=2):
        await builds.create(f"liar-{number}")
        job = await kubelet.next_job(number)
        await kubelet.succeed(job, b"%d" % number, thumbnail=sent, drawn=told)
        status = (await builds.until(f"liar-{number}", "Ready"))["status"]
        assert "thumbnail" not in status


async def test_documents_in_s3_are_pinned_and_confined_to_the_namespace(
    operator: OperatorProcess, builds: Builds, kubelet: Kubelet, store: ObjectStore
) -> None:
    document = canonical_json(deck("in S3"))
    digest = sha256_hex(document)
    await store.put(f"inputs/{builds.namespace}/ir/deck.json", document, media_type="text/plain")
    await builds.create("deck", source={"objectRef": {"key": "ir/deck.json", "sha256": digest}})
    await kubelet.succeed(await kubelet.next_job(), b"from S3")
    await builds.until("deck", "Ready")

    wrong = {"objectRef": {"key": "ir/deck.json", "sha256": "0" * 64}}
    await builds.create("wrong", source=wrong)
    stalled = await builds.until("wrong", "Stalled")
    assert condition(stalled, "Stalled")["reason"] == "SourceDigestMismatch"

    await store.put("elsewhere.json", document, media_type="text/plain")
    outside = {"objectRef": {"key": "elsewhere.json", "sha256": digest}}
    await builds.create("outside", source=outside)
    waiting = await builds.until("outside", "Reconciling")
    assert condition(waiting, "Reconciling")["reason"] == "SourceNotFound"


async def test_transitions_are_told_as_events(
    operator: OperatorProcess, builds: Builds, kubelet: Kubelet, client: KubernetesClient
) -> None:
    await builds.create("deck")
    await kubelet.succeed(await kubelet.next_job(), b"deck")
    await builds.until("deck", "Ready")

    async def reasons() -> list[str]:
        return [event["reason"] for event in await client.list(EVENTS, builds.namespace)]

    assert sorted(await patiently(reasons, lambda seen: len(seen) >= 2)) == ["Built", "Compiling"]


async def test_metrics_and_probes_answer(operator: OperatorProcess, builds: Builds) -> None:
    await builds.create("deck")
    await patiently(
        lambda: builds.get("deck"),
        lambda body: bool(body.get("status", {}).get("job", {}).get("uid")),
    )
    assert (await operator.get("/healthz"))[0] == 200
    _, text = await operator.get("/metrics")
    for expected in (
        'venture_jobs_created_total{kind="ArtifactBuild"} 1.0',
        'venture_queue_depth{kind="ArtifactBuild"}',
        'venture_reconcile_seconds_count{kind="ArtifactBuild",outcome="requeued"}',
        'venture_kubernetes_requests_total{code="201",resource="jobs",verb="POST"} 1.0',
    ):
        assert expected in text


async def recorded(database: SecretStr) -> list[tuple[str, dict[str, object]]]:
    """Return type and payload of what the record holds, in the order of its chains."""
    connection = await asyncpg.connect(database.get_secret_value())
    try:
        rows = await connection.fetch(
            "SELECT canonical FROM record.events ORDER BY workflow_id, seq"
        )
    finally:
        await connection.close()
    events = [json.loads(row["canonical"]) for row in rows]
    return [(event["event_type"], event["payload"]) for event in events]


async def test_a_build_leaves_its_story_in_the_record_once(
    operator: OperatorProcess,
    builds: Builds,
    kubelet: Kubelet,
    database: SecretStr,
    store: ObjectStore,
) -> None:
    await builds.create("deck")
    first = await kubelet.next_job()
    await kubelet.fail(first, exit_code=EXIT_TRANSIENT, stage=Stage.EXPORT, reason="UploadFailed")
    await patiently(lambda: builds.get("deck"), lambda body: body["status"].get("failures") == 1)
    second = await patiently(
        kubelet.jobs,
        lambda jobs: len(jobs) == 1 and jobs[0]["metadata"]["name"] != first["metadata"]["name"],
    )
    await patiently(lambda: kubelet.has_input(second[0]), bool)
    await kubelet.succeed(second[0], b"deck")
    ready = (await builds.until("deck", "Ready"))["status"]

    story = await recorded(database)
    assert [kind.removeprefix("artifact.build.") for kind, _ in story] == [
        "requested.v1",
        "started.v1",
        "retrying.v1",
        "started.v1",
        "gates.v1",
        "completed.v1",
    ]
    _, completed = story[-1]
    assert completed["artifact"] == ready["artifact"]
    assert completed["provenance"] == ready["provenance"]
