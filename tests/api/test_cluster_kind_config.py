"""The configuration of the kind cluster, checked with kind's own types."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CLUSTER = Path(__file__).resolve().parents[2] / "hack" / "cluster"
HEADER = "apiVersion: kind.x-k8s.io/v1alpha4\nkind: Cluster\n"


def kindcheck(*file: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(CLUSTER), "kindcheck", *map(str, file)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_ours_is_accepted() -> None:
    assert kindcheck().returncode == 0


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (HEADER + "nodez: []\n", "field nodez not found"),
        (HEADER + "nodes: [{role: worker}]\n", "no control-plane"),
        (HEADER + "nodes: [{role: master}]\n", "neither control-plane nor worker"),
        ("apiVersion: v1\nkind: Cluster\n", "not a kind.x-k8s.io/v1alpha4 Cluster"),
    ],
)
def test_what_kind_would_refuse_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "kind.yaml"
    file.write_text(text)
    checked = kindcheck(file)
    assert checked.returncode == 1
    assert complaint in checked.stderr
