"""What Office files say of text in every script: languages, directions, fonts, and their sides."""

import io
import json
import re
import zipfile
from typing import Any

import pptx
import pytest
from artifactexamples import compiled
from scripttexts import EMOJI, SAMPLES
from venture_core.artifacts.doc.ir import DocSpec
from venture_core.artifacts.doc.pdf import draft
from venture_core.artifacts.doc.render.style import stylesheet
from venture_core.artifacts.documents import parse_ir
from venture_core.artifacts.officetext import by_direction, complex_font, east_asian_font, parts

ARABIC = "النمو أسرع (6%)!"


def deck(language: str, title: str = ARABIC) -> dict[str, Any]:
    table = {
        "columns": [{"header": title}, {"header": "Venture", "align": "right"}],
        "rows": [[title, "268"]],
    }
    chart = {
        "type": "bar",
        "categories": [title, "b"],
        "series": [{"name": title, "values": [1, 2]}],
    }
    return {
        "kind": "SlideSpec",
        "version": 1,
        "title": "Scripts",
        "language": language,
        "slides": [
            {"type": "bullets", "title": title, "bullets": [{"text": title}, {"text": "Venture!"}]},
            {"type": "table", "title": title, "altText": "x", "table": table},
            {"type": "chart", "title": title, "altText": "x", "chart": chart},
        ],
    }


def text(language: str, *words: str) -> dict[str, Any]:
    content = [{"type": "paragraph", "text": each} for each in words]
    return {
        "kind": "DocSpec",
        "version": 1,
        "title": "Scripts",
        "language": language,
        "content": content,
    }


def part(data: bytes, name: str) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        return package.read(name).decode()


@pytest.mark.parametrize(
    ("written", "language", "expected"),
    [
        ("plain", "en-US", [("plain", "en-US", False)]),
        (
            "see عربي (6%) now",
            "en-US",
            [("see ", "en-US", False), ("عربي (6%) ", "ar-SA", True), ("now", "en-US", False)],
        ),
        ("نمو Venture", "ar-EG", [("نمو ", "ar-EG", True), ("Venture", "ar-EG", False)]),
        ("سود", "fa", [("سود", "fa", True)]),
        ("中文 ok", "zh-TW", [("中文 ok", "zh-TW", False)]),
        ("収益の", "en", [("収益の", "ja-JP", False)]),
        ("收入", "en", [("收入", "zh-CN", False)]),
        ("राजस्व", "mr-IN", [("राजस्व", "mr-IN", False)]),
        ("매출", "de", [("매출", "ko-KR", False)]),
        ("", "de", [("", "de", False)]),
        ("6 % ; 😀", "de", [("6 % ; 😀", "de", False)]),
    ],
)
def test_runs_are_cut_where_the_language_changes(
    written: str, language: str, expected: list[tuple[str, str, bool]]
) -> None:
    assert [(each.text, each.language, each.right) for each in parts(written, language)] == expected


@pytest.mark.parametrize("written", [*SAMPLES.values(), *EMOJI])
def test_nothing_is_lost_where_runs_are_cut(written: str) -> None:
    mixed = f"a {written} b {ARABIC}"
    assert "".join(each.text for each in parts(mixed, "en")) == mixed
    assert "".join(each for each, _ in by_direction(mixed)) == mixed


def test_fonts_follow_the_language() -> None:
    assert [
        east_asian_font(tag) for tag in ("zh-Hans-CN", "zh-TW", "zh-Hant", "ja", "ko", "en")
    ] == [
        "Microsoft YaHei",
        "Microsoft JhengHei",
        "Microsoft JhengHei",
        "Yu Gothic",
        "Malgun Gothic",
        "",
    ]
    assert [complex_font(tag) for tag in ("ar", "fa-IR", "hi", "th", "en")] == [
        "Arial",
        "Arial",
        "Nirmala UI",
        "Leelawadee UI",
        "",
    ]


def test_a_deck_that_is_read_from_the_right_is_turned_round() -> None:
    ours, theirs = (compiled(deck(tag), "Pptx").data for tag in ("en-US", "ar-EG"))
    plain, turned = (pptx.Presentation(io.BytesIO(data)) for data in (ours, theirs))
    width = plain.slide_width
    for left, right in zip(plain.slide_layouts, turned.slide_layouts, strict=True):
        for one, other in zip(left.placeholders, right.placeholders, strict=True):
            assert other.left == width - one.left - one.width
            assert other.top == one.top
    master = part(theirs, "ppt/slideMasters/slideMaster1.xml")
    assert 'rtl="1"' in master
    assert master.count('algn="r"') > master.count('algn="l"')
    table = part(theirs, "ppt/slides/slide2.xml")
    assert re.search(r'<a:tblPr [^>]*rtl="1"', table)
    assert 'algn="l"' in table  # the column of numbers, which stands at the far side
    chart = next(
        part(theirs, name)
        for name in zipfile.ZipFile(io.BytesIO(theirs)).namelist()
        if re.fullmatch(r"ppt/charts/chart\d+\.xml", name)
    )
    assert '<c:orientation val="maxMin"/>' in chart


def test_a_paragraph_says_its_direction_where_it_is_not_the_decks() -> None:
    english = part(compiled(deck("en-US"), "Pptx").data, "ppt/slides/slide1.xml")
    assert english.count('rtl="1"') == 2
    assert 'lang="ar-SA"' in english
    arabic = part(compiled(deck("ar-EG"), "Pptx").data, "ppt/slides/slide1.xml")
    assert arabic.count('rtl="0"') == 1
    assert 'lang="ar-EG"' in arabic


def test_a_deck_names_fonts_for_every_script() -> None:
    theme = part(compiled(deck("ja", "収益の成長"), "Pptx").data, "ppt/theme/theme1.xml")
    assert '<a:ea typeface="Yu Gothic"/>' in theme
    assert '<a:font script="Arab" typeface="Arial"/>' in theme
    master = part(compiled(deck("ja", "収益"), "Pptx").data, "ppt/slideMasters/slideMaster1.xml")
    assert '<a:ea typeface="+mj-ea"/><a:cs typeface="+mj-cs"/>' in master


def test_a_text_marks_runs_that_go_from_the_right() -> None:
    words = part(compiled(text("en-US", f"see {ARABIC} now"), "Docx").data, "word/document.xml")
    assert f'<w:r><w:rPr><w:rtl/></w:rPr><w:t xml:space="preserve">{ARABIC} </w:t></w:r>' in words
    assert '<w:r><w:t xml:space="preserve">see </w:t></w:r>' in words


def test_a_paragraph_begins_where_its_first_letter_asks_for() -> None:
    words = part(compiled(text("en-US", ARABIC, f"see {ARABIC}"), "Docx").data, "word/document.xml")
    assert words.count("<w:bidi/>") == 1
    assert words.index("<w:bidi/>") < words.index("النمو") < words.index("see ")
    signed = part(compiled(text("en-US", f"& {ARABIC}"), "Docx").data, "word/document.xml")
    assert signed.count("<w:bidi/>") == 1


def test_columns_of_a_text_stand_at_the_sides_that_its_language_has() -> None:
    def sheet(language: str) -> str:
        spec = parse_ir(json.dumps(text(language, "x")).encode())
        assert isinstance(spec, DocSpec)
        return stylesheet(draft(spec, {}).plan)

    assert ".left { text-align: left }" in sheet("en")
    assert ".left { text-align: right }" in sheet("ar")
    assert ".right { text-align: left;" in sheet("ar")


def test_a_text_names_fonts_of_its_language() -> None:
    styles = part(compiled(text("zh-Hant-TW", "收入"), "Docx").data, "word/styles.xml")
    assert 'w:eastAsia="Microsoft JhengHei"' in styles
    styles = part(compiled(text("th-TH", "รายได้"), "Docx").data, "word/styles.xml")
    assert 'w:cs="Leelawadee UI"' in styles
    assert 'w:eastAsia="L' not in styles
