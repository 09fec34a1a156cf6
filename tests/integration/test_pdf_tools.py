"""PDFs as other programs see them: sound, their fonts within, their words to be found."""

import json
import re
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

PDFS = ("beta-brief", "hello-pages", "offer-pages", "treasury-report")
"""One of each kind of document that becomes a PDF."""


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


def test_the_words_of_a_deck_are_found_on_the_pages_of_their_slides(tmp_path: Path) -> None:
    file = tmp_path / "deck.pdf"
    file.write_bytes(compiled_example("hello-pages").data)
    slides = json.loads(example("hello-pages").document)["slides"]
    pages = run("pdftotext", "-layout", file, "-").split("\f")[:-1]
    assert len(pages) == len(slides)
    for page, slide in zip(pages, slides, strict=True):
        found = "".join(page.split())
        said = [slide["title"], *(each["text"] for each in slide.get("bullets", ()))]
        said += [cell for row in slide.get("table", {}).get("rows", ()) for cell in row]
        said += slide.get("chart", {}).get("categories", ())
        assert [each for each in said if "".join(each.split()) not in found] == []


def test_the_words_of_html_are_found_in_their_order(tmp_path: Path) -> None:
    file = tmp_path / "offer.pdf"
    file.write_bytes(compiled_example("offer-pages").data)
    html = json.loads(example("offer-pages").document)["html"]
    wanted = [" ".join(each.split()) for each in re.findall(r"<h[12][^>]*>([^<]+)</h", html)]
    found = " ".join(run("pdftotext", file, "-").split())
    places = [found.find(each) for each in wanted]
    assert len(places) > 3
    assert -1 not in places
    assert places == sorted(places)


def test_a_table_says_in_words_what_it_shows(tmp_path: Path) -> None:
    """On each of the pages over which it goes; a table without words says nothing."""
    table = {"type": "table", "columns": [{"header": "h"}], "altText": "Größe (in \\ Metern)"}
    rows = [[str(number)] for number in range(80)]
    content = [{**table, "rows": rows}, {**table, "rows": rows[:2], "altText": "Second"}]
    document = {"kind": "DocSpec", "version": 1, "title": "t", "content": content}
    file = tmp_path / "tables.pdf"
    file.write_bytes(compiled(document, "Pdf").data)
    told = json.loads(run("qpdf", "--json", "--json-key=qpdf", file))["qpdf"][1]
    tags = [each["value"] for each in told.values() if "value" in each]
    tables = [each for each in tags if isinstance(each, dict) and each.get("/S") == "/Table"]
    summaries = [each["/A"]["/Summary"] for each in tables]
    assert summaries == ["u:Größe (in \\ Metern)"] * 3 + ["u:Second"]
    assert "No syntax or stream encoding errors found" in run("qpdf", "--check", file)


FACES = {
    "Arial": "Arimo", "Calibri": "Carlito", "Cambria": "Caladea", "Inter": "Inter", "Lato": "Lato",
    "Open Sans": "Open-?Sans", "Roboto": "Roboto", "Times New Roman": "Tinos",
}  # fmt: skip


@pytest.mark.parametrize("family", FACES)
def test_bold_italics_are_both(family: str, tmp_path: Path) -> None:
    runs = [
        {"text": "upright "},
        {"text": "slanted ", "italic": True},
        {"text": "both", "bold": True, "italic": True},
    ]
    theme = {"fonts": {"heading": family, "body": family}}
    content = [{"type": "paragraph", "text": runs}]
    document = {"kind": "DocSpec", "version": 1, "title": "t", "content": content, "theme": theme}
    file = tmp_path / "both.pdf"
    file.write_bytes(compiled(document, "Pdf").data)
    fonts = [line.split()[0].partition("+")[2] for line in run("pdffonts", file).splitlines()[2:]]
    both = [
        font for font in fonts if re.fullmatch(rf"{FACES[family]}-Bold-?(Italic|Oblique)", font)
    ]
    assert len(both) == 1, fonts
