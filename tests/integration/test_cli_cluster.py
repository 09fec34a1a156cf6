"""The command line against a real API server and real S3; the test plays the operator."""

import asyncio
import base64
import hashlib
import json
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import yaml
from builds import Builds, patiently, unique_deck
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from installations import (
    DEPLOYMENTS,
    deployment,
    from_secret,
    read_kubeconfig,
    session,
    write_kubeconfig,
)
from venture_cli.domain.artifact import ARTIFACT
from venture_cli.domain.documents import read_source
from venture_cli.domain.plan import BuildOptions, BuildPlan, config_map_body, plan_build
from venture_cli.domain.standing import standing
from venture_cli.errors import CliError, ExitCode
from venture_cli.services.builds import create_build, upload_inputs
from venture_cli.services.objects import wait_for_object
from venture_core.artifacts import provenance
from venture_core.artifacts.limits import INLINE_MAX_BYTES
from venture_core.kubernetes.client import KubernetesClient
from venture_core.kubernetes.errors import KubernetesError
from venture_core.kubernetes.resources import ARTIFACT_BUILDS, CONFIG_MAPS, SECRETS
from venture_crds.v1alpha1.lifecycle import BoundedStatus
from venture_operator.domain import conditions
from venturecommand import Venture, finish

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime
    from pathlib import Path

    from venture_core.objectstore import ObjectStore, S3Settings

type Body = dict[str, Any]

KEY = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
CACHE_KEY = f"sha256:{'c' * 64}"


@pytest.fixture
def builds(client: KubernetesClient, namespace: str) -> Builds:
    return Builds(client, namespace)


@pytest.fixture
async def installed(client: KubernetesClient, namespace: str, s3_settings: S3Settings) -> str:
    """Install what the chart leaves of an operator: Deployment, Secret, public keys."""
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "somebodys-own"},
        "stringData": {
            "id": s3_settings.access_key_id,
            "secret": s3_settings.secret_access_key.get_secret_value(),
        },
    }
    await client.create(SECRETS, secret, namespace)
    variables: list[Body] = [
        {"name": "VENTURE_S3_ENDPOINT", "value": s3_settings.endpoint},
        {"name": "VENTURE_S3_REGION", "value": s3_settings.region},
        {"name": "VENTURE_S3_BUCKET", "value": s3_settings.bucket},
        {"name": "VENTURE_S3_ACCESS_KEY_ID", "valueFrom": from_secret("somebodys-own", "id")},
        {
            "name": "VENTURE_S3_SECRET_ACCESS_KEY",
            "valueFrom": from_secret("somebodys-own", "secret"),
        },
        {"name": "VENTURE_SIGNING_KEYS_CONFIGMAP", "value": "their-keys"},
    ]
    await client.create(DEPLOYMENTS, deployment("operator", variables), namespace)
    pem = provenance.public_key_pem(KEY.public_key())
    keys = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "their-keys"}}
    await client.create(CONFIG_MAPS, keys | {"data": {"any-name.pem": pem}}, namespace)
    return namespace


@pytest.fixture
def venture(tmp_path: Path, api_server: Path, namespace: str) -> Venture:
    return Venture(tmp_path, api_server, VENTURE_SYSTEM_NAMESPACE=namespace)


def plan(namespace: str, body: Body, **options: Any) -> BuildPlan:
    source = read_source(json.dumps(body).encode(), "deck.json")
    given = BuildOptions(namespace=namespace, **options)
    return plan_build(source, given, origin="deck.json", default_namespace="default")


def large_deck() -> Body:
    deck = unique_deck(20)
    for slide in deck["slides"]:
        slide["notes"] = "n" * 3900
    return deck


async def report(builds: Builds, name: str, state: conditions.State, **status: object) -> None:
    """Write a status as the operator would."""
    body = await builds.get(name)
    generation = body["metadata"]["generation"]
    now = moment(body)
    merged = conditions.merge(BoundedStatus(), state, generation=generation, now=now)
    change = {
        "observedGeneration": generation,
        "conditions": [each.to_json() for each in merged],
        **status,
    }
    await builds.client.patch(
        ARTIFACT_BUILDS, name, {"status": change}, builds.namespace, subresource="status"
    )


def moment(body: Body) -> datetime:
    from venture_cli.domain.outcome import parse_build

    created = parse_build(body).metadata.creation_timestamp
    assert created is not None
    return created


async def publish(
    builds: Builds, store: ObjectStore, name: str, data: bytes, key: Ed25519PrivateKey = KEY
) -> None:
    """Store and sign an artifact, and report the build Ready, as the operator would."""
    digest = hashlib.sha256(data).hexdigest()
    statement = provenance.Statement(
        subject=(provenance.Subject(name=name, digest=provenance.Digest(sha256=digest)),),
        predicate=provenance.Predicate(
            build_definition=provenance.BuildDefinition(
                external_parameters={},
                internal_parameters={
                    "cacheKey": CACHE_KEY,
                    "build": f"{builds.namespace}/{name}",
                },
                resolved_dependencies=(),
            ),
            run_details=provenance.RunDetails(
                builder=provenance.Builder(id="https://x", version={"toolchain": "t"}),
                metadata=provenance.Metadata(
                    invocation_id="u/1", finished_on=moment(await builds.get(name))
                ),
            ),
        ),
    )
    envelope = provenance.sign(statement, key)
    folder = f"artifacts/sha256/{digest}"
    await store.put(f"{folder}/artifact", data, media_type="text/plain")
    await store.put(f"{folder}/{'c' * 64}.intoto.json", envelope, media_type="application/json")
    await report(
        builds,
        name,
        conditions.ready("Built", "built 12 B"),
        phase="Ready",
        size=f"{len(data)} B",
        cacheKey=CACHE_KEY,
        artifact={
            "uri": store.uri(f"{folder}/artifact"),
            "sha256": digest,
            "sizeBytes": len(data),
            "mediaType": "text/plain",
        },
        provenance={
            "uri": store.uri(f"{folder}/{'c' * 64}.intoto.json"),
            "sha256": hashlib.sha256(envelope).hexdigest(),
            "keyId": provenance.key_id(key.public_key()),
        },
    )


class TestCreate:
    """Creating is safe to repeat and never overwrites."""

    async def test_the_same_request_is_taken_over(
        self, client: KubernetesClient, namespace: str
    ) -> None:
        wanted = plan(namespace, unique_deck())
        first = await create_build(client, wanted, replace=False)
        again = await create_build(client, wanted, replace=False)
        assert again["metadata"]["uid"] == first["metadata"]["uid"]

    async def test_another_request_is_refused_and_replaces_only_if_told(
        self, client: KubernetesClient, namespace: str
    ) -> None:
        first = await create_build(client, plan(namespace, unique_deck()), replace=False)
        other = plan(namespace, unique_deck())
        with pytest.raises(CliError, match="builds something else") as caught:
            await create_build(client, other, replace=False)
        assert "--replace" in caught.value.next_step
        second = await create_build(client, other, replace=True)
        assert second["metadata"]["uid"] != first["metadata"]["uid"]

    async def test_a_large_document_is_owned_by_its_build(
        self, client: KubernetesClient, namespace: str
    ) -> None:
        wanted = plan(namespace, large_deck())
        assert wanted.config_map is not None
        assert len(wanted.config_map) > INLINE_MAX_BYTES
        build = await create_build(client, wanted, replace=False)
        assert "suspend" not in build["spec"]
        name = build["spec"]["source"]["configMapRef"]["name"]
        config_map = await client.get(CONFIG_MAPS, name, namespace)
        assert config_map is not None
        assert config_map["data"]["ir.json"].encode() == wanted.config_map
        assert config_map["metadata"]["ownerReferences"][0]["uid"] == build["metadata"]["uid"]

    async def test_nobody_is_said_to_have_suspended_it(
        self, client: KubernetesClient, namespace: str
    ) -> None:
        answer = await client.request("GET", "artifactbuilds", ARTIFACT_BUILDS.path(namespace))
        build = await create_build(client, plan(namespace, large_deck()), replace=False)
        events = client.watch(
            ARTIFACT_BUILDS,
            namespace,
            resource_version=answer["metadata"]["resourceVersion"],
            timeout_seconds=1,
        )
        seen = [body async for kind, body in events if kind in {"ADDED", "MODIFIED"}]
        assert [each["metadata"]["uid"] for each in seen] == [build["metadata"]["uid"]]
        assert "suspend" not in seen[0]["spec"]
        assert seen[0]["metadata"]["generation"] == 1

    async def test_an_interrupted_creation_is_completed(
        self, client: KubernetesClient, namespace: str
    ) -> None:
        wanted = plan(namespace, large_deck())
        assert wanted.config_map is not None
        left = config_map_body(wanted.body, wanted.config_map)
        await client.create(CONFIG_MAPS, left, namespace)
        build = await create_build(client, wanted, replace=False)
        kept = await client.get(CONFIG_MAPS, left["metadata"]["name"], namespace)
        assert kept is not None
        assert kept["metadata"]["ownerReferences"][0]["uid"] == build["metadata"]["uid"]

    async def test_what_the_server_refuses_leaves_no_document(
        self, client: KubernetesClient, namespace: str
    ) -> None:
        wanted = plan(namespace, large_deck())
        wanted.body["spec"]["timeoutSeconds"] = 1
        with pytest.raises(KubernetesError, match="should be greater than or equal to 10"):
            await create_build(client, wanted, replace=False)
        assert await client.list(CONFIG_MAPS, namespace) == []

    async def test_somebody_elses_config_map_is_not_taken(
        self, client: KubernetesClient, namespace: str
    ) -> None:
        wanted = plan(namespace, large_deck())
        assert wanted.config_map is not None
        other = config_map_body(wanted.body, wanted.config_map) | {"data": {"ir.json": "{}"}}
        await client.create(CONFIG_MAPS, other, namespace)
        with pytest.raises(CliError, match="holds something else"):
            await create_build(client, wanted, replace=False)

    async def test_who_suspends_a_build_decides_when_it_goes_on(
        self, client: KubernetesClient, namespace: str
    ) -> None:
        wanted = plan(namespace, large_deck())
        build = await create_build(client, wanted, replace=False)
        name = build["metadata"]["name"]
        await client.patch(ARTIFACT_BUILDS, name, {"spec": {"suspend": True}}, namespace)
        again = await create_build(client, wanted, replace=False)
        assert again["spec"]["suspend"] is True

    async def test_a_document_that_outlives_its_build_is_in_nobodys_way(
        self, client: KubernetesClient, namespace: str
    ) -> None:
        wanted = plan(namespace, large_deck())
        await create_build(client, wanted, replace=False)
        # No garbage collector runs here, so the ConfigMap stays.
        build = await create_build(client, wanted, replace=True)
        name = build["spec"]["source"]["configMapRef"]["name"]
        config_map = await client.get(CONFIG_MAPS, name, namespace)
        assert config_map is not None
        assert config_map["metadata"]["ownerReferences"][0]["uid"] == build["metadata"]["uid"]

    async def test_what_the_schema_refuses_is_told_in_its_words(
        self, client: KubernetesClient, namespace: str
    ) -> None:
        wanted = plan(namespace, unique_deck())
        wanted.body["spec"]["timeoutSeconds"] = 1
        with pytest.raises(KubernetesError, match="should be greater than or equal to 10"):
            await create_build(client, wanted, replace=False)

    async def test_uploads_go_where_the_namespace_may_read(
        self, namespace: str, store: ObjectStore
    ) -> None:
        wanted = plan(namespace, unique_deck(), assets={"logo": b"a picture"})
        for _ in range(2):
            await upload_inputs(store, namespace, wanted.uploads)
        reference = wanted.body["spec"]["assets"][0]["objectRef"]
        stored = await store.get(f"inputs/{namespace}/{reference['key']}", max_bytes=100)
        assert hashlib.sha256(stored).hexdigest() == reference["sha256"]


class TestWait:
    """Waiting sees each state, survives outages, and ends with the build."""

    async def test_each_state_is_seen_until_the_last(self, builds: Builds) -> None:
        body = await builds.create("deck")
        seen: list[str] = []

        def on_change(build: Body) -> None:
            seen.append(standing(build).reason)

        waiting = asyncio.create_task(wait_for_object(builds.client, ARTIFACT, body, on_change))
        await patiently(lambda: _now(seen), lambda now: now == ["Pending"])
        await report(builds, "deck", conditions.working("Compiling", "attempt 1"))
        await patiently(lambda: _now(seen), lambda now: "Compiling" in now)
        await report(builds, "deck", conditions.stalled("GateFailed", "slide 1 is empty"))
        build = await asyncio.wait_for(waiting, 10)
        assert seen == ["Pending", "Compiling", "GateFailed"]
        assert standing(build).message == "slide 1 is empty"

    async def test_a_watch_that_is_too_old_is_begun_anew(self, builds: Builds) -> None:
        body = await builds.create("deck")
        await report(builds, "deck", conditions.ready("Built", ""))
        body["metadata"]["resourceVersion"] = "1"
        with pytest.raises(KubernetesError) as caught:
            async for _ in builds.client.watch(
                ARTIFACT_BUILDS, builds.namespace, resource_version="1"
            ):
                pass
        assert caught.value.status == 410
        build = await asyncio.wait_for(
            wait_for_object(builds.client, ARTIFACT, body, lambda _: None), timeout=10
        )
        assert standing(build).reason == "Built"

    async def test_a_build_that_is_deleted_ends_the_wait(self, builds: Builds) -> None:
        body = await builds.create("deck")
        waiting = asyncio.create_task(
            wait_for_object(builds.client, ARTIFACT, body, lambda _: None)
        )
        await asyncio.sleep(0.5)
        await builds.client.delete(ARTIFACT_BUILDS, "deck", builds.namespace)
        with pytest.raises(CliError, match="was deleted while we waited") as caught:
            await asyncio.wait_for(waiting, 10)
        assert caught.value.code is ExitCode.NOT_FOUND

    async def test_its_successor_is_another_build(self, builds: Builds) -> None:
        body = await builds.create("deck")
        await builds.client.delete(ARTIFACT_BUILDS, "deck", builds.namespace)
        await builds.create("deck")
        body["metadata"]["resourceVersion"] = "1"
        with pytest.raises(CliError, match="was deleted while we waited"):
            await asyncio.wait_for(
                wait_for_object(builds.client, ARTIFACT, body, lambda _: None), 10
            )

    async def test_an_outage_is_waited_out(
        self, builds: Builds, api_server: Path, tmp_path: Path
    ) -> None:
        async with wire(api_server, tmp_path) as (kubeconfig, cut):
            body = await builds.create("deck")
            async with KubernetesClient.from_kubeconfig(str(kubeconfig)) as client:
                waiting = asyncio.create_task(
                    wait_for_object(client, ARTIFACT, body, lambda _: None)
                )
                await asyncio.sleep(0.5)
                restore = await cut()
                await report(builds, "deck", conditions.ready("Built", ""))
                await asyncio.sleep(2)
                assert not waiting.done()
                await restore()
                build = await asyncio.wait_for(waiting, 30)
        assert standing(build).reason == "Built"


async def _now(seen: list[str]) -> list[str]:
    return list(seen)


@asynccontextmanager
async def wire(kubeconfig: Path, folder: Path) -> AsyncIterator[tuple[Path, Any]]:
    """Yield a kubeconfig that reaches the API server over a wire, and what cuts the wire."""
    config = read_kubeconfig(kubeconfig)
    url = urlsplit(config["clusters"][0]["cluster"]["server"])
    writers: set[asyncio.StreamWriter] = set()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass  # the wire was cut: that is the test
        finally:
            writer.close()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(url.hostname, url.port)
        writers.update((writer, far_writer))
        await asyncio.gather(carry(reader, far_writer), carry(far_reader, writer))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    async def cut() -> Any:
        nonlocal server
        server.close()
        for writer in writers:
            writer.transport.abort()
        writers.clear()
        return restore

    async def restore() -> None:
        nonlocal server
        server = await asyncio.start_server(accept, "127.0.0.1", port)

    server_here = f"{url.scheme}://127.0.0.1:{port}"
    path = write_kubeconfig(config, folder / "wired.kubeconfig", server=server_here)
    try:
        yield path, cut
    finally:
        await cut()


class TestInstallation:
    """The operator's own Deployment says where artifacts are."""

    async def test_the_store_and_the_keys_are_found(
        self, installed: str, api_server: Path, store: ObjectStore
    ) -> None:
        await store.put("a/key", b"data", media_type="text/plain")
        async with session(api_server, installed) as opened:
            bucket = await opened.bucket()
            assert await bucket.get("a/key", max_bytes=10) == b"data"
            assert (await opened.installation()).image == "localhost/venture:test"
            assert list(await opened.trusted_keys([])) == [provenance.key_id(KEY.public_key())]

    async def test_where_there_is_none_it_says_what_to_do(
        self, api_server: Path, namespace: str
    ) -> None:
        async with session(api_server, namespace) as opened:
            with pytest.raises(CliError, match="found no operator of Venture") as caught:
                await opened.bucket()
            assert "--system-namespace" in caught.value.next_step
            with pytest.raises(CliError, match="no ConfigMap venture-signing-keys"):
                await opened.trusted_keys([])

    async def test_two_installations_are_not_guessed_between(
        self, installed: str, client: KubernetesClient, api_server: Path
    ) -> None:
        variables = [{"name": "VENTURE_S3_REGION", "value": "x"}]
        await client.create(
            DEPLOYMENTS,
            deployment("operator", variables, name="second", release="other"),
            installed,
        )
        async with session(api_server, installed) as opened:
            with pytest.raises(CliError, match=r"installed 2 times .*: other, venture") as caught:
                await opened.bucket()
            assert "--release" in caught.value.next_step
        async with session(api_server, installed, release="venture") as opened:
            assert (await opened.installation()).keys_config_map == "their-keys"

    async def test_an_empty_secret_is_named_and_nothing_of_it_shown(
        self, installed: str, client: KubernetesClient, api_server: Path
    ) -> None:
        marker = "a" * 2000
        change = {"data": {"secret": base64.b64encode(marker.encode()).decode(), "id": None}}
        await client.patch(SECRETS, "somebodys-own", change, installed)
        async with session(api_server, installed) as opened:
            with pytest.raises(CliError, match="access_key_id, secret_access_key") as caught:
                await opened.bucket()
            assert marker[:20] not in repr(caught.value)
            assert caught.value.__cause__ is None


class TestCommands:
    """Whole commands, as processes."""

    async def test_download_verifies_what_it_saves(
        self, installed: str, builds: Builds, store: ObjectStore, venture: Venture
    ) -> None:
        data = f"artifact of {installed}".encode()
        await builds.create("deck")
        await publish(builds, store, "deck", data)
        ended = await venture(
            *("artifact", "download", "deck", "-n", installed),
            *("-o", "d.pptx", "--provenance", "d.json"),
        )
        assert ended.code == ExitCode.OK, ended.err
        assert (venture.folder / "d.pptx").read_bytes() == data
        assert "saved d.pptx" in ended.text

        for what in ("deck", "ab/deck", "d.pptx"):
            ended = await venture("artifact", "verify", what, "-n", installed, "-o", "json")
            assert ended.code == ExitCode.OK, ended.err
            assert json.loads(ended.text)["sha256"] == hashlib.sha256(data).hexdigest()
        ended = await venture("artifact", "download", "deck", "-n", installed, "-o", "-")
        assert (ended.code, ended.out) == (ExitCode.OK, data)
        ended = await venture("artifact", "download", "deck", "-n", installed)
        assert (venture.folder / "deck.pptx").read_bytes() == data

    async def test_an_artifact_that_was_tampered_with_is_not_saved(
        self, installed: str, builds: Builds, store: ObjectStore, venture: Venture
    ) -> None:
        data = f"genuine in {installed}".encode()
        await builds.create("deck")
        await publish(builds, store, "deck", data)
        key = f"artifacts/sha256/{hashlib.sha256(data).hexdigest()}/artifact"
        await store.put(key, data.upper(), media_type="text/plain")
        ended = await venture("artifact", "download", "deck", "-n", installed, "-o", "d.pptx")
        assert ended.code == ExitCode.VERIFICATION_FAILED
        assert not (venture.folder / "d.pptx").exists()
        await store.put(key, data + b"!", media_type="text/plain")
        ended = await venture("artifact", "verify", "deck", "-n", installed)
        assert ended.code == ExitCode.VERIFICATION_FAILED
        assert "larger than the build's status says" in ended.err
        await store.delete(key)
        ended = await venture("artifact", "verify", "deck", "-n", installed)
        assert ended.code == ExitCode.NOT_FOUND
        assert "is gone from the object store" in ended.err

    async def test_a_key_that_is_not_trusted_proves_nothing(
        self, installed: str, builds: Builds, store: ObjectStore, venture: Venture
    ) -> None:
        await builds.create("deck")
        stranger = Ed25519PrivateKey.from_private_bytes(b"\x08" * 32)
        await publish(builds, store, "deck", f"forged in {installed}".encode(), stranger)
        ended = await venture("artifact", "verify", "deck", "-n", installed)
        assert ended.code == ExitCode.VERIFICATION_FAILED
        assert "no trusted key signed the provenance" in ended.err

    async def test_bytes_that_nobody_built_are_not_found(
        self, installed: str, venture: Venture
    ) -> None:
        (venture.folder / "mine.pptx").write_bytes(b"made by hand")
        ended = await venture("artifact", "verify", "mine.pptx")
        assert ended.code == ExitCode.NOT_FOUND
        assert "the object store has no provenance of sha256:" in ended.err

    async def test_a_store_that_does_not_answer_is_named(
        self,
        installed: str,
        client: KubernetesClient,
        builds: Builds,
        venture: Venture,
        store: ObjectStore,
    ) -> None:
        await builds.create("deck")
        await publish(builds, store, "deck", b"unreachable")
        body = await client.get(DEPLOYMENTS, "operator", installed)
        assert body is not None
        body["spec"]["template"]["spec"]["containers"][0]["env"][0]["value"] = "http://127.0.0.1:1"
        await client.replace(DEPLOYMENTS, body, installed)
        ended = await venture("artifact", "verify", "deck", "-n", installed)
        assert ended.code == ExitCode.UNREACHABLE
        assert "in the object store" in ended.err

    async def test_builds_are_listed_and_shown(
        self, namespace: str, builds: Builds, store: ObjectStore, venture: Venture
    ) -> None:
        await builds.create("ready")
        await publish(builds, store, "ready", b"an artifact")
        await builds.create("failed")
        await report(builds, "failed", conditions.stalled("Bad", "it is bad"), phase="Failed")
        await builds.create("new")

        ended = await venture("artifact", "list", "-n", namespace)
        lines = [re.split(" {3,}", line) for line in ended.text.splitlines()]
        assert lines[0] == ["NAME", "TARGET", "PHASE", "SIZE", "CACHE", "REASON", "AGE"]
        assert [line[:6] for line in lines[1:]] == [
            ["failed", "Pptx", "Failed", "<none>", "<none>", "Bad"],
            ["new", "Pptx", "<none>", "<none>", "<none>", "<none>"],
            ["ready", "Pptx", "Ready", "11 B", "<none>", "Built"],
        ]
        assert "\x1b" not in ended.text
        ended = await venture(
            "artifact", "list", "-n", namespace, "--phase", "Failed", "-o", "name"
        )
        assert ended.text == "artifactbuild.venture.parpour.dev/failed\n"
        ended = await venture("artifact", "list", "-A", "-o", "wide")
        assert ended.text.startswith("NAMESPACE")
        assert "it is bad" in ended.text
        ended = await venture("artifact", "list", "-n", namespace, "-o", "yaml")
        assert len(yaml.safe_load(ended.text)["items"]) == 3
        ended = await venture("artifact", "list", "-n", "nowhere")
        assert (ended.code, ended.text) == (ExitCode.OK, "")
        assert "there are no such ArtifactBuilds in nowhere" in ended.err

        ended = await venture("artifact", "get", "ready", "-n", namespace)
        assert f"{namespace}/ready  Ready (Built): built 12 B" in ended.text
        ended = await venture("artifact", "get", "ready", "-n", namespace, "-o", "json")
        assert json.loads(ended.text)["metadata"]["name"] == "ready"
        ended = await venture("artifact", "get", "missing", "-n", namespace)
        assert ended.code == ExitCode.NOT_FOUND

    async def test_builds_are_controlled(
        self, namespace: str, builds: Builds, venture: Venture
    ) -> None:
        await builds.create("deck")
        for verb, value in (("suspend", True), ("resume", False)):
            ended = await venture("artifact", verb, "deck", "-n", namespace)
            assert ended.code == ExitCode.OK, ended.err
            assert (await builds.get("deck"))["spec"]["suspend"] is value
        ended = await venture("artifact", "retry", "deck", "-n", namespace, "--no-wait")
        assert ended.code == ExitCode.OK, ended.err
        assert (await builds.get("deck"))["spec"]["retry"]
        ended = await venture("artifact", "delete", "ab/deck", "gone", "-n", namespace)
        assert (ended.code, ended.text) == (ExitCode.NOT_FOUND, "deck deleted\n")
        assert await builds.client.get(ARTIFACT_BUILDS, "deck", namespace) is None

    async def test_build_waits_for_the_end_and_tells_it(
        self, installed: str, builds: Builds, store: ObjectStore, venture: Venture
    ) -> None:
        (venture.folder / "deck.json").write_text(json.dumps(unique_deck()))
        build = ("artifact", "build", "deck.json", "-n", installed)
        ended = await venture(*build, "--no-wait", "--format", "name")
        assert ended.text == "artifactbuild.venture.parpour.dev/deck\n"
        ended = await venture(*build, "--timeout", "1")
        assert ended.code == ExitCode.TIMEOUT
        assert "deck was not ready within 1 s and goes on: Pending" in ended.err
        assert f"artifact wait deck -n {installed}" in ended.err

        process = await venture.start(*build, "-o", "out.pptx", "--format", "json")
        await publish(builds, store, "deck", f"built in {installed}".encode())
        ended = await finish(process)
        assert ended.code == ExitCode.OK, ended.err
        assert json.loads(ended.text)["status"]["phase"] == "Ready"
        assert (venture.folder / "out.pptx").read_bytes() == f"built in {installed}".encode()

        await report(builds, "deck", conditions.stalled("Bad", "it is bad"), phase="Failed")
        ended = await venture("artifact", "wait", "deck", "-n", installed)
        assert ended.code == ExitCode.BUILD_FAILED
        assert "error: deck stalled (Bad): it is bad" in ended.err
        ended = await venture("artifact", "download", "deck", "-n", installed)
        assert ended.code == ExitCode.BUILD_FAILED

    async def test_ctrl_c_ends_the_waiting_and_not_the_build(
        self, namespace: str, builds: Builds, venture: Venture
    ) -> None:
        await builds.create("deck")
        process = await venture.start("artifact", "wait", "deck", "-n", namespace)
        assert process.stderr is not None
        assert b"Pending" in await asyncio.wait_for(process.stderr.readline(), 20)
        process.send_signal(2)
        ended = await finish(process)
        assert ended.code == ExitCode.INTERRUPTED
        assert "error: interrupted; deck goes on in the cluster" in ended.err
        assert f"artifact wait deck -n {namespace}" in ended.err
        assert await builds.client.get(ARTIFACT_BUILDS, "deck", namespace) is not None

    async def test_a_token_that_is_refused_is_told_apart(
        self, api_server: Path, venture: Venture
    ) -> None:
        config = read_kubeconfig(api_server)
        other = venture.folder / "kubeconfig"
        write_kubeconfig(config, other, user={"token": "not-a-token"})
        ended = await venture("artifact", "list", "--kubeconfig", "kubeconfig")
        assert ended.code == ExitCode.DENIED
        ended = await venture("artifact", "list", "--context", "missing")
        assert ended.code == ExitCode.UNREACHABLE
        write_kubeconfig(config, other, server="https://127.0.0.1:1")
        ended = await venture("artifact", "list", "--kubeconfig", "kubeconfig")
        assert ended.code == ExitCode.UNREACHABLE
        assert "Traceback" not in ended.err
