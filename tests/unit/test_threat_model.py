"""Every line of the threat model names the tests that try it, and these exist."""

import re
from typing import Final

import pytest
from surroundings import REPOSITORY

PAGE: Final = REPOSITORY / "docs" / "threat-model.md"
TESTS: Final = REPOSITORY / "tests"


def rows() -> list[list[str]]:
    """Return the cells of every line of the tables, without their heads."""
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [each for each in cells if "---" not in each and "tried by" not in each]


@pytest.fixture(scope="module")
def defined() -> set[str]:
    files = TESTS.rglob("test_*.py")
    return {name for file in files for name in re.findall(r"def (test_\w+)\(", file.read_text())}


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0][:60])
def test_every_line_names_tests_that_there_are(row: list[str], defined: set[str]) -> None:
    named = re.findall(r"`(test_\w+)`", row[-1])
    assert named, "no test tries this"
    assert set(named) <= defined


def test_a_line_is_not_overlooked() -> None:
    assert len(rows()) >= 40
