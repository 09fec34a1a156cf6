"""The command line on a real cluster and store: what is installed, and whole commands."""

import asyncio
import base64
import hashlib
import json
import re
from typing import TYPE_CHECKING

import pytest
import yaml
from builds import Builds, unique_deck
from clibuilds import KEY, Body, publish, report
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from installations import (
    DEPLOYMENTS,
    deployment,
    from_secret,
    read_kubeconfig,
    session,
    write_kubeconfig,
)
from venture_cli.errors import CliError, ExitCode
from venture_core.artifacts import provenance
from venture_core.kubernetes.resources import ARTIFACT_BUILDS, CONFIG_MAPS, SECRETS
from venture_operator.domain import conditions
from venturecommand import Venture, finish

if TYPE_CHECKING:
    from pathlib import Path

    from venture_core.kubernetes.client import KubernetesClient
    from venture_core.objectstore import ObjectStore, S3Settings


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

    async def test_ctrl_c_ends_a_request_that_nobody_answers(
        self, api_server: Path, venture: Venture
    ) -> None:
        asked = asyncio.Event()

        async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            asked.set()
            await reader.read()
            writer.close()

        silent = await asyncio.start_server(never, "127.0.0.1", 0)
        port = silent.sockets[0].getsockname()[1]
        config, other = read_kubeconfig(api_server), venture.folder / "kubeconfig"
        write_kubeconfig(config, other, server=f"http://127.0.0.1:{port}")
        process = await venture.start("artifact", "list", "--kubeconfig", "kubeconfig")
        await asyncio.wait_for(asked.wait(), 20)
        process.send_signal(2)
        ended = await asyncio.wait_for(finish(process), 10)
        assert ended.code == ExitCode.INTERRUPTED
        assert "Traceback" not in ended.err
        silent.close()
        await silent.wait_closed()

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
