"""The command line on a real cluster and store: what is installed, and whole commands."""

import asyncio
import json
import re
from typing import TYPE_CHECKING

import yaml
from clibuilds import Body, publish, report
from installations import (
    DEPLOYMENTS,
    deployment,
    read_kubeconfig,
    write_kubeconfig,
)
from venture_cli.errors import ExitCode
from venture_core.kubernetes.resources import ARTIFACT_BUILDS
from venture_operator.domain import conditions
from venturecommand import Venture, finish

if TYPE_CHECKING:
    from pathlib import Path

    from builds import Builds
    from venture_core.kubernetes.client import KubernetesClient
    from venture_core.objectstore import ObjectStore


class TestInstallation:
    """The operator's own Deployment says which release is there."""

    async def test_the_operator_is_found(
        self, client: KubernetesClient, namespace: str, venture: Venture
    ) -> None:
        variables: list[Body] = [{"name": "VENTURE_S3_REGION", "value": "x"}]
        await client.create(DEPLOYMENTS, deployment("operator", variables), namespace)
        ended = await venture("version", "--cluster", "-o", "json")
        assert json.loads(ended.text)["operator"] == "localhost/venture:test"

    async def test_where_there_is_none_it_says_what_to_do(self, venture: Venture) -> None:
        ended = await venture("version", "--cluster")
        assert ended.code == ExitCode.NOT_FOUND
        assert "found no operator of Venture" in ended.err
        assert "--system-namespace" in ended.err

    async def test_of_several_releases_one_is_to_be_named(
        self, client: KubernetesClient, namespace: str, venture: Venture
    ) -> None:
        variables: list[Body] = [{"name": "VENTURE_S3_REGION", "value": "x"}]
        for release in ("venture", "other"):
            body = deployment("operator", variables, name=release, release=release)
            await client.create(DEPLOYMENTS, body, namespace)
        ended = await venture("version", "--cluster")
        assert "installed 2 times" in ended.err
        assert "--release" in ended.err
        ended = await venture("version", "--cluster", "--release", "other")
        assert ended.code == ExitCode.OK, ended.err


class TestCommands:
    """Whole commands, as processes."""

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
            "artifact", "list", "-n", namespace, "--phase", "failed", "-o", "name"
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

    async def test_ctrl_c_ends_the_waiting_and_not_the_build(
        self, namespace: str, builds: Builds, venture: Venture
    ) -> None:
        await builds.create("deck")
        process = await venture.start("artifact", "wait", "deck", "-n", namespace)
        assert process.stderr is not None
        assert b"Pending" in await asyncio.wait_for(process.stderr.readline(), 60)
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
        await asyncio.wait_for(asked.wait(), 60)
        process.send_signal(2)
        ended = await asyncio.wait_for(finish(process), 60)
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
