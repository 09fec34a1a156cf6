"""Text documents: what a DocSpec may say, what the gates find, and the .docx that comes out."""

import base64
import io
import json
import re
import zipfile
from time import process_time
from typing import Any

import docx
import pytest
from artifactexamples import compiled, compiled_example, example
from lxml import etree
from openpyxl import load_workbook  # type: ignore[import-untyped]
from venture_core.artifacts.doc.plan.planner import plan_document
from venture_core.artifacts.documents import parse_ir
from venture_core.artifacts.gates import GateFailedError
from venture_core.artifacts.images import InvalidAssetError
from venture_core.artifacts.ir import InvalidIRError

GOLDEN = "b4382b36ca1572869351417b9f5c1d2559581a489bc5f54e819775e6aae744b2"
"""SHA-256 of the example. Whoever changes it raises the revision in doc/target.py with it."""
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGM4AAAAwgDBBsBM0gAAAABJRU5ErkJggg=="
)
WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
HEADING = {"type": "heading", "text": "One"}


def doc(*content: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"kind": "DocSpec", "version": 1, "title": "T", "content": list(content)} | fields


def para(**run: Any) -> dict[str, Any]:
    return {"type": "paragraph", "text": [{"text": "words", **run}]}


def table(**fields: Any) -> dict[str, Any]:
    base = {"type": "table", "columns": [{"header": "A"}, {"header": "B"}], "rows": [["1", "2"]]}
    return base | {"altText": "what it shows"} | fields


def nested(levels: int) -> dict[str, Any]:
    item: dict[str, Any] = {"text": "deepest"}
    for _ in range(levels - 1):
        item = {"text": "above", "items": [item]}
    return {"type": "list", "items": [item]}


REFUSED = {
    "no content": (doc(), "/content"),
    "a type that is not": (doc({"type": "poem"}), "/content/0"),
    "a field that is not": (doc({**HEADING, "colour": "red"}), "/content/0/colour"),
    "a level that is not": (doc({**HEADING, "level": 7}), "/content/0/level"),
    "a number as text": (doc({"type": "paragraph", "text": 268}), "/content/0/text"),
    "a wrong run": (doc(para(bold="yes")), "/content/0/text/0/bold"),
    "a script for a link": (doc(para(link="javascript:alert(1)")), "/content/0/text/0/link"),
    "a file for a link": (doc(para(link="file:///etc/passwd")), "/content/0/text/0/link"),
    "a share for a link": (doc(para(link="\\\\host\\share")), "/content/0/text/0/link"),
    "a link with markup": (doc(para(link='https://x"><w:p/>')), "/content/0/text/0/link"),
    "no such source": (doc(para(cite="nobody")), "/content/0/text/0/cite"),
    "an id twice": (doc({**HEADING, "id": "a"}, {**HEADING, "id": "a"}), "/content/1/id"),
    "a short row": (doc(table(rows=[["1"]])), "/content/0/rows/0"),
    "thirteen columns": (doc(table(columns=[{"header": "A"}] * 13, rows=[])), "/content/0/columns"),
    "four levels of items": (doc(nested(4)), "/content/0/items/0/items/0/items/0/items"),
    "too many blocks": (doc(*[HEADING] * 3001), "/content"),
    "too long a line": (doc({"type": "paragraph", "text": "x" * 2001}), "/content/0/text"),
    "a control character": (doc({"type": "paragraph", "text": "a\u0000b"}), "/content/0/text"),
    "a line feed in a heading": (doc({**HEADING, "text": "a\nb"}), "/content/0/text"),
    "a paper that is not": (doc(HEADING, page={"size": "A0"}), "/page/size"),
    "a language that is not": (doc(HEADING, language="en_US"), "/language"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "pointer"), REFUSED.values(), ids=REFUSED)
def test_what_breaks_the_format_is_refused_where_it_is(content: Any, pointer: str) -> None:
    started = process_time()
    with pytest.raises(InvalidIRError) as caught:
        parse_ir(json.dumps(content).encode())
    assert caught.value.problems[0].pointer == pointer
    assert caught.value.problems[0].expected != "a valid value"
    assert process_time() - started < 2


FOUND = {
    "headings": [
        (doc({**HEADING, "level": 2}), "make it level 1"),
        (doc(HEADING, {**HEADING, "level": 3}), "follows one of level 1; make it level 2"),
        (doc({**HEADING, "text": " "}), "blank"),
    ],
    "altText": [(doc(table(altText="")), "has no altText")],
    "links": [(doc(para(link="#nowhere")), "no heading has the id nowhere")],
    "contrast": [(doc(HEADING, theme={"colors": {"primary": "#EEEEEE"}}), "needs 4.5:1")],
    "overflow": [
        (doc(table(columns=[{"header": "A", "weight": 12}, {"header": "W" * 60}])), "wider than"),
    ],
}


@pytest.mark.parametrize("gate", FOUND)
def test_a_gate_names_the_element_and_what_to_change(gate: str) -> None:
    for content, message in FOUND[gate]:
        with pytest.raises(GateFailedError, match=re.escape(message)) as caught:
            compiled(content, "Docx")
        assert [each.name for each in caught.value.results if not each.passed] == [gate]
        assert "slide" not in str(caught.value)


def test_the_example_has_its_golden_digest() -> None:
    made = compiled_example("launch-memo")
    assert made.sha256 == GOLDEN
    assert [each.name for each in made.gates] == [
        "contrast", "altText", "overflow", "headings", "links"
    ]  # fmt: skip


def parts(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_every_part_is_named_and_every_reference_leads_somewhere() -> None:
    found = parts(compiled_example("launch-memo").data)
    types = found["[Content_Types].xml"].decode()
    for name, data in found.items():
        if name.endswith((".xml", ".rels")):
            etree.fromstring(data)
        assert f'PartName="/{name}"' in types or f'Extension="{name.rpartition(".")[2]}"' in types
    rels = etree.fromstring(found["word/_rels/document.xml.rels"])
    ids = {each.get("Id"): each for each in rels}
    for each in rels:
        if each.get("TargetMode") == "External":
            assert each.get("Type", "").endswith("/hyperlink")
        else:
            assert f"word/{each.get('Target')}" in found
    text = found["word/document.xml"].decode()
    assert set(re.findall(r'r:(?:id|embed)="(\w+)"', text)) <= ids.keys()
    anchors = set(re.findall(r'w:anchor="([^"]+)"', text))
    assert anchors <= set(re.findall(r'<w:bookmarkStart [^>]*w:name="([^"]+)"', text))
    notes = set(re.findall(r'<w:footnoteReference w:id="(\d+)"', text))
    assert notes == {"1", "2"}
    assert notes == set(
        re.findall(r'<w:footnote w:id="(\d+)"', found["word/footnotes.xml"].decode())
    )


def test_a_word_processor_finds_styles_levels_and_repeated_heads() -> None:
    native = docx.Document(io.BytesIO(compiled_example("launch-memo").data))
    styles = [paragraph.style.name for paragraph in native.paragraphs]
    assert styles[:3] == ["Title", "Subtitle", "Byline"]
    assert {"heading 1", "heading 2", "toc 1", "Caption", "Code", "Quote", "Note"} <= {
        style.lower() if style.startswith("Heading") else style for style in styles
    }
    assert native.core_properties.title == "Launching the beta"
    assert native.core_properties.language == "en-US"
    assert len(native.tables) == 2
    for each in native.tables:
        assert each._tbl.tr_lst[0].find(f"{WORD}trPr/{WORD}tblHeader") is not None
    (picture,) = native.inline_shapes
    assert picture._inline.docPr.get("descr").startswith("Four boxes")


def test_text_from_the_right_is_set_from_the_right() -> None:
    content = doc({**HEADING, "text": "النمو أسرع (6%)!"}, table(), language="ar")
    found = parts(compiled(content, "Docx").data)
    assert b"<w:bidi/>" in found["word/styles.xml"]
    assert b"<w:bidiVisual/>" in found["word/document.xml"]
    assert b"<w:bidi/>" in found["word/document.xml"]


@pytest.mark.parametrize("palette", ["Harbor", "Evergreen", "Ember", "Graphite"])
def test_every_palette_is_legible_on_paper(palette: str) -> None:
    content = json.loads(example("launch-memo").document) | {"theme": {"palette": palette}}
    assert compiled(content, "Docx").gates[0].passed


def test_a_logo_stands_at_the_head_of_every_page() -> None:
    found = parts(compiled(doc(HEADING, theme={"logo": "logo"}), "Docx", logo=PIXEL).data)
    for name in ("header1.xml", "header2.xml"):
        assert b"<w:drawing>" in found[f"word/{name}"]
        assert b"media/" in found[f"word/_rels/{name}.rels"]


def test_a_picture_that_is_none_is_refused_by_name() -> None:
    figure = {"type": "figure", "image": "logo", "altText": "a logo"}
    bomb = b"\x89PNG\r\n\x1a\n" + b"\0" * 100
    with pytest.raises(InvalidAssetError, match="asset logo"):
        compiled(doc(figure), "Docx", logo=bomb)


def test_a_long_table_takes_time_in_proportion() -> None:
    def seconds(rows: int) -> float:
        """Return the processor's time, which others on the machine do not take."""
        content = doc(table(rows=[["text of a cell", str(row)] for row in range(rows)]))
        started = process_time()
        compiled(content, "Docx")
        return process_time() - started

    seconds(10)
    assert seconds(5000) < 40 * max(seconds(500), 0.05)


BAR = {"type": "bar", "categories": ["a", "b"], "series": [{"name": "s", "values": [1, 2]}]}


def chart(**fields: Any) -> dict[str, Any]:
    return {"type": "chart", "altText": "b is twice a", "chart": BAR} | fields


def test_a_chart_is_native_with_its_workbook_and_its_words() -> None:
    found = parts(compiled(doc(HEADING, chart(caption="c")), "Docx").data)
    assert {name for name in found if "chart" in name} == {
        "word/charts/chart4.xml",
        "word/charts/_rels/chart4.xml.rels",
        "word/embeddings/chart4.xlsx",
    }
    tree = etree.fromstring(found["word/charts/chart4.xml"])
    drawn = {etree.QName(each).localname: each for each in tree.iter("{*}barChart", "{*}ptCount")}
    assert drawn.keys() == {"barChart", "ptCount"}
    colors = {each.get("val") for each in tree.iter("{*}schemeClr")}
    assert colors <= {"tx1", "tx2", "bg1", "accent1"}  # the theme's, which the file now has
    assert not list(tree.iter("{*}srgbClr"))
    document = found["word/document.xml"].decode()
    assert 'descr="b is twice a"' in document
    assert "Figure " in document
    sheet = load_workbook(io.BytesIO(found["word/embeddings/chart4.xlsx"]))["Sheet1"]
    assert [[cell.value for cell in row] for row in sheet] == [[None, "s"], ["a", 1], ["b", 2]]


def test_figures_and_tables_are_counted_by_their_captions() -> None:
    content = [chart(), chart(caption="x"), table(), table(caption="y"), chart(caption="z")]
    plan = plan_document(parse_ir(json.dumps(doc(*content)).encode()), {})
    assert [each.number for each in plan.blocks] == [0, 1, 0, 1, 2]
    data = compiled(doc(*content), "Docx").data
    assert b"Figure 2" in "".join(re.findall(r"<w:t[^>]*>([^<]*)", text_of(data))).encode()


def text_of(data: bytes) -> str:
    return parts(data)["word/document.xml"].decode()


@pytest.mark.parametrize("target", ["Docx", "Pdf"])
@pytest.mark.parametrize(
    ("block", "gate", "message"),
    [
        (chart(altText=" "), "altText", "content[0] (chart) has no altText"),
        (
            chart(chart={**BAR, "series": [{"name": "s", "values": [None, None]}]}),
            "overflow",
            "content[0].chart has no value to draw",
        ),
        (
            chart(chart={**BAR, "categories": ["a", "W" * 60]}),
            "overflow",
            "content[0].chart.categories[1] the label finds no room",
        ),
    ],
)
def test_a_chart_has_its_gates(target: str, block: dict[str, Any], gate: str, message: str) -> None:
    with pytest.raises(GateFailedError) as caught:
        compiled(doc(block), target)
    failed = [each for each in caught.value.results if not each.passed]
    assert [each.name for each in failed] == [gate]
    assert message.replace(" ", "") in str(failed[0].findings[0]).replace(":", "").replace(" ", "")


def test_a_chart_that_is_not_sound_is_refused_where_it_is() -> None:
    short = chart(chart={**BAR, "categories": ["a"]})
    with pytest.raises(InvalidIRError) as caught:
        parse_ir(json.dumps(doc(HEADING, short)).encode())
    assert caught.value.problems[0].pointer == "/content/1/chart/series/0/values"
