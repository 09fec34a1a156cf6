"""What went wrong for people who make documents by program, in every kind that it concerns."""

from __future__ import annotations

import io
import json
import re
from itertools import combinations
from typing import Any

import pytest
from artifactexamples import compiled
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from officepackages import parts_of
from openpyxl import load_workbook  # type: ignore[import-untyped]
from pptx import Presentation
from soaking import examples
from venture_core.artifacts.colors import (
    SERIES_DIFFERENCE,
    SERIES_ROLES,
    color_scheme,
    difference,
    on_paper,
)
from venture_core.artifacts.compile import draft_artifact
from venture_core.artifacts.deck.plan.model import TextElement
from venture_core.artifacts.deck.plan.planner import plan_deck
from venture_core.artifacts.documents import parse_ir
from venture_core.artifacts.drawing.scene import Words
from venture_core.artifacts.gates import GateFailedError
from venture_core.artifacts.ir import InvalidIRError
from venture_core.artifacts.ir.charts import NumberFormat
from venture_core.artifacts.ir.theme import PaletteName, Theme
from venture_core.artifacts.ir.values import is_blank
from venture_core.artifacts.numbers import MAX_DECIMALS, misleading, resolved

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


def bars(values: list[float | None], **fields: Any) -> Json:
    series = [{"name": "s", "values": values}]
    categories = [f"c{at}" for at in range(len(values))]
    chart = {"type": "bar", "categories": categories, "series": series, "valueLabels": True}
    return {"type": "chart", "title": "a", "altText": "x", "chart": chart | fields}


def words_of(document: Json) -> list[str]:
    """Return the words of the first page of its PDF."""
    spec = parse_ir(json.dumps(document).encode())
    drawing = draft_artifact(ir=spec, assets={}, target="Pdf").drawing()
    assert drawing is not None
    return [shape.text for shape in drawing.scenes[0].shapes if isinstance(shape, Words)]


def native_chart(slide: Json) -> Any:
    shapes = Presentation(io.BytesIO(compiled(deck(slide), "Pptx").data)).slides[0].shapes
    return next(shape.chart for shape in shapes if shape.has_chart)


MONEY: Json = {"style": "currency"}
TOLD: list[tuple[list[float | None], Json, list[str]]] = [
    ([3.6, 4.4], {}, ["3.6", "4.4"]),
    ([240_000, 1_200_000], {**MONEY, "scale": "millions"}, ["$0.24M", "$1.20M"]),
    ([0.004, 0.31], {"style": "percent"}, ["0.4%", "31.0%"]),
    ([0.5, 12], MONEY, ["$0.50", "$12.00"]),
    ([2, 3, None, 30], {}, ["2", "3", "30"]),
    ([1234.6, 98.0], {}, ["1,235", "98"]),
    ([-0.26, 0.0], {}, ["-0.26", "0.00"]),
]


@pytest.mark.parametrize(("values", "form", "labels"), TOLD)
def test_labels_have_the_decimals_that_the_values_need(
    values: list[float | None], form: Json, labels: list[str]
) -> None:
    slide = bars(values, numberFormat=form)
    assert [each for each in words_of(deck(slide)) if each in labels] == labels
    code = native_chart(slide).plots[0].series[0].data_labels.number_format
    decimals = re.search(r"0\.(0+)", code.partition(";")[0])
    wanted = labels[0].partition(".")[2].rstrip("MK%")
    assert len(decimals[1] if decimals else "") == len(wanted)


MISLEADING: list[tuple[list[float | None], Json, str]] = [
    ([3.6, 4.4], {"decimals": 0}, "3.6 and 4.4 both show as 4"),
    ([240_000, 5e6], {**MONEY, "scale": "millions", "decimals": 0}, "240000 shows as $0M"),
    ([0.004, 0.3], {"style": "percent", "decimals": 0}, "0.004 shows as 0%"),
    ([0.00001, 5], {}, "1e-05 shows as 0.0000"),
]


@pytest.mark.parametrize(("values", "form", "message"), MISLEADING)
@pytest.mark.parametrize("target", ["Pptx", "Pdf"])
def test_labels_that_mislead_fail_the_gate(
    values: list[float | None], form: Json, message: str, target: str
) -> None:
    with pytest.raises(GateFailedError, match=re.escape(message)):
        compiled(deck(bars(values, numberFormat=form)), target)
    compiled(deck(bars(values, numberFormat=form, valueLabels=False)), target)


# Subnormal ones are nothing once they are millions: then the gate says so, and no decimals help.
NUMBERS = st.floats(-1e12, 1e12, allow_subnormal=False) | st.integers(-1000, 1000).map(float)


@given(
    st.lists(NUMBERS, max_size=12),
    st.sampled_from(["number", "percent", "currency"]),
    st.sampled_from(["ones", "thousands", "millions"]),
)
@settings(max_examples=examples(200), deadline=None)
def test_what_is_chosen_misleads_only_where_four_decimals_cannot_tell(
    values: list[float], style: Any, scale: Any
) -> None:
    chosen = resolved(NumberFormat(style=style, scale=scale), values)
    if chosen.decimals != MAX_DECIMALS:
        assert misleading(chosen, values) == ""
    assert resolved(chosen, [1.23456]) == chosen


@pytest.mark.parametrize(
    ("values", "unit", "most"),
    [([0, 0, 0], 1, 1), ([1, 2, 2], 1, None), ([10, 90, 30], None, None)],
)
def test_a_scale_has_no_number_twice(
    values: list[float | None], unit: float | None, most: float | None
) -> None:
    axis = native_chart(bars(values, type="line", valueLabels=False)).value_axis
    assert (axis.major_unit, axis.maximum_scale) == (unit, most)


@pytest.mark.parametrize(
    ("values", "shares", "code"),
    [([50, 30, 20], ["50%", "30%", "20%"], "0%"), ([99.7, 0.3], ["99.7%", "0.3%"], "0.0%")],
)
def test_no_slice_of_a_pie_is_nothing(
    values: list[float | None], shares: list[str], code: str
) -> None:
    slide = bars(values, type="pie", valueLabels=False)
    assert [each for each in words_of(deck(slide)) if each.endswith("%")] == shares
    assert native_chart(slide).plots[0].data_labels.number_format == code


def test_numbers_below_each_other_have_the_decimals_that_they_need() -> None:
    grid = {
        "type": "grid",
        "columns": [{"header": "a", "numberFormat": {}}, {"header": "b", "numberFormat": MONEY}],
        "rows": [[3.6, 1], [4.4, 2.5], [5, 3]],
    }
    assert {"3.6", "4.4", "5.0", "$1.00", "$2.50", "$3.00"} <= set(words_of(report(grid)))
    column = {"name": "a", "header": "A", "type": "number"}
    sheets = [{"name": "s", "title": "S", "columns": [column], "rows": [[3.6], [4.4], [5]]}]
    book = {"kind": "SpreadsheetSpec", "version": 1, "title": "t", "sheets": sheets}
    native = load_workbook(io.BytesIO(compiled(book, "Xlsx").data))["S"]
    assert {native.cell(row, 1).number_format for row in (2, 3, 4)} == {"#,##0.0;-#,##0.0"}


def series(count: int) -> Json:
    return {
        "type": "bar",
        "categories": ["a", "b"],
        "series": [{"name": f"s{at}", "values": [1, 2]} for at in range(count)],
    }


SAME: Json = {"colors": {"accents": ["#0E7C7B", "#0E7C7B", "#0E7D7B", "#0E7C7B", "#0E7C7B"]}}
ALIKE = {
    "Pptx": deck({"type": "chart", "title": "a", "altText": "x", "chart": series(3)}, theme=SAME),
    "Pdf": report({"type": "chart", "altText": "x", "chart": series(3)}) | {"theme": SAME},
    "Docx": doc({"type": "chart", "altText": "x", "chart": series(3)}) | {"theme": SAME},
}


@pytest.mark.parametrize("target", ALIKE)
def test_series_that_look_alike_fail_the_gate(target: str) -> None:
    with pytest.raises(GateFailedError, match=r"series\[2\].*#0E7C7B looks like #0E7C7B of series"):
        compiled(ALIKE[target], target)


@pytest.mark.parametrize("palette", PaletteName)
@pytest.mark.parametrize("paper", [False, True])
def test_the_series_of_every_palette_can_be_told_apart(palette: PaletteName, paper: bool) -> None:
    scheme = color_scheme(Theme(palette=palette))
    colors = [(on_paper(scheme) if paper else scheme).values[role] for role in SERIES_ROLES]
    closest = min(difference(*pair) for pair in combinations(colors, 2))
    assert closest > 1.2 * SERIES_DIFFERENCE


def test_differences_of_colours_are_those_of_oklab() -> None:
    assert difference("000000", "FFFFFF") == pytest.approx(1, abs=1e-4)
    assert difference("FF0000", "00FF00") == pytest.approx(0.5197, abs=1e-3)
    assert difference("123456", "123456") == 0


WORDS = st.lists(st.sampled_from(["a", "growth", "of", "revenue", "in", "every", "region"]))
TITLES = WORDS.map(lambda words: " ".join(["x", *words])[:60].strip())


@given(TITLES, TITLES, st.lists(TITLES, min_size=1, max_size=8), st.sampled_from(["16:9", "4:3"]))
@settings(max_examples=examples(80), deadline=None)
def test_nothing_is_larger_than_the_heading_that_it_stands_below(
    title: str, heading: str, points: list[str], aspect: str
) -> None:
    column = {"heading": heading, "bullets": [{"text": each} for each in points]}
    two = {"type": "twoColumns", "title": title * 2, "left": column, "right": column}
    one = {"type": "bullets", "title": title * 2, "bullets": column["bullets"]}
    spec = parse_ir(json.dumps(deck(two, one, aspect=aspect)).encode())
    for slide in plan_deck(spec, {}).slides:
        sizes = {
            each.element: each.size for each in slide.elements if isinstance(each, TextElement)
        }
        below = [size for name, size in sizes.items() if name.endswith("bullets")]
        above = [size for name, size in sizes.items() if name.endswith("heading")]
        assert max(below) <= min(above, default=sizes["title"]) <= sizes["title"]


def test_a_long_heading_of_a_column_takes_two_lines() -> None:
    column = {"heading": "hhhhh word word word word word word word word word word word"}
    column |= {"bullets": [{"text": "b"}]}
    slide = {"type": "twoColumns", "title": "a", "left": column, "right": column}
    planned = plan_deck(parse_ir(json.dumps(deck(slide)).encode()), {}).slides[0]
    sizes = {each.element: each.size for each in planned.elements if isinstance(each, TextElement)}
    assert sizes["left.heading"] >= 18
    compiled(deck(slide), "Pptx")


def test_a_long_address_breaks_and_shrinks_nothing() -> None:
    url = "https://example.com/" + "a-long-path/with_parts?and=queries&more=of-them/" * 4
    slide = bullets(f"see {url}")
    planned = plan_deck(parse_ir(json.dumps(deck(slide)).encode()), {}).slides[0]
    sizes = [each.size for each in planned.elements if isinstance(each, TextElement)]
    assert sizes == [28.0, 24.0]
    assert sum(each.startswith("see ") for each in words_of(deck(slide))) == 1
    assert "".join(words_of(deck(slide))).count("a-long-path") == 4
