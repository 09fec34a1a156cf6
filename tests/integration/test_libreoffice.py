"""Every Office file among the examples opens in another office suite, with all its words.

A deck has as many pages there as it has slides.
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from artifactexamples import compiled_example, example
from venture_core.artifacts.compile import compile_artifact
from venture_core.artifacts.documents import parse_ir
from venture_core.artifacts.gates import GateSettings

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
CONVERTS_WITHIN_SECONDS = 120


def documents() -> dict[str, bytes]:
    """Return the document of each deck among the examples, by the build's name."""
    found: dict[str, bytes] = {}
    for path in sorted(EXAMPLES.glob("*.yaml")):
        manifests: list[dict[str, Any]] = list(yaml.safe_load_all(path.read_text()))
        maps = {item["metadata"]["name"]: item for item in manifests if item["kind"] == "ConfigMap"}
        builds = [item for item in manifests if item["kind"] == "ArtifactBuild"]
        for build in (item for item in builds if item["spec"]["target"] == "Pptx"):
            source = build["spec"]["source"]
            if "inline" in source:
                found[build["metadata"]["name"]] = json.dumps(source["inline"]).encode()
            else:
                reference = source["configMapRef"]
                data = maps[reference["name"]]["data"][reference["key"]]
                found[build["metadata"]["name"]] = data.encode()
    return found


DOCUMENTS = documents()


@pytest.fixture(scope="session")
def office() -> str:
    """Return the path of LibreOffice."""
    program = shutil.which("soffice")
    assert program, (
        "LibreOffice is missing: install the Debian packages libreoffice-impress, "
        "libreoffice-writer-nogui, libreoffice-calc-nogui and poppler-utils, or run this tier by "
        "`make test`, which installs them"
    )
    assert shutil.which("pdftotext"), "pdftotext is missing: install the package poppler-utils"
    return program


def convert(office: str, data: bytes, name: str, folder: Path) -> list[str]:
    """Convert a file to PDF, and return the text of each page."""
    file = folder / name
    file.write_bytes(data)
    profile = f"-env:UserInstallation=file://{folder}/profile"
    arguments = ["--headless", "--convert-to", "pdf", "--outdir", str(folder), str(file)]
    subprocess.run([office, profile, *arguments], check=True, timeout=CONVERTS_WITHIN_SECONDS)
    text = subprocess.run(
        ["pdftotext", "-layout", str(file.with_suffix(".pdf")), "-"],
        stdout=subprocess.PIPE,
        check=True,
    )
    return text.stdout.decode().split("\f")[:-1]


def words(text: str) -> str:
    """Undo ligatures, line breaks and spacing, which are the viewer's."""
    for ligature, letters in (("\ufb01", "fi"), ("\ufb02", "fl"), ("\ufb00", "ff")):
        text = text.replace(ligature, letters)
    return "".join(text.split())


def test_there_are_examples() -> None:
    assert {"board-deck", "hello-deck"} <= DOCUMENTS.keys()


@pytest.mark.parametrize("example", sorted(DOCUMENTS))
def test_each_slide_becomes_a_page_with_its_words(
    office: str, example: str, tmp_path: Path
) -> None:
    spec = parse_ir(DOCUMENTS[example])
    artifact = compile_artifact(ir=spec, assets={}, gates=GateSettings(), target="Pptx")
    pages = convert(office, artifact.data, "deck.pptx", tmp_path)
    assert len(pages) == len(spec.slides)
    for page, slide in zip(pages, spec.slides, strict=True):
        heading = slide.quote if slide.type == "quote" else slide.title
        assert words(heading) in words(page)


def test_a_text_opens_with_every_heading_cell_and_note(office: str, tmp_path: Path) -> None:
    found = words(
        "".join(convert(office, compiled_example("launch-memo").data, "a.docx", tmp_path))
    )
    document = json.loads(example("launch-memo").document)
    blocks = document["content"]
    wanted = [document["title"], *(source["text"] for source in document["sources"])]
    wanted += [block["text"] for block in blocks if block["type"] == "heading"]
    tables = [block for block in blocks if block["type"] == "table"]
    # Words that are broken between lines of a cell stand apart in the text of a page.
    wanted += [row[0].split()[0] for table in tables for row in table["rows"]]
    assert len(wanted) > 10
    assert [each for each in wanted if words(each) not in found] == []


def test_a_workbook_opens_with_its_values(office: str, tmp_path: Path) -> None:
    pages = convert(office, compiled_example("runway-model").data, "model.xlsx", tmp_path)
    assert len(pages) == 2
    for each in ("Models in burn", "2026-08-01", "-$121,550", "7.8%", "Income and burn by month"):
        assert words(each) in words(pages[0])
    for each in ("Months at the average burn", "$662,000", "8.4", "=SUM(a trap)", "Reconciled"):
        assert words(each) in words(pages[1])
