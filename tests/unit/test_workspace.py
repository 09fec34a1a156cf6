"""A new program touches no list: hack/workspace.py writes them from the folders."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from surroundings import REPOSITORY

sys.path.insert(0, str(REPOSITORY / "hack"))

import workspace


def test_the_lists_of_members_are_up_to_date() -> None:
    command = [sys.executable, str(REPOSITORY / "hack" / "workspace.py"), "--check"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for folder, extra in (
        ("crds", ""),
        ("core", "[project.optional-dependencies]\ns3 = []\n"),
        ("operator", "[tool.venture]\nimage = true\n"),
        ("runtimes/teapot", "[tool.venture]\nimage = true\n"),
        ("runtimes/cli", "[project.optional-dependencies]\ncolour = []\n"),
    ):
        (tmp_path / folder).mkdir(parents=True)
        name = Path(folder).name
        text = f'[project]\nname = "venture-{name}"\n{extra}'
        (tmp_path / folder / "pyproject.toml").write_text(text)
    return tmp_path


def test_a_new_program_is_in_every_list(repository: Path) -> None:
    lists = workspace.lists(workspace.members(repository))
    project, image = lists["pyproject.toml"], lists["operator/Dockerfile"]
    assert '    "venture-teapot",' in project["dependencies"]
    assert '    "venture-cli[colour]",' in project["dependencies"]
    assert '    "venture-core",' in project["dependencies"]
    assert "venture-teapot = { workspace = true }" in project["sources"]
    assert '    "venture_teapot",' in project["root packages"]
    assert '    "venture_teapot",' in project["measured packages"]
    assert project["programs"] == ['    "venture_operator | venture_cli | venture_teapot",']
    assert "COPY runtimes/teapot runtimes/teapot" in image["code"]
    assert image["code"][-1] == 'ENV CODE="./crds ./core ./operator ./runtimes/teapot"'
    assert image["packages"] == [
        'ENV PACKAGES="--package venture-operator --package venture-teapot"'
    ]


def test_a_list_that_lacks_is_an_error() -> None:
    with pytest.raises(LookupError, match="0 lists «code»"):
        workspace.written("nothing here\n", {"code": ["a"]})
