"""What a benchmark starts for itself: an API server with our definitions, and room on the disk."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from surroundings import CHART, REPOSITORY
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_fixed
from venture_core.kubernetes.errors import NotFoundError
from venture_core.kubernetes.resources import ARTIFACT_BUILDS, Resource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from venture_core.kubernetes.client import KubernetesClient

CLUSTER = [sys.executable, str(REPOSITORY / "hack" / "cluster")]
_DEFINITIONS = Resource(
    "apiextensions.k8s.io",
    "v1",
    "customresourcedefinitions",
    "CustomResourceDefinition",
    namespaced=False,
)


@contextmanager
def public_folder() -> Iterator[Path]:
    """Make a folder that the user of Postgres may enter."""
    with tempfile.TemporaryDirectory(prefix="venture-bench-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@contextmanager
def api_server(folder: Path) -> Iterator[Path]:
    """Run an API server; yield its administrator's kubeconfig."""
    command = [*CLUSTER, "api", "--while-stdin", "--dir", str(folder / "api-server")]
    (folder / "api-server").mkdir()
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as server:
        assert server.stdout is not None
        yield Path(json.loads(server.stdout.readline())["kubeconfig"])


def render(values: str) -> list[dict[str, Any]]:
    """Return the chart's manifests by a file of values in its folder."""
    tools = subprocess.run([*CLUSTER, "programs", "tools"], stdout=subprocess.PIPE, check=True)
    command = [f"{tools.stdout.decode().strip()}/helm", "template", "venture", str(CHART)]
    command += ["--namespace", "venture-system", f"--values={CHART / values}"]
    rendered = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return [body for body in yaml.safe_load_all(rendered.stdout) if body]


async def define(client: KubernetesClient) -> None:
    """Install our definitions, and wait until the API server serves them."""
    for manifest in sorted((REPOSITORY / "crds" / "manifests").glob("*.yaml")):
        body = yaml.safe_load(manifest.read_text())
        await client.apply(_DEFINITIONS, body, field_manager="bench")
    async for attempt in AsyncRetrying(
        retry=retry_if_exception_type(NotFoundError),
        wait=wait_fixed(0.2),
        stop=stop_after_delay(60),
    ):
        with attempt:
            await client.list(ARTIFACT_BUILDS)
