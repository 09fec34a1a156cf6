"""The API-only cluster that the other tests of this tier stand on."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import kubernetes_asyncio

if TYPE_CHECKING:
    import pytest

CLUSTER = Path(__file__).resolve().parents[2] / "hack" / "cluster"


async def test_the_administrator_may_read_and_the_version_is_stamped(api_server: Path) -> None:
    await kubernetes_asyncio.config.load_kube_config(config_file=str(api_server))
    async with kubernetes_asyncio.client.ApiClient() as client:
        version = await kubernetes_asyncio.client.VersionApi(client).get_code()
        names = await kubernetes_asyncio.client.CoreV1Api(client).list_namespace()
    assert version.git_version.startswith("v1.")
    assert "default" in {item.metadata.name for item in names.items}


def test_two_instances_run_at_once_and_stop_alone(
    api_server: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("second")
    command = [sys.executable, str(CLUSTER)]
    started = subprocess.run(
        [*command, "api", "--dir", str(folder)], stdout=subprocess.PIPE, check=True
    )
    second = json.loads(started.stdout)
    subprocess.run([*command, "api-stop", "--dir", str(folder)], check=True)
    assert second["kubeconfig"] != str(api_server)
    for pid in second["pids"].values():
        assert not Path(f"/proc/{pid}/fd/0").exists()
    server = json.loads(api_server.read_text())["clusters"][0]["cluster"]["server"]
    assert "BEGIN CERTIFICATE" in ssl.get_server_certificate(
        (server.split("//")[1].split(":")[0], int(server.rsplit(":", 1)[1]))
    )
