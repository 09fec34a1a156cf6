"""`venture report` against a real API server: what helps is in it, what is secret is not."""

import io
import json
import tarfile
from typing import TYPE_CHECKING

from builds import Builds
from installations import DEPLOYMENTS, deployment, read_kubeconfig, write_kubeconfig
from venture_cli.errors import ExitCode
from venture_core.kubernetes.resources import CONFIG_MAPS, SECRETS

if TYPE_CHECKING:
    from pathlib import Path

    from venture_core.kubernetes.client import KubernetesClient
    from venturecommand import Venture

HIDDEN = "correct-horse-battery"


async def test_a_report_helps_and_holds_nothing_secret(
    client: KubernetesClient, namespace: str, venture: Venture
) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login"}}
    await client.create(SECRETS, secret | {"stringData": {"password": HIDDEN}}, namespace)
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a-document"}}
    await client.create(CONFIG_MAPS, config_map | {"data": {"ir.json": HIDDEN}}, namespace)
    url = f"postgresql://venture:{HIDDEN}@db.example.com/record"
    variables = [
        {"name": "VENTURE_POSTGRES_URL", "value": url},
        {"name": "VENTURE_LOG_LEVEL", "value": "info"},
    ]
    await client.create(DEPLOYMENTS, deployment("operator", variables), namespace)
    await Builds(client, namespace).create("deck", source={"inline": {"title": HIDDEN}})

    ended = await venture("report", "-o", "-")
    assert ended.code == ExitCode.OK, ended.err
    with tarfile.open(fileobj=io.BytesIO(ended.out)) as archive:
        files = {
            member.name.partition("/")[2]: (archive.extractfile(member) or io.BytesIO()).read()
            for member in archive
        }
    assert not [name for name, data in files.items() if HIDDEN.encode() in data]
    (found,) = json.loads(files["deployments.json"])
    assert found["spec"]["template"]["spec"]["containers"][0]["env"] == [
        {"name": "VENTURE_POSTGRES_URL", "value": "postgresql://(redacted)@db.example.com/record"},
        {"name": "VENTURE_LOG_LEVEL", "value": "info"},
    ]
    kept = next(
        each
        for each in json.loads(files["configmaps.json"])
        if each["metadata"]["name"] == "a-document"
    )
    assert kept["data"] == ["ir.json"]
    assert "login" in {each["name"] for each in json.loads(files["secrets.json"])}
    builds = json.loads(files["artifactbuilds.json"])
    assert {"name": "deck", "namespace": namespace}.items() <= next(
        each["metadata"] for each in builds if each["metadata"]["namespace"] == namespace
    ).items()
    assert "artifactbuilds.venture.parpour.dev" in files["kinds.json"].decode()
    assert json.loads(files["server.json"])["gitVersion"].startswith("v1.")
    assert files["missing.txt"] == b""


async def test_without_a_cluster_there_is_no_report(api_server: Path, venture: Venture) -> None:
    config = read_kubeconfig(api_server)
    write_kubeconfig(config, venture.folder / "away", server="https://127.0.0.1:1")
    ended = await venture("report", "--kubeconfig", "away")
    assert ended.code == ExitCode.UNREACHABLE
    assert "Cannot connect to host 127.0.0.1:1" in ended.err
    assert list(venture.folder.glob("*.gz")) == []
