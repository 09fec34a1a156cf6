"""Artifacts, uploads, events and logs by the command line, as somebody with `edit` and no more."""

import hashlib
import json
import secrets
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from artifactexamples import compiled
from builds import Builds, unique_deck
from clibuilds import KEY, publish, report
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from installations import read_kubeconfig, write_kubeconfig
from recordevents import started
from venture_cli.errors import ExitCode
from venture_core.artifacts.limits import CONFIG_MAP_MAX_BYTES
from venture_core.artifacts.provenance import public_key_pem
from venture_core.canonical import canonical_json
from venture_core.record.append import append_in_transaction
from venture_core.record.database import Role, connect
from venture_operator.domain import conditions
from venturecommand import Venture, finish

if TYPE_CHECKING:
    from pathlib import Path

    from contentapi import ContentApi
    from venture_core.kubernetes.client import KubernetesClient
    from venture_core.objectstore import ObjectStore


@pytest.fixture
def builds(client: KubernetesClient, namespace: str) -> Builds:
    return Builds(client, namespace)


@pytest.fixture
async def venture(
    content_api: ContentApi, client: KubernetesClient, namespace: str, tmp_path: Path
) -> Venture:
    """Run commands as a user who has `edit` in the test's namespace, and nothing else."""
    user = f"eve-{secrets.token_hex(3)}"
    await content_api.allow(client, namespace, user, "edit", "view")
    config = read_kubeconfig(content_api.user(tmp_path, user))
    context = config["contexts"][0]
    context |= {"context": context["context"] | {"namespace": namespace}}
    return Venture(tmp_path, write_kubeconfig(config, tmp_path / "kubeconfig"))


def offline(venture: Venture) -> Venture:
    return Venture(venture.folder, venture.folder / "no-kubeconfig")


async def test_download_verifies_what_it_saves(
    builds: Builds, store: ObjectStore, venture: Venture, namespace: str
) -> None:
    data = f"artifact of {namespace}".encode()
    await builds.create("deck")
    await publish(builds, store, "deck", data)
    ended = await venture("artifact", "download", "deck", "-o", "d.pptx", "--provenance", "d.json")
    assert ended.code == ExitCode.OK, ended.err
    assert (venture.folder / "d.pptx").read_bytes() == data
    assert "saved d.pptx" in ended.text

    for what in ("deck", "ab/deck", "d.pptx"):
        ended = await venture("artifact", "verify", what, "-o", "json")
        assert ended.code == ExitCode.OK, ended.err
        assert json.loads(ended.text)["sha256"] == hashlib.sha256(data).hexdigest()
    ended = await venture("artifact", "download", "deck", "-o", "-")
    assert (ended.code, ended.out) == (ExitCode.OK, data)
    ended = await venture("artifact", "download", "deck")
    assert (venture.folder / "deck.pptx").read_bytes() == data

    (venture.folder / "key.pem").write_text(public_key_pem(KEY.public_key()))
    verify = ("artifact", "verify", "d.pptx", "--provenance", "d.json", "--key", "key.pem")
    ended = await offline(venture)(*verify)
    assert ended.code == ExitCode.OK, ended.err


async def test_an_artifact_that_was_tampered_with_is_not_saved(
    builds: Builds, store: ObjectStore, venture: Venture, namespace: str
) -> None:
    """More is sent than is read of the store at once; the end of it comes only if all is right."""
    data = f"genuine in {namespace}".encode() + bytes(5_000_000)
    await builds.create("deck")
    await publish(builds, store, "deck", data)
    key = f"artifacts/sha256/{hashlib.sha256(data).hexdigest()}/artifact"
    await store.put(key, b"!" + data[1:], media_type="text/plain")
    ended = await venture("artifact", "download", "deck", "-o", "d.pptx")
    assert ended.code == ExitCode.UNREACHABLE
    assert "broke off before its end" in ended.err
    await store.put(key, data + b"!", media_type="text/plain")
    for command in (("verify", "deck"), ("download", "deck", "-o", "d.pptx")):
        ended = await venture("artifact", *command)
        assert ended.code == ExitCode.FAILURE
        assert "another than was built" in ended.err
    assert not (venture.folder / "d.pptx").exists()


async def test_a_key_that_is_not_trusted_proves_nothing(
    builds: Builds, store: ObjectStore, venture: Venture, namespace: str
) -> None:
    await builds.create("deck")
    stranger = Ed25519PrivateKey.from_private_bytes(b"\x08" * 32)
    await publish(builds, store, "deck", f"forged in {namespace}".encode(), stranger)
    ended = await venture("artifact", "verify", "deck")
    assert ended.code == ExitCode.VERIFICATION_FAILED
    assert "no trusted key signed the provenance" in ended.err


async def test_bytes_that_nobody_built_here_are_not_found(builds: Builds, venture: Venture) -> None:
    await builds.create("deck")
    (venture.folder / "mine.pptx").write_bytes(b"made by hand")
    ended = await venture("artifact", "verify", "mine.pptx")
    assert ended.code == ExitCode.NOT_FOUND
    assert f"no build in the namespace {builds.namespace} has sha256:" in ended.err


async def test_what_a_build_reads_is_uploaded_first(
    builds: Builds, store: ObjectStore, venture: Venture, namespace: str
) -> None:
    deck = unique_deck(150)
    for slide in deck["slides"]:
        slide["notes"] = "n" * 3990
    deck["slides"].append({"type": "image", "title": "A", "image": "logo", "altText": "A logo"})
    assert len(canonical_json(deck)) > CONFIG_MAP_MAX_BYTES
    (venture.folder / "deck.json").write_text(json.dumps(deck))
    (venture.folder / "logo.png").write_bytes(picture := secrets.token_bytes(3_000_000))
    for _ in range(2):
        ended = await venture(
            "artifact", "build", "deck.json", "--no-wait", "--asset", "logo=logo.png"
        )
        assert ended.code == ExitCode.OK, ended.err
    spec = (await builds.get("deck"))["spec"]
    asset = spec["assets"][0]["objectRef"]
    assert await store.get(f"inputs/{namespace}/{asset['key']}", max_bytes=4_000_000) == picture
    document = spec["source"]["objectRef"]
    kept = await store.get(f"inputs/{namespace}/{document['key']}", max_bytes=2_000_000)
    assert hashlib.sha256(kept).hexdigest() == document["sha256"]


async def test_the_events_of_a_build_are_shown(
    builds: Builds, venture: Venture, content_api: ContentApi
) -> None:
    await builds.create("deck")
    uid = UUID((await builds.get("deck"))["metadata"]["uid"])
    producer = await connect(content_api.database, Role.PRODUCER, name="tests")
    for number in (1, 2):
        async with producer.transaction():
            await append_in_transaction(producer, [started(uid, number)])
    await producer.close()
    ended = await venture("artifact", "events", "deck")
    assert ended.code == ExitCode.OK, ended.err
    assert ended.err == ""
    heading, *lines = ended.text.splitlines()
    assert heading.startswith("LOG-INDEX")
    assert [f"{uid}/{number}" in line for number, line in enumerate(lines, 1)] == [True, True]
    ended = await venture("artifact", "events", "deck", "-o", "json")
    assert [json.loads(line)["event"]["seq"] for line in ended.text.splitlines()] == [1, 2]
    for unwanted in (("--type", "artifact.build.failed.*"), ("--since", "2100-01-01T00:00:00Z")):
        ended = await venture("artifact", "events", "deck", *unwanted)
        assert (ended.code, ended.text) == (ExitCode.OK, "")


@pytest.mark.parametrize("command", ["events", "logs", "download", "verify"])
async def test_what_is_not_there_or_not_theirs_is_told(
    builds: Builds, venture: Venture, command: str
) -> None:
    ended = await venture("artifact", command, "none")
    assert ended.code == ExitCode.NOT_FOUND, ended.err
    assert "none" in ended.err
    ended = await venture("artifact", command, "none", "-n", "kube-system")
    assert ended.code == ExitCode.DENIED
    assert "kube-system" in ended.err


async def test_the_log_of_a_job_that_is_gone(builds: Builds, venture: Venture) -> None:
    await builds.create("deck")
    ended = await venture("artifact", "logs", "deck")
    assert ended.code == ExitCode.NOT_FOUND
    assert "No Job of ArtifactBuild" in ended.err


async def test_build_waits_for_the_end_and_tells_it(
    builds: Builds, store: ObjectStore, venture: Venture
) -> None:
    (venture.folder / "deck.json").write_text(json.dumps(unique_deck()))
    build = ("artifact", "build", "deck.json")
    ended = await venture(*build, "--no-wait", "--format", "name")
    assert ended.text == "artifactbuild.venture.parpour.dev/deck\n"
    ended = await venture(*build, "--timeout", "1")
    assert ended.code == ExitCode.TIMEOUT
    assert "deck was not ready within 1 s and goes on: Pending" in ended.err
    assert f"artifact wait deck -n {builds.namespace}" in ended.err

    process = await venture.start(*build, "-o", "out.pptx", "--format", "json")
    await publish(builds, store, "deck", f"built in {builds.namespace}".encode())
    ended = await finish(process)
    assert ended.code == ExitCode.OK, ended.err
    assert json.loads(ended.text)["status"]["phase"] == "Ready"
    assert (venture.folder / "out.pptx").read_bytes() == f"built in {builds.namespace}".encode()

    await report(builds, "deck", conditions.stalled("Bad", "it is bad"), phase="Failed")
    ended = await venture("artifact", "wait", "deck")
    assert ended.code == ExitCode.BUILD_FAILED
    assert "error: deck stalled (Bad): it is bad" in ended.err
    ended = await venture("artifact", "download", "deck")
    assert ended.code == ExitCode.BUILD_FAILED


async def test_what_was_built_is_looked_at_and_compared(
    builds: Builds, store: ObjectStore, venture: Venture, client: KubernetesClient
) -> None:
    first, second = unique_deck(2), unique_deck(2)
    second["slides"][1] = {"type": "bullets", "title": "New", "bullets": [{"text": "words"}]}
    for name, document in (("first", first), ("second", second)):
        await builds.create(name, target="Pdf", source={"inline": document})
        data = compiled(document, "Pdf").data
        await publish(builds, store, name, data, media_type="application/pdf")
    ended = await venture("artifact", "preview", "ab/first", "--width", "100")
    assert ended.code == ExitCode.OK, ended.err
    assert ended.text == "saved 2 pages in first-pages\n"
    assert len(list((venture.folder / "first-pages").iterdir())) == 2
    ended = await venture("artifact", "diff", "first", "second", "-o", "json")
    found = json.loads(ended.text)
    assert [each["what"] for each in found["beside"]] == ["digest"]
    assert [(each["part"], each["title"]) for each in found["changes"]][-1] == ("slide", "New")

    # Bytes that are not what was signed are not looked at.
    key = f"artifacts/sha256/{hashlib.sha256(data).hexdigest()}/artifact"
    await store.put(key, data[:-1] + b"!", media_type="application/pdf")
    ended = await venture("artifact", "preview", "second")
    assert ended.code == ExitCode.UNREACHABLE
    assert not (venture.folder / "second-pages").exists()
