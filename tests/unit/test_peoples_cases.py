"""What went wrong for people who make documents by program, in every kind that it concerns."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from artifactexamples import compiled
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from officepackages import parts_of
from pptx import Presentation
from soaking import examples
from venture_core.artifacts.documents import parse_ir
from venture_core.artifacts.gates import GateFailedError
from venture_core.artifacts.ir import InvalidIRError
from venture_core.artifacts.ir.values import is_blank

type Json = dict[str, Any]

UNSEEN = ("\u200b", "\ufeff", "\u00a0\u2060", "\u200f\u200e", "\u3164", "\u2800 ", "\ufe0f")


def deck(*slides: Json, **fields: Any) -> Json:
    return {"kind": "SlideSpec", "version": 1, "title": "t", "slides": list(slides)} | fields


def bullets(text: str, **fields: Any) -> Json:
    return {"type": "bullets", "title": "a", "bullets": [{"text": text}]} | fields


def doc(*content: Json) -> Json:
    return {"kind": "DocSpec", "version": 1, "title": "t", "content": list(content)}


def report(*blocks: Json) -> Json:
    return {"kind": "ReportSpec", "version": 1, "title": "t", "blocks": list(blocks)}


def test_the_master_of_notes_is_listed_behind_the_masters_of_slides() -> None:
    data = compiled(deck(bullets("b", notes="c")), "Pptx").data
    tree = etree.fromstring(parts_of(data)["ppt/presentation.xml"])
    names = [etree.QName(each).localname for each in tree]
    assert names[:3] == ["sldMasterIdLst", "notesMasterIdLst", "sldIdLst"]
    without = parts_of(compiled(deck(bullets("b")), "Pptx").data)["ppt/presentation.xml"]
    assert b"notesMaster" not in without


@pytest.mark.parametrize("text", UNSEEN)
def test_what_cannot_be_seen_is_missing(text: str) -> None:
    table = {"columns": [{"header": "h"}], "rows": [[text]]}
    chart = {"type": "bar", "categories": ["a"], "series": [{"name": "s", "values": [1]}]}
    cases: list[tuple[Json, str, str, str]] = [
        (deck(bullets("b", title=text)), "Pptx", "emptySlides", "title: is blank"),
        (deck(bullets(text)), "Pdf", "emptySlides", "bullets: has no text"),
        (deck({"type": "quote", "quote": text}), "Pptx", "emptySlides", "quote: is blank"),
        (
            deck({"type": "table", "title": "a", "altText": "x", "table": table}),
            "Pptx",
            "emptySlides",
            "table: has no row with text",
        ),
        (doc({"type": "heading", "text": text}), "Docx", "headings", "is blank"),
        (doc({"type": "heading", "text": text}), "Pdf", "headings", "is blank"),
        (report({"type": "chart", "chart": chart, "altText": text}), "Pdf", "altText", "altText"),
    ]
    for document, target, gate, message in cases:
        with pytest.raises(GateFailedError) as caught:
            compiled(document, target)
        failed = [each for each in caught.value.results if each.name == gate]
        assert not failed[0].passed
        assert message in " ".join(map(str, failed[0].findings))


@given(st.text(st.sampled_from([*"".join(UNSEEN), "a", "\u0301", "\ue000", "1"])))
@settings(max_examples=examples(100), deadline=None)
def test_one_letter_that_is_seen_is_enough(text: str) -> None:
    assert is_blank(text) is not any(each in "a1\u0301\ue000" for each in text)


@pytest.mark.parametrize("value", [268, 2.5, True])
def test_a_value_where_text_belongs_is_told_to_be_quoted(value: object) -> None:
    table: Json = {"columns": [{"header": "h"}], "rows": [[value]]}
    cases = {
        "/slides/0/table/rows/0/0": deck({"type": "table", "title": "a", "table": table}),
        "/content/0/rows/0/0": doc({"type": "table", **table}),
        "/slides/0/title": deck(bullets("b", title=value)),
    }
    for pointer, document in cases.items():
        with pytest.raises(InvalidIRError) as caught:
            parse_ir(json.dumps(document).encode())
        problem = caught.value.problems[0]
        assert problem.pointer == pointer
        assert problem.message == "the value is no string"
        assert 'in quotes, such as "268"' in problem.expected


@pytest.mark.parametrize("ending", ["\r\n", "\r", "\n"])
def test_lines_may_end_as_other_systems_end_them(ending: str) -> None:
    made = compiled(deck(bullets("b", notes=f"one{ending}two")), "Pptx")
    same = compiled(deck(bullets("b", notes="one\ntwo")), "Pptx")
    assert made.sha256 == same.sha256
    code = compiled(doc({"type": "code", "text": f"one{ending}two"}), "Docx")
    assert code.sha256 == compiled(doc({"type": "code", "text": "one\ntwo"}), "Docx").sha256


@pytest.mark.parametrize(
    ("document", "pointer", "expected"),
    [
        (deck(bullets("b\u0007c")), "/slides/0/bullets/0/text", "without control characters"),
        (deck(bullets("b", notes="a\u0000")), "/slides/0/notes", "other than line feeds"),
        (deck(bullets("b"), language="en_US"), "/language", "such as en-US"),
    ],
)
def test_what_cannot_be_written_has_a_place_and_a_mend(
    document: Json, pointer: str, expected: str
) -> None:
    with pytest.raises(InvalidIRError) as caught:
        parse_ir(json.dumps(document).encode())
    assert caught.value.problems[0].pointer == pointer
    assert expected in caught.value.problems[0].expected


def test_notes_are_there_for_who_opens_the_file() -> None:
    data = compiled(deck(bullets("b", notes="say this\nand that")), "Pptx").data
    slide = Presentation(io.BytesIO(data)).slides[0]
    assert slide.notes_slide.notes_text_frame.text == "say this\nand that"


@pytest.mark.parametrize(
    "version", ["1" * 5000, "-" + "9" * 5000, "1e999", "0x1", "1" * 400 + ".5"]
)
def test_a_version_that_no_reader_bears_is_a_wrong_document(version: str) -> None:
    text = json.dumps(deck(bullets("b"))).replace('"version": 1', f'"version": {version}')
    with pytest.raises(InvalidIRError) as caught:
        parse_ir(text.encode())
    assert caught.value.problems
