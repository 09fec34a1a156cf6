"""A DocSpec as PDF: tagged, with bookmarks, its words and links, and the same bytes everywhere."""

import base64
import json
import re
import subprocess
import sys
import zlib
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest
from artifactexamples import compiled, compiled_example, example
from fontTools.ttLib import TTFont
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ImageFile
from scripttexts import EMOJI, SAMPLES
from soaking import examples
from venture_core.artifacts import native
from venture_core.artifacts.compile import compile_artifact
from venture_core.artifacts.doc.ir import DocSpec
from venture_core.artifacts.doc.pdf import draft
from venture_core.artifacts.doc.render.html import page
from venture_core.artifacts.doc.render.style import stylesheet
from venture_core.artifacts.documents import parse_ir
from venture_core.artifacts.fonts.faces import PAGED_DIGEST, folders
from venture_core.artifacts.fonts.fallbacks import seen
from venture_core.artifacts.gates import GateFailedError
from venture_core.artifacts.layouts import LayoutError
from venture_core.artifacts.native import MissingLibraryError
from venture_core.artifacts.paged.markup import add, html_bytes, node
from venture_core.artifacts.paged.pdf import lay_out
from venture_core.artifacts.paged.toolchain import PAGED
from venture_core.artifacts.report.target import PDF
from venture_core.canonical import sha256_hex

if TYPE_CHECKING:
    from pathlib import Path

GOLDEN = "70108d819d828afcb95353e0a7c3e71eab41a4b9063dbedd86439b2e42093e8a"
"""SHA-256 of the example. Whoever changes it raises the revision in paged/toolchain.py with it."""
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGM4AAAAwgDBBsBM0gAAAABJRU5ErkJggg=="
)


def doc(*content: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"kind": "DocSpec", "version": 1, "title": "T", "content": list(content)} | fields


def spec(*content: dict[str, Any], **fields: Any) -> DocSpec:
    read = parse_ir(json.dumps(doc(*content, **fields)).encode())
    assert isinstance(read, DocSpec)
    return read


def objects(data: bytes) -> str:
    """Return all that a PDF says outside and inside of its streams, as far as it is text."""
    inside = []
    for packed in re.findall(rb"stream\n(.*?)\nendstream", data, re.DOTALL):
        try:
            inside.append(zlib.decompress(packed))
        except zlib.error:
            inside.append(packed)
    return b"\n".join((data, *inside)).decode("latin-1")


def test_the_example_has_its_golden_digest() -> None:
    made = compiled_example("beta-brief")
    assert made.media_type == "application/pdf"
    assert made.sha256 == GOLDEN
    assert [each.name for each in made.gates] == [
        "contrast", "altText", "overflow", "headings", "links"
    ]  # fmt: skip


def test_the_toolchain_is_that_of_the_kind_and_of_the_image() -> None:
    assert PDF.toolchain_for("DocSpec") is PAGED
    assert PDF.toolchain_for("ReportSpec").name == "pdf"
    PAGED.verify_installed()
    one, other = PAGED.id_on("registry/compiler@sha256:1"), PAGED.id_on("registry/compiler:2")
    assert one != other
    assert PAGED.made(one)
    assert PAGED.made(other)
    assert not PAGED.made(PAGED.id)
    assert not PAGED.made(PDF.toolchain.id)
    assert PDF.toolchain.id_on("whichever") == PDF.toolchain.id
    assert PDF.toolchain.made(PDF.toolchain.id)
    assert not PDF.toolchain.made(f"{PDF.toolchain.id} image-0")
    assert len(one) <= 512
    assert compiled_example("beta-brief").toolchain is PAGED


def test_the_font_files_are_those_that_the_toolchain_names() -> None:
    files = sorted(folders()[1].glob("*.ttf"))
    assert sha256_hex(b"".join(file.read_bytes() for file in files))[:16] == PAGED_DIGEST


@pytest.mark.parametrize("style", ["regular", "bold"])
def test_the_type_of_one_width_has_the_letters_of_the_family_that_is_asked(style: str) -> None:
    upright, paged, _ = folders()
    lacking = set(measured(upright, "arial")) - set(
        TTFont(paged / f"cousine-{style}.ttf").getBestCmap()
    )
    # Hyphens, which the next font that has them draws.
    assert lacking == {0x2010, 0x2011}


def measured(upright: Path, name: str) -> list[int]:
    """Return the letters whose widths are known."""
    table = json.loads((upright.parent / "data" / f"{name}.json").read_text())["regular"]
    return [
        letter
        for start, widths in table.items()
        for letter in range(int(start, 16), int(start, 16) + len(widths))
    ]


@pytest.mark.parametrize(
    "name", ["arial", "calibri", "cambria", "inter", "lato", "open-sans", "roboto",
             "times-new-roman"],
)  # fmt: skip
@pytest.mark.parametrize("style", ["italic", "bold-italic"])
def test_italics_have_the_letters_of_the_upright(name: str, style: str) -> None:
    upright, paged, _ = folders()
    letters = TTFont(paged / f"{name}-{style}.ttf").getBestCmap()
    lacking = set(measured(upright, name)) - set(letters)
    # Six letters of Caladea are drawn by the next font that has them.
    assert len(lacking) == (6 if name == "cambria" else 0)


def test_the_file_is_tagged_and_says_what_it_is() -> None:
    told = objects(compiled_example("beta-brief").data)
    for part in (
        "/StructTreeRoot", "/MarkInfo <</Marked true>>", "/Lang (en-GB)", "/DisplayDocTitle true",
        "pdfuaid:part", "/Title (What the beta taught us)", "/Author (Ada Verne)",
        "/CreationDate (D:20000101000000Z)", "/S /H1", "/S /TH", "/S /L", "/S /Figure",
        "/Alt (Bars for twelve weeks", "/Outlines", "(https://www.w3.org/TR/WCAG22/)",
        "(mailto:ada@larkfield.example)",
    ):  # fmt: skip
        assert part in told.replace("<< ", "<<"), part
    assert "/JavaScript" not in told
    assert "/EmbeddedFile" not in told


MARKUP = "</p><script>x</script><img src='file:///etc/passwd'> \\0041 \"; } @import 'x'; &amp; <!--"


def everything(text: str) -> dict[str, Any]:
    """Put a text wherever a document takes one."""
    return doc(
        {"type": "heading", "text": text},
        {"type": "paragraph", "text": [{"text": text, "cite": "s", "bold": True, "italic": True}]},
        {"type": "list", "items": [{"text": text, "items": [{"text": text}]}]},
        {"type": "table", "columns": [{"header": text[:60]}], "rows": [[text]], "caption": text,
         "altText": text},
        {"type": "figure", "image": "pixel", "widthPercent": 10, "caption": text, "altText": text},
        {"type": "quote", "text": text or "-", "author": text},
        {"type": "code", "text": text},
        {"type": "note", "text": text},
        title=text or "-", subtitle=text, author=text, date=text[:60], contents=True,
        page={"header": text, "footer": text}, sources=[{"id": "s", "text": text}],
    )  # fmt: skip


def shape(document: dict[str, Any]) -> list[str]:
    """Return the tags of a document's HTML, as another parser reads them."""
    import tinyhtml5

    planned = draft(parse_ir(json.dumps(document).encode()), {"pixel": PIXEL}).plan
    tree = tinyhtml5.parse(html_bytes(page(planned)), namespace_html_elements=False)
    return [element.tag for element in tree.iter()]


lines = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp")), min_size=1, max_size=40
) | st.text("<>&\"'/!-= apscrit", min_size=1, max_size=40)  # fmt: skip


@settings(max_examples=examples(80))
@given(lines)
def test_no_text_is_ever_markup(text: str) -> None:
    if not text.strip():
        return
    assert shape(everything(text)) == shape(everything("words"))


def test_no_text_gets_into_the_stylesheet() -> None:
    planned = draft(parse_ir(json.dumps(everything(MARKUP[:80])).encode()), {"pixel": PIXEL}).plan
    other = draft(parse_ir(json.dumps(everything("words")).encode()), {"pixel": PIXEL}).plan
    assert stylesheet(planned) == stylesheet(other)


def test_a_text_that_looks_like_markup_is_laid_out() -> None:
    assert compiled(everything(MARKUP[:80]), "Pdf", pixel=PIXEL).data.startswith(b"%PDF-1.7")


@pytest.mark.parametrize(
    ("text", "place"),
    [("\U00013000", r"content\[0\] \(heading\)"), ("བོད", r"content\[0\] \(heading\)"),
     ("\U0002070e", r"content\[0\] \(heading\)")],
)  # fmt: skip
def test_letters_that_no_font_has_are_found(text: str, place: str) -> None:
    with pytest.raises(GateFailedError, match=f"{place}: the font has no letters"):
        compiled(doc({"type": "heading", "text": text}), "Pdf")
    assert compiled(doc({"type": "heading", "text": text}), "Docx").data


def test_what_the_gate_lets_through_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    lay_out(body(node("p", None, "x")), "", {})
    from weasyprint.pdf import fonts

    boxes: list[int] = []
    monkeypatch.setattr(fonts.Font, "get_unused_glyph_id", lambda _, code: boxes.append(code) or 1)
    texts = [*SAMPLES.values(), " ".join(EMOJI)]
    content = [
        *({"type": "paragraph", "text": text} for text in texts),
        *({"type": "heading", "text": text} for text in texts),
        {"type": "code", "text": "\n".join(texts)},
    ]
    document = {"kind": "DocSpec", "version": 1, "title": "Scripts", "content": content}
    compiled(document, "Pdf")
    # What joins letters has no glyph of its own.
    assert {code for code in boxes if seen(chr(code))} == set()


def test_letters_are_looked_for_in_every_text() -> None:
    found = {
        str(finding)
        for result in draft(
            parse_ir(json.dumps(everything("\U00013000")).encode()), {"pixel": PIXEL}
        ).run_gates(_all_gates())
        for finding in result.findings
        if result.name == "overflow"
    }
    assert len(found) == 8 + 3


def _all_gates() -> Any:
    from venture_core.artifacts.gates import GateSettings

    return GateSettings()


def body(*children: Any) -> ElementTree.Element:
    return node("html", {"lang": "en"}, node("head"), node("body", None, *children))


@pytest.mark.parametrize(
    "address",
    ["file:///etc/passwd", "https://example.com/a.png", "data:image/png;base64,AAAA", "asset:other",
     "/etc/passwd", "ftp://example.com/a", "asset:../pixel"],
)  # fmt: skip
def test_nothing_is_fetched_but_assets(address: str) -> None:
    picture = node("img", {"src": address, "alt": "x"})
    if address.startswith("/"):
        # Nothing is relative to anything: it is not even asked for.
        assert b"passwd" not in lay_out(body(picture), "", {"pixel": PIXEL}).to_pdf()
        return
    with pytest.raises(LayoutError, match="which is no asset"):
        lay_out(body(picture), "", {"pixel": PIXEL})
    for css in (f"p {{ background: url('{address}') }}", f"@import url('{address}');"):
        with pytest.raises(LayoutError, match="which is no asset"):
            lay_out(body(node("p", None, "x")), css, {"pixel": PIXEL})


def test_pictures_that_are_cut_off_count_as_broken_beside_it() -> None:
    lay_out(body(node("p", None, "x")), "", {})
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


def test_pages_without_end_are_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("venture_core.artifacts.paged.pdf.MAX_PAGES", 5)
    leaves = [node("p", {"style": "break-after: page"}, "x") for _ in range(9)]
    with pytest.raises(LayoutError, match="more than 5 pages"):
        lay_out(body(*leaves), "", {})


@pytest.mark.parametrize(
    "style", ["display: flex", "display: flex; flex-direction: column", "columns: 2"]
)
def test_boxes_that_multiply_those_within_them_are_ended(
    monkeypatch: pytest.MonkeyPatch, style: str
) -> None:
    monkeypatch.setattr("venture_core.artifacts.paged.budget.STEPS_AT_MOST", 400)
    row = node("div", {"style": style}, node("p", None, "x"))
    lay_out(body(row), "", {})
    for _ in range(12):
        row = node("div", {"style": style, "data-line": "7"}, node("p", None, "x"), row)
    with pytest.raises(LayoutError, match=r"line 7, <div>, is laid out too often|too deep"):
        lay_out(body(row), "", {})


@pytest.mark.parametrize("size", ["0.0001pt", "90000pt"])
def test_letters_of_no_size_are_refused(size: str) -> None:
    with pytest.raises(LayoutError, match="letters come to"):
        lay_out(body(node("p", {"style": f"font-size: {size}"}, "x")), "", {})


def test_a_machine_without_pango_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "PANGO", ("libpango-nowhere.so.0",))
    document = spec({"type": "heading", "text": "One"})
    with pytest.raises(MissingLibraryError) as caught:
        compile_artifact(ir=document, assets={}, gates=_all_gates(), target="Pdf")
    assert str(caught.value) == (
        "this document is set by Pango, and libpango-nowhere.so.0 is not on this machine: install "
        "the Debian package libpangoft2-1.0-0, or what your system calls it"
    )


def test_other_targets_do_not_pay_for_it() -> None:
    code = (
        "import sys, json; from venture_core.artifacts.compile import compile_artifact\n"
        "from venture_core.artifacts.documents import parse_ir\n"
        "from venture_core.artifacts.gates import GateSettings\n"
        "import venture_core.artifacts.targets\n"
        "ir = parse_ir(json.dumps({'kind': 'DocSpec', 'version': 1, 'title': 'T', 'content': "
        "[{'type': 'heading', 'text': 'x'}]}).encode())\n"
        "compile_artifact(ir=ir, assets={}, gates=GateSettings(), target='Docx')\n"
        "print({'weasyprint', 'cffi', 'fontTools', 'tinycss2'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_children_stand_in_their_order() -> None:
    made = node("p", None, "a", node("b", None, "c"), "d", "e")
    add(made, node("i"), "f")
    assert ElementTree.tostring(made) == b"<p>a<b>c</b>de<i />f</p>"


def test_the_right_to_left_is_mirrored() -> None:
    planned = draft(spec({"type": "heading", "text": "x"}, language="he"), {}).plan
    css = stylesheet(planned)
    assert "@top-right" in css
    assert "border-right: 3pt" in css
    assert b'dir="rtl"' in html_bytes(page(planned))
    assert "@near" not in css


@pytest.mark.parametrize("palette", ["Harbor", "Evergreen", "Ember", "Graphite"])
def test_every_palette_is_legible_on_paper(palette: str) -> None:
    content = json.loads(example("beta-brief").document) | {"theme": {"palette": palette}}
    assert compiled(content, "Pdf").gates[0].passed
