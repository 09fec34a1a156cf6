"""The cluster's programs that share one file, and the DNS server that has only what it needs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

CLUSTER = Path(__file__).resolve().parents[2] / "hack" / "cluster"
KUBERNETES = "v1.34.10"


@pytest.fixture(scope="module")
def programs() -> Path:
    return built("kubernetes")


def built(module: str) -> Path:
    command = [sys.executable, str(CLUSTER), "programs", module]
    return Path(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.decode().strip())


def said(*command: str | Path) -> str:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    "name",
    ["kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler", "kubelet"],
)
def test_a_component_is_known_by_the_name_it_is_called_by(programs: Path, name: str) -> None:
    assert said(programs / name, "--version").strip() == f"Kubernetes {KUBERNETES}"
    assert f"{name} [flags]" in said(programs / name, "--help")


def test_kubectl_and_etcd_are_there_too(programs: Path) -> None:
    assert f"Client Version: {KUBERNETES}" in said(programs / "kubectl", "version", "--client")
    assert "etcd Version: 3." in said(programs / "etcd", "--version")


def test_any_other_name_is_refused(programs: Path, tmp_path: Path) -> None:
    (tmp_path / "kube-nothing").symlink_to(programs / "components")
    done = subprocess.run([tmp_path / "kube-nothing"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "no component is called kube-nothing\n")


def test_dns_has_the_plugins_that_its_configuration_names() -> None:
    corefile = (CLUSTER / "manifests" / "coredns.yaml").read_text()
    block = corefile[corefile.index(".:53 {") :].split("---")[0]
    named = re.findall(r"^ {8}(\w+)", block, re.MULTILINE)
    assert {"errors", "kubernetes", "forward"} <= set(named)
    built_in = set(said(built("coredns") / "coredns", "-plugins").split())
    assert set(named) <= built_in
    # What those bring along; no cloud's plugin is among them.
    assert built_in - set(named) == {"debug", "dnstap", "metadata", "prometheus", "transfer"}
