"""The pages lead where they say: every link to a file or a heading of ours finds it."""

import re
from typing import TYPE_CHECKING, Final

import pytest
from surroundings import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

PAGES: Final = sorted(
    [
        *REPOSITORY.glob("*.md"),
        *(REPOSITORY / "docs").rglob("*.md"),
        REPOSITORY / "charts" / "venture" / "README.md",
        REPOSITORY / "tests" / "vectors" / "README.md",
    ]
)
LINK: Final = re.compile(r"\]\(([^)\s]+)\)")
SOMEBODYS: Final = re.compile(r"(?<![\w.])/(?:root|home|work|Users)/")
"""Paths of one machine."""


def prose(page: Path) -> str:
    """Return the page without its blocks of code."""
    return re.sub(r"^( *)```.*?^\1```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)


def headings(page: Path) -> set[str]:
    """Return the anchors of a page, as GitHub makes them."""
    found = re.findall(r"^#+ (.+)$", prose(page), flags=re.MULTILINE)
    plain = (re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", each).strip().lower() for each in found)
    return {re.sub(r"[^\w\- ]", "", each).replace(" ", "-") for each in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = page if not path else (page.parent / path).resolve()
        assert target.exists(), f"{link}: there is no such file"
        if anchor:
            assert anchor in headings(target), f"{link}: there is no such heading"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_a_page_names_no_path_of_one_machine(page: Path) -> None:
    assert not SOMEBODYS.search(page.read_text())


def test_every_decision_is_in_the_list() -> None:
    folder = REPOSITORY / "docs" / "decisions"
    listed = set(LINK.findall((folder / "README.md").read_text()))
    assert listed == {each.name for each in folder.glob("[0-9]*.md")}


def test_the_list_of_pages_is_not_empty() -> None:
    assert len(PAGES) > 20
