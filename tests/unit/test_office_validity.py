"""Office files open without repair: by another's validator, and by how their parts refer."""

from __future__ import annotations

import io
import zipfile
from functools import cache
from typing import TYPE_CHECKING, Any

import officedocuments
import pytest
import yaml
from artifactexamples import compiled, compiled_example
from officepackages import faults, parts_of
from openxml_audit import FileFormat, OpenXmlValidator, ValidationSeverity
from surroundings import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path


def example_deck(name: str) -> bytes:
    manifest = yaml.safe_load((REPOSITORY / "examples" / f"{name}.yaml").read_text())
    return compiled(manifest["spec"]["source"]["inline"], "Pptx").data


FROM_THE_RIGHT: dict[str, Any] = {"language": "ar"}
DARK = {"theme": {"palette": "Graphite", "logo": "mark"}}
FILES = {
    "board-deck.pptx": lambda: example_deck("board-deck"),
    "everything.pptx": lambda: compiled(officedocuments.deck(), "Pptx").data,
    "from-the-right.pptx": lambda: compiled(officedocuments.deck(**FROM_THE_RIGHT), "Pptx").data,
    "narrow-and-dark.pptx": lambda: (
        compiled(officedocuments.deck(**DARK, aspect="4:3"), "Pptx").data
    ),
    "launch-memo.docx": lambda: compiled_example("launch-memo").data,
    "everything.docx": lambda: compiled(officedocuments.text(), "Docx").data,
    "from-the-right.docx": lambda: compiled(officedocuments.text(**FROM_THE_RIGHT), "Docx").data,
    "runway-model.xlsx": lambda: compiled_example("runway-model").data,
    "everything.xlsx": lambda: compiled(officedocuments.workbook(), "Xlsx").data,
}


@cache
def made(name: str) -> bytes:
    return FILES[name]()


@cache
def validator() -> OpenXmlValidator:
    return OpenXmlValidator(file_format=FileFormat.MICROSOFT_365, security_validation=True)


def errors(data: bytes, name: str, folder: Path) -> list[str]:
    file = folder / name
    file.write_bytes(data)
    found = validator().validate(file).errors
    return [
        f"{each.part_uri}: {each.description}"
        for each in found
        if each.severity is ValidationSeverity.ERROR
    ]


@pytest.mark.parametrize("name", FILES)
def test_a_validator_finds_nothing_to_repair(name: str, tmp_path: Path) -> None:
    assert errors(made(name), name, tmp_path) == []


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".pptx")])
def test_nor_in_the_workbooks_behind_charts(name: str, tmp_path: Path) -> None:
    books = {part: data for part, data in parts_of(made(name)).items() if part.endswith(".xlsx")}
    assert len(books) == 4
    for number, data in enumerate(books.values()):
        assert errors(data, f"{number}.xlsx", tmp_path) == []


@pytest.mark.parametrize("name", FILES)
def test_every_part_is_named_reached_and_once(name: str) -> None:
    assert faults(made(name)) == []


def changed(name: str, part: str, old: bytes, new: bytes) -> bytes:
    parts = parts_of(made(name))
    assert old in parts[part]
    parts[part] = parts[part].replace(old, new)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for each, data in parts.items():
            archive.writestr(each, data)
    return file.getvalue()


DECK, TEXT, BOOK = "everything.pptx", "everything.docx", "everything.xlsx"
SLIDE = "ppt/slides/slide3.xml"
BROKEN = {
    "a slide's id twice": (DECK, "ppt/presentation.xml", b'id="257"', b'id="256"', "ids of slides"),
    "no list of the notes' master": (
        DECK, "ppt/presentation.xml", b"p:notesMasterIdLst", b"p:handoutMasterIdLst", "disagree"),
    "a shape's id twice": (DECK, SLIDE, b'<p:cNvPr id="3"', b'<p:cNvPr id="2"', "2 times"),
    "a part that is not there": (
        DECK, "ppt/slides/_rels/slide12.xml.rels", b"media/image", b"media/other", "not there"),
    "a reference to nothing": (
        DECK, "ppt/slides/slide12.xml", b'r:embed="rId', b'r:embed="rId9', "leads nowhere"),
    "a part of no type": (
        TEXT, "[Content_Types].xml", b"/word/styles.xml", b"/word/style.xml", "only XML by its"),
    "a bookmark twice": (
        TEXT, "word/document.xml", b'w:id="19" w:name', b'w:id="0" w:name', "2 times"),
    "a sheet's name twice": (BOOK, "xl/workbook.xml", b'name="T"', b'name="S &amp; T"', "2 times"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_broken_is_seen(case: str) -> None:
    name, part, old, new, message = BROKEN[case]
    assert any(message in each for each in faults(changed(name, part, old, new)))


INVALID = {
    "parts of a presentation in another order": (
        DECK, "ppt/presentation.xml", b"<p:sldSz", b'<p:notesSz cx="1" cy="1"/><p:sldSz'),
    "an element that is not": (DECK, SLIDE, b"<a:p>", b"<a:poem/><a:p>"),
    "properties of a run in another order": (
        TEXT, "word/document.xml", b"<w:b/><w:bCs/>", b"<w:i/><w:b/><w:bCs/>"),
    "a table without a grid": (TEXT, "word/document.xml", b"w:tblGrid>", b"w:tblGrit>"),
    "an alignment that is not": (TEXT, "word/document.xml", b'w:jc w:val="right"',
        b'w:jc w:val="rightish"'),
    "a style that is not a number": (BOOK, "xl/worksheets/sheet1.xml", b's="1"', b's="one"'),
}  # fmt: skip


@pytest.mark.parametrize("case", INVALID)
def test_the_validator_sees_what_is_not_valid(case: str, tmp_path: Path) -> None:
    name, part, old, new = INVALID[case]
    assert errors(changed(name, part, old, new), name, tmp_path) != []
