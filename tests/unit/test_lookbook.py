"""Pictures of examples: the page of the docs shows all of them, and what writes it runs."""

from __future__ import annotations

import importlib
import io
from typing import TYPE_CHECKING, Any

import pytest
from artifactexamples import compiled_example
from PIL import Image
from surroundings import REPOSITORY
from venture_core.artifacts.documents import DOCUMENTS
from venture_core.artifacts.targets import TARGETS

if TYPE_CHECKING:
    from pathlib import Path

MOST_BYTES = 600 * 1024
DOCS = REPOSITORY / "docs"


@pytest.fixture
def lookbook(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(REPOSITORY / "hack"))
    return importlib.import_module("lookbook")


def test_the_page_shows_the_examples_as_they_are(lookbook: Any) -> None:
    chosen = lookbook.examples()
    written = (DOCS / lookbook.PAGE).read_text(encoding="utf-8")
    assert written == lookbook.page(chosen), f"run {lookbook.COMMAND}, and look at the pictures"
    assert {each.kind for each in chosen} == set(DOCUMENTS)
    assert {each.target for each in chosen} == {target.name for target in TARGETS}


def test_every_picture_is_there_and_all_are_small(lookbook: Any) -> None:
    files = sorted((DOCS / lookbook.PICTURES).iterdir())
    assert files == sorted(DOCS / each.picture for each in lookbook.examples())
    assert sum(file.stat().st_size for file in files) <= MOST_BYTES


def test_a_new_document_makes_another_page(lookbook: Any, tmp_path: Path) -> None:
    name = "artifacts/launch-card.yaml"
    changed = tmp_path / "launch-card.yaml"
    changed.write_text((lookbook.EXAMPLES / name).read_text().replace("Less waste", "No waste"))
    before, after = (lookbook._example(path) for path in (lookbook.EXAMPLES / name, changed))
    assert (before.kind, before.target) == (after.kind, after.target) == ("ImageSpec", "Image")
    assert before.digest != after.digest


def test_the_page_is_written_with_its_pictures(lookbook: Any, tmp_path: Path) -> None:
    wanted = ("launch-card", "treasury-report")
    chosen = [each for each in lookbook.examples() if each.manifest.stem in wanted]
    said: list[str] = []
    lookbook.write_docs(chosen, tmp_path, said.append)
    assert len(said) == len(chosen) == 2
    assert [f"## {name}" in (tmp_path / lookbook.PAGE).read_text() for name in wanted] == [True] * 2
    card, report = (Image.open(tmp_path / each.picture).convert("RGB") for each in chosen)
    assert card.size == (720, 386)  # one picture of 704 by 370 in its frame
    assert report.getpixel((0, 0)) == pytest.approx((0xC8, 0xCE, 0xD6), abs=6)
    # Three pages beside each other, all with the blue head of a table.
    for left in (8, 244, 480):
        colors = {report.getpixel((left + x, y)) for x in range(10, 200, 4) for y in range(8, 320)}
        assert any(blue > 120 > red + 60 for red, _, blue in colors)


def test_every_page_of_a_folder_becomes_a_picture(lookbook: Any, tmp_path: Path) -> None:
    (tmp_path / "report.pdf").write_bytes(compiled_example("treasury-report").data)
    (tmp_path / "notes.txt").write_text("no pages")
    said: list[str] = []
    lookbook.write_pages(tmp_path, said.append)
    pictures = sorted((tmp_path / "pages").iterdir())
    assert [each.name for each in pictures] == [f"report-0{number}.png" for number in range(1, 5)]
    assert "notes.txt: nothing here turns a .txt into pages" in said
    with Image.open(io.BytesIO(pictures[0].read_bytes())) as first:
        assert first.size == (1200, 1698)


def test_an_office_file_needs_the_program(
    lookbook: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(lookbook.NoPagesError, match="LibreOffice, which lays it out, is not"):
        lookbook.pages_of(tmp_path / "deck.pptx")
