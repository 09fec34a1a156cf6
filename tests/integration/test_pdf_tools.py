"""PDFs as other programs see them: sound, their fonts within, their words to be found."""

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from artifactexamples import compiled, compiled_example, example
from hostilepages import MARKUP, report
from venture_core.artifacts.documents import parse_ir
from venture_core.artifacts.drawing.scene import Words
from venture_core.artifacts.report.ir import ReportSpec
from venture_core.artifacts.report.plan.report import plan_report

if TYPE_CHECKING:
    from pathlib import Path

PDFS = ("beta-brief", "hello-pages", "treasury-report")


def run(program: str, *arguments: str | Path) -> str:
    path = shutil.which(program)
    assert path, (
        f"{program} is missing: install the Debian packages poppler-utils and qpdf, or run this "
        "tier by `make test`, which installs them"
    )
    done = subprocess.run([path, *arguments], check=True, stdout=subprocess.PIPE, timeout=60)
    return done.stdout.decode()


@pytest.fixture(params=PDFS)
def pdf(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    file = tmp_path / f"{request.param}.pdf"
    file.write_bytes(compiled_example(request.param).data)
    return file


def test_the_file_is_sound(pdf: Path) -> None:
    assert "No syntax or stream encoding errors found" in run("qpdf", "--check", pdf)


def test_every_font_is_within_and_can_be_read_back(pdf: Path) -> None:
    lines = run("pdffonts", pdf).splitlines()[2:]
    assert lines
    for line in lines:
        embedded, subset, unicode = line.split()[-5:-2]
        assert (embedded, subset, unicode) == ("yes", "yes", "yes"), line


def test_the_words_of_a_report_are_found_on_their_pages(tmp_path: Path) -> None:
    file = tmp_path / "report.pdf"
    file.write_bytes(compiled_example("treasury-report").data)
    spec = parse_ir(example("treasury-report").document)
    assert isinstance(spec, ReportSpec)
    planned = plan_report(spec, {}).pages
    pages = run("pdftotext", "-layout", file, "-").split("\f")[:-1]
    assert len(pages) == len(planned)
    for page, scene in zip(pages, planned, strict=True):
        found = "".join(page.split())
        for shape in scene.shapes:
            if isinstance(shape, Words):
                assert "".join(shape.text.split()) in found


def test_the_properties_are_those_of_the_document(tmp_path: Path) -> None:
    file = tmp_path / "report.pdf"
    file.write_bytes(compiled_example("treasury-report").data)
    told = run("pdfinfo", "-isodates", file)
    assert "Treasury report, third quarter 2026" in told
    assert "Larkfield finance" in told
    assert "2000-01-01T00:00:00Z" in told
    outline = run("qpdf", "--json", "--json-key=outlines", file)
    assert '"title": "Statement of account"' in outline


def test_texts_that_look_like_markup_stay_texts(tmp_path: Path) -> None:
    document, target, _ = report({"type": "paragraph", "text": MARKUP}, title=MARKUP)
    file = tmp_path / "report.pdf"
    file.write_bytes(compiled(document, target).data)
    assert "No syntax or stream encoding errors found" in run("qpdf", "--check", file)
    assert "".join(MARKUP.split()) in "".join(run("pdftotext", file, "-").split())
    assert "JavaScript:      no" in run("pdfinfo", file)


def test_the_words_of_a_text_are_found_in_their_order(tmp_path: Path) -> None:
    file = tmp_path / "brief.pdf"
    file.write_bytes(compiled_example("beta-brief").data)
    found = " ".join(run("pdftotext", file, "-").split())
    words = (
        "What the beta taught us", "In one page", "1. Larkfield: events of the beta", "Page 1 of 3",
        "Figure 1: Partners who were active", "Table 1: Work that ended", "$0.24", "Page 2 of 3",
        "One statement fits any Job", "https://www.w3.org/TR/WCAG22/", "Page 3 of 3",
    )  # fmt: skip
    places = [found.find(each) for each in words]
    assert -1 not in places
    assert places == sorted(places)
    told = run("pdfinfo", "-struct", file)
    for part in ("H1", "H2", "Table", "TH", "Figure", "LBody", "Link"):
        assert part in told
    outline = run("qpdf", "--json", "--json-key=outlines", file)
    assert '"title": "What we change"' in outline
