"""The API-only cluster that the other tests of this tier stand on."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from venture_core.kubernetes.client import KubernetesClient
from venture_core.kubernetes.resources import NAMESPACES

if TYPE_CHECKING:
    import pytest

CLUSTER = Path(__file__).resolve().parents[2] / "hack" / "cluster"


async def test_the_administrator_may_read_and_the_version_is_stamped(api_server: Path) -> None:
    async with KubernetesClient.from_kubeconfig(str(api_server)) as client:
        version = await client.request("GET", "version", "/version")
        namespaces = await client.list(NAMESPACES)
    assert version["gitVersion"].startswith("v1.")
    assert "default" in {each["metadata"]["name"] for each in namespaces}


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
