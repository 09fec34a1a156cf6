"""Pages that people write as HTML: what the gates see of them, and the same bytes everywhere."""

import base64
import re
from typing import Any

import pytest
from artifactexamples import compiled, compiled_example
from venture_core.artifacts.gates import GateFailedError
from venture_core.artifacts.images import InvalidAssetError
from venture_core.artifacts.paged.toolchain import PAGED
from venture_core.artifacts.report.target import PDF

GOLDEN = "53ba64f769e39009b57597243674d0ce1d2dcf611fba1b962e96f0aa02b08e1a"
"""SHA-256 of the example. Whoever changes it raises the revision in paged/toolchain.py with it."""
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGM4AAAAwgDBBsBM0gAAAABJRU5ErkJggg=="
)


def pages(html: str, css: str = "", **fields: Any) -> dict[str, Any]:
    return {"kind": "HtmlSpec", "version": 1, "title": "T", "html": html, "css": css} | fields


def test_the_example_has_its_golden_digest() -> None:
    made = compiled_example("offer-pages")
    assert made.sha256 == GOLDEN
    assert made.toolchain is PAGED is PDF.toolchain_for("HtmlSpec")
    assert [each.name for each in made.gates] == [
        "contrast", "altText", "overflow", "headings", "links"
    ]  # fmt: skip


FOUND = {
    "no first heading": ("headings", "<h2>x</h2>", "", "line 1, <h2>: make it h1: it is the first"),
    "a heading left out": ("headings", "<h1>x</h1>\n<h3>y</h3>", "",
                           "line 2, <h3>: follows h1; make it h2"),
    "a blank heading": ("headings", "<h1> </h1>", "", "line 1, <h1>: is blank"),
    "no words for a picture": ("altText", "<p>\n<img src='asset:pixel' alt=' '></p>", "",
                               "line 2, <img>: has no alt"),
    "a link to nothing": ("links", "<p><a href='#gone'>x</a></p>", "",
                          "no element has the id gone"),
    "grey on white": ("contrast", "<p>x</p>", "p { color: #aaaaaa }",
                      "line 1, <p>: 10.5 pt text #AAAAAA on #FFFFFF has a contrast of 2.32:1 and "
                      "needs 4.5:1 (page 1)"),
    "dark on a dark cell": ("contrast", "<table><tr><td>x</td></tr></table>",
                            "tr { background: navy }", "on #000080"),
    "white on nothing": ("contrast", "<p><span>x</span></p>", "span { color: white }",
                         "#FFFFFF on #FFFFFF"),
    "a word wider than its cell": ("overflow", "<div><p>" + "x" * 80 + "</p></div>",
                                   "div { width: 2cm }", "is wider than its room"),
    "a line that may not break": ("overflow", "<p>" + "words " * 60 + "</p>",
                                  "p { white-space: nowrap }", "is wider than its room"),
    "a picture wider than the page": ("overflow", "<p><img src='asset:pixel' alt='x'></p>",
                                      "img { width: 300mm; max-width: none }",
                                      "the picture is wider"),
    "letters that no font has": ("overflow", "<p>x</p>\n<p>\U00013000\U00013001</p>", "",
                                 "line 2, <p>: the font has no letters for "
                                 "\u201c\U00013000\U00013001"),
}  # fmt: skip


@pytest.mark.parametrize(("gate", "html", "css", "message"), FOUND.values(), ids=FOUND)
def test_a_gate_names_the_line_and_what_to_change(
    gate: str, html: str, css: str, message: str
) -> None:
    with pytest.raises(GateFailedError, match=re.escape(message)) as caught:
        compiled(pages(html, css), "Pdf", **({"pixel": PIXEL} if "asset:pixel" in html else {}))
    assert [each.name for each in caught.value.results if not each.passed] == [gate]


def test_letters_of_the_head_are_looked_at_too() -> None:
    with pytest.raises(GateFailedError, match=r"header or page\.footer: the font has no letters"):
        compiled(pages("<p>x</p>", page={"header": "\U00013000"}), "Pdf")


def test_what_fits_passes() -> None:
    html = "<h1>x</h1><table><tr><th>a</th></tr><tr><td><ul><li>b</li></ul></td></tr></table>"
    made = compiled(pages(html + "<p><img src='asset:pixel' alt='a dot'></p>"), "Pdf", pixel=PIXEL)
    assert made.data.startswith(b"%PDF-1.7")


def test_a_picture_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(InvalidAssetError, match="asset pixel"):
        compiled(pages("<p><img src='asset:pixel' alt='x'></p>"), "Pdf", pixel=b"<svg/>")
