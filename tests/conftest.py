"""Fixtures that every tier may use."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def api_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Run a Kubernetes API server of this session's own; yield its administrator's kubeconfig.

    No controller and no kubelet run: pods stay Pending, deleted namespaces stay Terminating.
    """
    cluster = [sys.executable, str(REPOSITORY / "hack" / "cluster")]
    folder = ["--dir", str(tmp_path_factory.mktemp("api-server"))]
    try:
        # Progress and failures go to standard error, which pytest shows with a failing test.
        started = subprocess.run([*cluster, "api", *folder], stdout=subprocess.PIPE, check=True)
        yield Path(json.loads(started.stdout)["kubeconfig"])
    finally:
        subprocess.run([*cluster, "api-stop", *folder], check=True)
