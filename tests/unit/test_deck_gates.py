"""The quality gates: what passes, what fails, and which slide and element they name."""

import base64
import io
import json
from typing import Any

import pytest
from PIL import Image
from venture_core.artifacts.colors import (
    GRAPHICS_RATIO,
    NORMAL_TEXT_RATIO,
    SERIES_ROLES,
    Role,
    color_scheme,
    contrast,
    required_ratio,
)
from venture_core.artifacts.compile import compile_artifact
from venture_core.artifacts.deck.gates import CHECKS
from venture_core.artifacts.deck.plan.planner import plan_deck
from venture_core.artifacts.documents import parse_ir
from venture_core.artifacts.gates import GateFailedError, GateSettings, run_gates
from venture_core.artifacts.images import inspect_image
from venture_core.artifacts.ir import FontFamily, PaletteName, Theme

type Document = dict[str, Any]

_buffer = io.BytesIO()
Image.new("RGB", (40, 20), "navy").save(_buffer, "PNG")
PICTURE = base64.b64encode(_buffer.getvalue()).decode()

TITLE = {"type": "title", "title": "Hello"}
CHART = {
    "type": "bar",
    "categories": ["a", "b"],
    "series": [{"name": "s", "values": [1, 2]}],
    "valueLabels": True,
    "stacked": True,
}
EVERYTHING: list[Document] = [
    {**TITLE, "subtitle": "Sub", "presenter": "Ann", "date": "Today"},
    {"type": "section", "title": "Part", "subtitle": "Sub"},
    {"type": "bullets", "title": "T", "bullets": [{"text": "x", "items": [{"text": "y"}]}]},
    {
        "type": "twoColumns",
        "title": "T",
        "left": {"heading": "L", "bullets": [{"text": "x"}]},
        "right": {"heading": "R", "bullets": [{"text": "x"}]},
    },
    {
        "type": "table",
        "title": "T",
        "table": {"columns": [{"header": "A"}], "rows": [["1"], ["2"]], "totalRow": True},
        "caption": "C",
        "altText": "A",
    },
    {
        "type": "chart",
        "title": "T",
        "chart": {
            **CHART,
            "series": [{"name": str(n), "values": [1, 2]} for n in range(6)],
        },
        "takeaway": "W",
        "altText": "A",
    },
    {
        "type": "chart",
        "title": "T",
        "chart": {
            "type": "pie",
            "categories": list("abcdef"),
            "series": [{"name": "s", "values": [1] * 6}],
        },
        "altText": "A",
    },
    {"type": "image", "title": "T", "image": "p", "caption": "C", "altText": "A"},
    {"type": "quote", "quote": "Words", "author": "Ann", "role": "Founder"},
]


def findings(
    *slides: Document, gate: str | None = None, **fields: Any
) -> list[tuple[str, int, str, str]]:
    source = {
        "kind": "SlideSpec",
        "version": 1,
        "title": "Deck",
        "slides": list(slides),
        "assets": [{"name": "p", "data": PICTURE}],
        **fields,
    }
    spec = parse_ir(json.dumps(source).encode())
    images = {name: inspect_image(name, data) for name, data in spec.inline_assets().items()}
    return [
        (result.name, finding.slide, finding.element, finding.message)
        for result in run_gates(CHECKS, plan_deck(spec, images), GateSettings())
        for finding in result.findings
        if gate in (None, result.name)
    ]


@pytest.mark.parametrize("palette", list(PaletteName))
@pytest.mark.parametrize("aspect", ["16:9", "4:3"])
@pytest.mark.parametrize("family", list(FontFamily))
def test_every_palette_font_and_aspect_passes_every_gate(
    palette: PaletteName, aspect: str, family: FontFamily
) -> None:
    theme = {"palette": palette, "fonts": {"heading": family, "body": family}, "logo": "p"}
    footer = {"text": "Footer"}
    assert findings(*EVERYTHING, theme=theme, aspect=aspect, footer=footer) == []


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [("000000", "FFFFFF", 21.0), ("FFFFFF", "FFFFFF", 1.0), ("767676", "FFFFFF", 4.54)],
)
def test_contrast_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == pytest.approx(ratio, abs=0.005)
    assert contrast(other, one) == contrast(one, other)


@pytest.mark.parametrize(
    ("size", "bold", "ratio"),
    [(17.9, False, 4.5), (18, False, 3.0), (13.9, True, 4.5), (14, True, 3.0), (14, False, 4.5)],
)
def test_large_text_needs_less(size: float, bold: bool, ratio: float) -> None:
    assert required_ratio(size, bold=bold) == ratio


@pytest.mark.parametrize("palette", list(PaletteName))
def test_palettes_hold_their_promise(palette: PaletteName) -> None:
    scheme = color_scheme(Theme(palette=palette))
    for ink, paper in (
        (Role.TEXT, Role.BACKGROUND),
        (Role.TEXT, Role.SURFACE),
        (Role.MUTED, Role.BACKGROUND),
        (Role.MUTED, Role.SURFACE),
        (scheme.on_primary, Role.PRIMARY),
    ):
        assert scheme.contrast(ink, paper) >= NORMAL_TEXT_RATIO, (ink, paper)
    for role in SERIES_ROLES:
        assert scheme.contrast(role, Role.BACKGROUND) >= GRAPHICS_RATIO


def themed(**colors: Any) -> dict[str, Any]:
    return {"theme": {"colors": colors}, "footer": {"slideNumbers": False}}


GREY = "#AAAAAA"
ALL_SLIDES = EVERYTHING
BULLETS = {"type": "bullets", "title": "T", "bullets": [{"text": "x"}]}
TABLE = {"type": "table", "title": "T", "altText": "A"}


@pytest.mark.parametrize(
    ("slides", "fields", "expected"),
    [
        ([TITLE, BULLETS], themed(text=GREY), [(2, "title"), (2, "bullets")]),
        ([EVERYTHING[0]], themed(primary="#909090", text="#EEEEEE"), [(1, "presenter")]),
        ([{"type": "section", "title": "T", "subtitle": "s"}], themed(muted="#CCCCCC"),
         [(1, "subtitle")]),
        ([EVERYTHING[3]], themed(accents=["#DDDDDD"] * 5), [(1, "right.heading")]),
        ([EVERYTHING[4]], themed(primary="#8A8A8A", text="#B0B0B0"),
         [(1, "title"), (1, "table.rows"), (1, "table.rows")]),
        ([EVERYTHING[5]], themed(surface="#333333"), [(1, "takeaway")]),
        ([EVERYTHING[6]], themed(accents=["#0E7C7B", "#DDDDDD", "#7A3E9D", "#B42355", "#52657F"]),
         [(1, "chart.categories[2]")]),
        ([EVERYTHING[8]], themed(surface="#51607A"), [(1, "quote"), (1, "author"), (1, "author")]),
    ],
)  # fmt: skip
def test_contrast_names_the_element(
    slides: list[Document], fields: Document, expected: list[tuple[int, str]]
) -> None:
    found = findings(*slides, gate="contrast", **fields)
    assert [(slide, element) for _, slide, element, _ in found] == expected
    assert all("has a contrast of" in message and "needs" in message for *_, message in found)


def test_contrast_checks_footer_series_and_labels_on_marks() -> None:
    found = findings(BULLETS, gate="contrast", theme={"colors": {"muted": GREY}})
    assert [element for _, _, element, _ in found] == ["footer"]
    accents = ["#E0E0E0", "#0E7C7B", "#7A3E9D", "#B42355", "#52657F"]
    found = findings(EVERYTHING[5], gate="contrast", theme={"colors": {"accents": accents}})
    assert {element for _, _, element, _ in found} == {"chart.series[1]"}
    middling = ["#767676", *accents[1:]]
    dark_text = {"accents": middling, "text": "#767676"}
    found = findings(EVERYTHING[5], gate="contrast", theme={"colors": dark_text})
    assert all(element != "chart.series[1]" for _, _, element, _ in found)


@pytest.mark.parametrize(
    ("slide", "element"),
    [(EVERYTHING[4], "table"), (EVERYTHING[5], "chart"), (EVERYTHING[7], "image")],
)
def test_a_visual_without_alt_text_is_named(slide: Document, element: str) -> None:
    for blank in ("", "   "):
        found = findings(TITLE, {**slide, "altText": blank}, gate="altText")
        assert [(number, name) for _, number, name, _ in found] == [(2, element)]


LONG = "word " * 80
WIDE = "W" * 100


@pytest.mark.parametrize(
    ("slide", "element"),
    [
        ({"type": "title", "title": WIDE}, "title"),
        ({**TITLE, "subtitle": WIDE}, "subtitle"),
        ({**TITLE, "presenter": WIDE}, "presenter"),
        ({"type": "section", "title": WIDE}, "title"),
        ({"type": "bullets", "title": WIDE, "bullets": [{"text": "x"}]}, "title"),
        ({"type": "bullets", "title": "T", "bullets": [{"text": LONG}] * 12}, "bullets"),
        ({**EVERYTHING[3], "left": {"bullets": [{"text": LONG}] * 8}}, "left.bullets"),
        ({**EVERYTHING[3], "right": {"bullets": [{"text": LONG}] * 8}}, "right.bullets"),
        ({**EVERYTHING[3], "right": {"heading": "W" * 60, "bullets": [{"text": "x"}]}},
         "right.heading"),
        ({**TABLE, "table": {"columns": [{"header": "A"}], "rows": [["x"]] * 25}}, "table"),
        ({**TABLE, "table": {"columns": [{"header": "A"}] * 10, "rows": [["x"] * 9 + [WIDE]]}},
         "table.rows[0][9]"),
        ({**TABLE, "table": {"columns": [{"header": "W" * 60}] * 5, "rows": []}},
         "table.columns[0].header"),
        ({**EVERYTHING[4], "caption": WIDE * 2}, "caption"),
        ({**EVERYTHING[5], "takeaway": WIDE}, "takeaway"),
        ({"type": "quote", "quote": WIDE * 2}, "quote"),
        ({"type": "quote", "quote": "Q", "author": WIDE}, "author"),
    ],
)  # fmt: skip
def test_text_that_cannot_fit_is_named(slide: Document, element: str) -> None:
    found = findings(TITLE, slide, gate="overflow")
    assert (2, element) in [(number, name) for _, number, name, _ in found]


def chart(**fields: Any) -> Document:
    return {"type": "chart", "title": "T", "altText": "A", "chart": {**CHART, **fields}}


def series(count: int, values: list[float]) -> list[Document]:
    return [{"name": f"s{index}", "values": values} for index in range(count)]


@pytest.mark.parametrize(
    ("slide", "element"),
    [
        (chart(categories=["Longish category label"] * 24, series=series(1, [1] * 24)),
         "chart.categories[0]"),
        (chart(direction="horizontal", categories=["W" * 60], series=series(1, [1])),
         "chart.categories[0]"),
        (chart(series=[{"name": "W" * 59 + str(n), "values": [1, 2]} for n in range(6)]),
         "chart.series"),
        (chart(type="pie", stacked=False, categories=["W" * 60, "b"]), "chart.categories[0]"),
        (chart(stacked=False, categories=["c"] * 20, series=series(6, [123456789.0] * 20)),
         "chart.valueLabels"),
        (chart(type="line", stacked=False, series=series(2, [5, 5])), "chart.valueLabels"),
    ],
)  # fmt: skip
def test_chart_labels_without_room_are_named(slide: Document, element: str) -> None:
    found = findings(slide, gate="overflow")
    assert element in [name for _, _, name, _ in found]


def test_a_footer_of_two_lines_is_named_once() -> None:
    found = findings(BULLETS, BULLETS, gate="overflow", footer={"text": "W" * 120}, aspect="4:3")
    assert [(number, name) for _, number, name, _ in found] == [(1, "footer")]


@pytest.mark.parametrize(
    ("slide", "element"),
    [
        ({"type": "title", "title": " "}, "title"),
        ({"type": "bullets", "title": "T", "bullets": []}, "bullets"),
        ({"type": "bullets", "title": "T", "bullets": [{"text": " ", "items": [{"text": ""}]}]},
         "bullets"),
        ({**EVERYTHING[3], "left": {"heading": "L", "bullets": []}}, "left.bullets"),
        ({**EVERYTHING[3], "right": {"heading": "R", "bullets": [{"text": ""}]}}, "right.bullets"),
        ({**TABLE, "table": {"columns": [{"header": "A"}], "rows": []}}, "table"),
        ({**TABLE, "table": {"columns": [{"header": "A"}], "rows": [[" "]]}}, "table"),
        (chart(categories=[], series=[]), "chart"),
        (chart(series=[{"name": "s", "values": [None, None]}]), "chart"),
        (chart(type="pie", stacked=False, series=series(1, [0, 0])), "chart"),
        ({"type": "quote", "quote": " "}, "quote"),
    ],
)  # fmt: skip
def test_an_empty_slide_is_named(slide: Document, element: str) -> None:
    found = findings(TITLE, slide, gate="emptySlides")
    assert [(number, name) for _, number, name, _ in found] == [(2, element)]


def test_a_gate_that_is_off_is_not_run() -> None:
    source = {
        "kind": "SlideSpec",
        "version": 1,
        "title": "Deck",
        "slides": [{"type": "bullets", "title": "T", "bullets": []}],
    }
    spec = parse_ir(json.dumps(source).encode())
    with pytest.raises(GateFailedError, match="slide 1, bullets: has no text") as caught:
        compile_artifact(ir=spec, assets={}, gates=GateSettings(), target="Pptx")
    assert [(gate.name, gate.passed) for gate in caught.value.results] == [
        ("contrast", True),
        ("altText", True),
        ("overflow", True),
        ("emptySlides", False),
    ]
    off = GateSettings(empty_slides=False)
    artifact = compile_artifact(ir=spec, assets={}, gates=off, target="Pptx")
    assert [gate.name for gate in artifact.gates] == ["contrast", "altText", "overflow"]
