"""Every example deck opens in another office suite, which finds as many pages as it has slides."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from venture_core.artifacts.compile import compile_artifact
from venture_core.artifacts.documents import parse_ir
from venture_core.artifacts.gates import GateSettings

if TYPE_CHECKING:
    from venture_core.artifacts.deck.ir import SlideSpec

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
        "LibreOffice is missing: install the Debian packages libreoffice-impress and "
        "poppler-utils, or run this tier by `make test`, which installs them"
    )
    assert shutil.which("pdftotext"), "pdftotext is missing: install the package poppler-utils"
    return program


def convert(office: str, spec: SlideSpec, folder: Path) -> list[str]:
    """Render `spec`, convert it to PDF, and return the text of each page."""
    deck = folder / "deck.pptx"
    artifact = compile_artifact(ir=spec, assets={}, gates=GateSettings(), target="Pptx")
    deck.write_bytes(artifact.data)
    profile = f"-env:UserInstallation=file://{folder}/profile"
    arguments = ["--headless", "--convert-to", "pdf", "--outdir", str(folder), str(deck)]
    subprocess.run([office, profile, *arguments], check=True, timeout=CONVERTS_WITHIN_SECONDS)
    text = subprocess.run(
        ["pdftotext", "-layout", str(folder / "deck.pdf"), "-"], stdout=subprocess.PIPE, check=True
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
    pages = convert(office, spec, tmp_path)
    assert len(pages) == len(spec.slides)
    for page, slide in zip(pages, spec.slides, strict=True):
        heading = slide.quote if slide.type == "quote" else slide.title
        assert words(heading) in words(page)
