"""Fixtures that every tier may use."""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import soaking
from chartmanifests import documents
from surroundings import CHART, REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# A shell has the jobs it starts in the background ignore SIGINT, and every child would inherit it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Where a machine forbids to keep bytecode, every program that a test starts would be compiled anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

soaking.load_hypothesis_profile()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep in a soak only what goes on for longer in one."""
    if soaking.profile() != "soak":
        return
    kept = [item for item in items if _searches(item)]
    config.hook.pytest_deselected(items=[item for item in items if not _searches(item)])
    items[:] = kept


def _searches(item: pytest.Item) -> bool:
    test = getattr(item, "obj", None)
    return item.get_closest_marker("soak") is not None or hasattr(test, "hypothesis")


@pytest.fixture(scope="session")
def api_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Run a Kubernetes API server of this session's own; yield its administrator's kubeconfig.

    No controller and no kubelet run: pods stay Pending, deleted namespaces stay Terminating.
    """
    command = [sys.executable, str(REPOSITORY / "hack" / "cluster"), "api", "--while-stdin"]
    command += ["--dir", str(tmp_path_factory.mktemp("api-server"))]
    # The server ends with our end of the pipe: it never outlives this session, even a killed one.
    # Progress and failures go to standard error, which pytest shows with a failing test.
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as server:
        assert server.stdout is not None
        started = server.stdout.readline()
        assert started, "the API server did not start: the messages above say why"
        yield Path(json.loads(started)["kubeconfig"])


@pytest.fixture(scope="session")
def tools() -> Path:
    """Return the folder with helm, kubeconform and versitygw, building them if need be."""
    command = [sys.executable, str(REPOSITORY / "hack" / "cluster"), "programs", "tools"]
    built = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return Path(built.stdout.strip())


@pytest.fixture(scope="session")
def helm_template(tools: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Give `helm template` of the chart: `values` names files in its folder, `sets` is `--set`s.

    A failure is the caller's to judge.
    """

    @functools.cache
    def template(*values: str, sets: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        command = [str(tools / "helm"), "template", "venture", str(CHART)]
        command += ["--namespace", "venture-system"]
        command += [f"--values={CHART / file}" for file in values]
        command += [f"--set-json={assignment}" for assignment in sets]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return template


@pytest.fixture(scope="session")
def render_chart(
    helm_template: Callable[..., subprocess.CompletedProcess[str]],
) -> Callable[..., list[dict[str, Any]]]:
    """Give the manifests that `helm_template` prints, parsed."""

    def render(*values: str, sets: tuple[str, ...] = ()) -> list[dict[str, Any]]:
        rendered = helm_template(*values, sets=sets)
        assert rendered.returncode == 0, rendered.stderr
        return documents(rendered.stdout)

    return render
