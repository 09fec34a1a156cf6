"""The README's tour, command by command, as a new user types it."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from readmetour import blocks, commands

if TYPE_CHECKING:
    from collections.abc import Iterator

BUILDS = ("plan", "again")
BUILD_FAILED = 4
FROM_CACHE = "No Job of ArtifactBuild 'plan' is left to have a log"


@pytest.fixture
def folder(tmp_path: Path, kubeconfig: Path) -> Iterator[Path]:
    """Give an empty folder, and leave none of the tour's builds behind."""
    (plan,) = [block for block in blocks("yaml") if block.startswith("# plan.yaml")]
    (tmp_path / "plan.yaml").write_text(plan)
    yield tmp_path
    kubectl = ["kubectl", "--kubeconfig", str(kubeconfig), "-n", "default"]
    subprocess.run([*kubectl, "delete", "artifactbuild", "--ignore-not-found", *BUILDS], check=True)


@pytest.mark.usefixtures("kubectl")
def test_the_tour_works_as_it_is_written(folder: Path) -> None:
    programs = str(Path(sys.executable).parent)
    environment = os.environ | {
        "PATH": programs + os.pathsep + os.environ["PATH"],
        "COLUMNS": "120",
    }
    for command, shown in commands():
        is_mistake = shown.startswith("error:")
        if is_mistake:
            plan = folder / "plan.yaml"
            plan.write_text(plan.read_text().replace("title: Sign-ups so far", "titel: Sign-ups"))
        done = subprocess.run(
            shlex.split(command),
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        said = done.stdout + done.stderr
        if FROM_CACHE in said:
            continue  # the tour was made on this cluster before
        assert done.returncode == (BUILD_FAILED if is_mistake else 0), f"{command}: {said}"
        for digest in re.findall(r"sha256:[0-9a-f]{64}", shown):
            assert digest in said, f"{command} gives other bytes than the README shows"
        if is_mistake:
            assert "/slides/2/titel" in said
