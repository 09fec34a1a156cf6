"""The command line on the real cluster: as its users run it, with nothing but a kubeconfig."""

import asyncio
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import yaml
from builds import Builds, patiently, unique_deck
from surroundings import REPOSITORY
from venture_cli.errors import ExitCode
from venture_core.artifacts.limits import INLINE_MAX_BYTES
from venture_core.canonical import canonical_json
from venture_core.kubernetes.errors import NotFoundError
from venture_core.kubernetes.portforward import PodPort, find_service_port, forward_port
from venture_core.kubernetes.resources import ARTIFACT_BUILDS, CONFIG_MAPS, JOBS
from venturecommand import Venture, finish

if TYPE_CHECKING:
    from venture_core.kubernetes.client import KubernetesClient
    from worknamespace import WorkNamespace

type Body = dict[str, Any]
type Kubectl = Callable[..., str]

SYSTEM_NAMESPACE = "venture-system"
S3_SERVICE = "venture-s3"
S3_PORT = 7070
LOGO = REPOSITORY / "tests" / "unit" / "data" / "cli-logo.png"


@pytest.fixture
def venture(tmp_path: Path, kubeconfig: Path) -> Venture:
    return Venture(tmp_path, kubeconfig)


def write(venture: Venture, name: str, body: Body) -> str:
    (venture.folder / name).write_text(json.dumps(body))
    return name


def digest(venture: Venture, name: str) -> str:
    return hashlib.sha256((venture.folder / name).read_bytes()).hexdigest()


def with_token(kubeconfig: Path, token: str) -> str:
    config = yaml.safe_load(kubeconfig.read_text())
    config["users"][0]["user"] = {"token": token}
    return str(yaml.safe_dump(config))


async def test_from_a_document_to_a_verified_deck(
    venture: Venture, builds: Builds, namespace: str
) -> None:
    file = write(venture, "deck.json", unique_deck(3))
    built = await venture("artifact", "build", file, "-n", namespace, "-o", "job.pptx")
    assert built.code == ExitCode.OK, built.err
    assert "deck is ready: built" in built.text
    assert "Compiling: attempt 1 compiles the document" in built.err

    rendered = await venture("artifact", "render", file, "-o", "here.pptx")
    assert rendered.code == ExitCode.OK, rendered.err
    assert digest(venture, "job.pptx") == digest(venture, "here.pptx")
    status = (await builds.get("deck"))["status"]
    assert status["artifact"]["sha256"] == digest(venture, "job.pptx")

    for what in ("deck", "job.pptx", "here.pptx"):
        verified = await venture("artifact", "verify", what, "-n", namespace, "-o", "json")
        assert verified.code == ExitCode.OK, verified.err
        assert json.loads(verified.text)["keyId"] == status["provenance"]["keyId"]


async def test_a_downloaded_deck_is_verified_without_a_cluster(
    venture: Venture, kubectl: Kubectl, namespace: str
) -> None:
    file = write(venture, "deck.json", unique_deck())
    await venture("artifact", "build", file, "-n", namespace)
    downloaded = await venture(
        "artifact", "download", "deck", "-n", namespace, "--provenance", "deck.intoto.json"
    )
    assert downloaded.code == ExitCode.OK, downloaded.err
    keys = ("get", "configmap", "venture-signing-keys", "-n", SYSTEM_NAMESPACE, "-o", "json")
    pems = json.loads(kubectl(*keys))["data"].values()
    (venture.folder / "keys.pem").write_text(next(iter(pems)))
    offline = Venture(venture.folder, venture.folder / "no-kubeconfig")
    arguments = ("artifact", "verify", "deck.pptx", "--provenance", "deck.intoto.json")
    verified = await offline(*arguments, "--key", "keys.pem")
    assert verified.code == ExitCode.OK, verified.err
    with (venture.folder / "deck.pptx").open("ab") as deck:
        deck.write(b"!")
    verified = await offline(*arguments, "--key", "keys.pem")
    assert verified.code == ExitCode.VERIFICATION_FAILED


async def test_pictures_beside_the_document_are_uploaded(venture: Venture, namespace: str) -> None:
    body = unique_deck()
    body["slides"].append(
        {"type": "image", "title": "A square", "image": "logo", "altText": "A blue square"}
    )
    file = write(venture, "deck.json", body)
    missing = await venture("artifact", "build", file, "-n", namespace)
    assert missing.code == ExitCode.BUILD_FAILED
    assert "/slides/1/image: no asset is named logo" in missing.err
    asset = ("--asset", f"logo={LOGO}")
    built = await venture("artifact", "build", file, "-n", namespace, *asset, "-o", "job.pptx")
    assert built.code == ExitCode.OK, built.err
    await venture("artifact", "render", file, *asset, "-o", "here.pptx")
    assert digest(venture, "job.pptx") == digest(venture, "here.pptx")


@pytest.mark.parametrize(("notes", "place"), [(3900, "configMapRef"), (3990, "objectRef")])
async def test_a_document_too_large_for_the_object_goes_beside_it(
    venture: Venture, builds: Builds, namespace: str, notes: int, place: str
) -> None:
    body = unique_deck(20 if place == "configMapRef" else 150)
    for slide in body["slides"]:
        slide["notes"] = "n" * notes
    assert len(canonical_json(body)) > INLINE_MAX_BYTES
    file = write(venture, "deck.json", body)
    built = await venture("artifact", "build", file, "-n", namespace, "-o", "job.pptx")
    assert built.code == ExitCode.OK, built.err
    source = (await builds.get("deck"))["spec"]["source"]
    assert list(source) == [place]
    await venture("artifact", "render", file, "-o", "here.pptx")
    assert digest(venture, "job.pptx") == digest(venture, "here.pptx")

    if place == "configMapRef":
        name = source["configMapRef"]["name"]
        await venture("artifact", "delete", "deck", "-n", namespace)
        gone = await patiently(
            lambda: builds.client.get(CONFIG_MAPS, name, namespace), lambda found: found is None
        )
        assert gone is None


async def test_a_failed_gate_is_named_the_same_here_and_there(
    venture: Venture, namespace: str
) -> None:
    body = unique_deck()
    chart = {"type": "bar", "categories": ["a"], "series": [{"name": "s", "values": [1]}]}
    body["slides"].append({"type": "chart", "title": "No words", "chart": chart})
    file = write(venture, "deck.json", body)
    here = await venture("artifact", "render", file, "-o", "here.pptx")
    there = await venture("artifact", "build", file, "-n", namespace, "-o", "there.pptx")
    assert (here.code, there.code) == (ExitCode.BUILD_FAILED, ExitCode.BUILD_FAILED)
    findings = [line for line in here.err.splitlines() if line.startswith("  altText: slide 2, ")]
    assert len(findings) == 1
    assert findings[0] in there.err.splitlines()
    assert not (venture.folder / "there.pptx").exists()


async def test_ctrl_c_leaves_the_build_running(
    venture: Venture, builds: Builds, namespace: str
) -> None:
    file = write(venture, "deck.json", unique_deck())
    process = await venture.start("artifact", "build", file, "-n", namespace)
    assert process.stderr is not None
    await asyncio.wait_for(process.stderr.readline(), 60)
    process.send_signal(2)
    ended = await finish(process)
    assert ended.code == ExitCode.INTERRUPTED, ended.err
    assert f"next: venture artifact wait deck -n {namespace}" in ended.err
    waited = await venture("artifact", "wait", "deck", "-n", namespace)
    assert waited.code == ExitCode.OK, waited.err
    assert "Ready" in {each["type"] for each in (await builds.get("deck"))["status"]["conditions"]}


async def test_suspend_holds_back_until_resume(
    venture: Venture, builds: Builds, namespace: str, work: WorkNamespace
) -> None:
    await builds.create("deck", suspend=True)
    await patiently(
        lambda: builds.get("deck"), lambda body: body.get("status", {}).get("phase") == "Suspended"
    )
    downloaded = await venture("artifact", "download", "deck", "-n", namespace)
    assert downloaded.code == ExitCode.FAILURE
    assert f"next: venture artifact resume deck -n {namespace}" in downloaded.err
    assert await work.children(JOBS) == []
    await venture("artifact", "resume", "deck", "-n", namespace)
    waited = await venture("artifact", "wait", "deck", "-n", namespace, "-o", "name")
    assert (waited.code, waited.text) == (
        ExitCode.OK,
        "artifactbuild.venture.parpour.dev/deck\n",
    ), waited.err


async def test_retry_builds_anew(venture: Venture, builds: Builds, namespace: str) -> None:
    await builds.create("deck")
    await builds.until("deck", "Ready")
    retried = await venture("artifact", "retry", "deck", "-n", namespace)
    assert retried.code == ExitCode.OK, retried.err
    assert (await builds.get("deck"))["status"]["job"]["attempt"] == 2


async def test_kubectl_runs_it_as_a_plugin(
    venture: Venture, kubeconfig: Path, builds: Builds, namespace: str
) -> None:
    await builds.create("deck")
    scripts = Path(sys.executable).parent
    assert (scripts / "kubectl-venture").exists()
    environment = os.environ | {
        "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
        "KUBECONFIG": str(kubeconfig),
    }
    kubectl = shutil.which("kubectl")
    assert kubectl is not None
    for name, code, words in (
        ("deck", ExitCode.OK, f"{namespace}/deck"),
        ("missing", ExitCode.NOT_FOUND, f"next: kubectl venture artifact list -n {namespace}"),
    ):
        process = await asyncio.create_subprocess_exec(
            *(kubectl, "venture", "artifact", "get", name, "-n", namespace),
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out, _ = await process.communicate()
        assert process.returncode == code, out
        assert words in out.decode()


async def test_a_wallet_is_funded_through_a_forwarded_port(
    venture: Venture, namespace: str
) -> None:
    paid = await venture("money", "fund", namespace, "12.34")
    assert paid.code == ExitCode.OK, paid.err
    assert paid.text.endswith("12.34 USD is free\n")
    books = await venture("money", "statement", "-n", namespace)
    assert "12.34 USD   12.34 USD   Paid in" in books.text


async def test_the_version_names_the_operators_image(venture: Venture) -> None:
    ended = await venture("version", "--cluster", "-o", "json")
    assert ended.code == ExitCode.OK, ended.err
    assert "/venture" in json.loads(ended.text)["operator"]


async def test_the_documented_permissions_suffice(
    venture: Venture, builds: Builds, kubectl: Kubectl, kubeconfig: Path, namespace: str
) -> None:
    await builds.create("deck")
    await builds.until("deck", "Ready")
    account = f"system:serviceaccount:{namespace}:reader"
    kubectl("create", "serviceaccount", "reader", "-n", namespace)
    token = kubectl("create", "token", "reader", "-n", namespace).strip()
    restricted = venture.folder / "restricted.kubeconfig"
    restricted.write_text(with_token(kubeconfig, token))
    download = ("artifact", "download", "deck", "-n", namespace, "--kubeconfig", str(restricted))
    denied = await venture(*download)
    assert denied.code == ExitCode.DENIED, denied.err
    assert f'User "{account}" cannot get resource "artifactbuilds"' in denied.err

    bind = ("create", "rolebinding", "reader", f"--serviceaccount={namespace}:reader")
    kubectl(*bind, "--clusterrole=view", "-n", namespace)
    allowed = await venture(*download)
    assert allowed.code == ExitCode.OK, allowed.err


class TestPortForward:
    """What the command line reaches the record through, and here the store."""

    async def test_many_connections_are_carried_at_once(self, client: KubernetesClient) -> None:
        target = await find_service_port(client, SYSTEM_NAMESPACE, S3_SERVICE, S3_PORT)
        async with (
            forward_port(client, target) as forward,
            aiohttp.ClientSession(f"http://127.0.0.1:{forward.port}") as http,
        ):

            async def health() -> int:
                async with http.get("/healthz") as answer:
                    return answer.status

            assert await asyncio.gather(*(health() for _ in range(20))) == [200] * 20
        assert forward.error == ""
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", forward.port)

    async def test_a_port_that_nobody_listens_on_is_explained(
        self, client: KubernetesClient
    ) -> None:
        target = await find_service_port(client, SYSTEM_NAMESPACE, S3_SERVICE, S3_PORT)
        closed = PodPort(target.namespace, target.pod, 1)
        async with forward_port(client, closed) as forward:
            reader, writer = await asyncio.open_connection("127.0.0.1", forward.port)
            assert await asyncio.wait_for(reader.read(), 60) == b""
            writer.close()
        assert "connection refused" in forward.error

    @pytest.mark.parametrize(
        ("service", "port", "sentence"),
        [
            ("missing", 80, "there is no Service missing"),
            (S3_SERVICE, 80, "has no TCP port 80"),
        ],
    )
    async def test_what_is_not_there_is_named(
        self, client: KubernetesClient, service: str, port: int, sentence: str
    ) -> None:
        with pytest.raises(NotFoundError, match=sentence):
            await find_service_port(client, SYSTEM_NAMESPACE, service, port)

    async def test_a_pod_that_is_gone_is_refused_at_once(self, client: KubernetesClient) -> None:
        with pytest.raises(NotFoundError, match=r"refused \(404\) to forward the port 80 of pod"):
            async with forward_port(client, PodPort(SYSTEM_NAMESPACE, "gone", 80)):
                pytest.fail("it was forwarded")


async def test_deleting_a_build_leaves_its_artifact(
    venture: Venture, builds: Builds, namespace: str
) -> None:
    file = write(venture, "deck.json", unique_deck())
    await venture("artifact", "build", file, "-n", namespace, "-o", "first.pptx")
    deleted = await venture("artifact", "delete", "deck", "-n", namespace)
    assert deleted.text == "deck deleted\n"
    assert await builds.client.get(ARTIFACT_BUILDS, "deck", namespace) is None
    again = await venture("artifact", "build", file, "-n", namespace, "-o", "second.pptx")
    assert "built before" in again.text
    assert digest(venture, "first.pptx") == digest(venture, "second.pptx")
