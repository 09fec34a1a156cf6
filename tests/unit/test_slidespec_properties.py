"""Properties of any SlideSpec: it survives a round trip, and it compiles whatever it says."""

import io
import json
import zipfile
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from pptx import Presentation
from soaking import examples
from venture_core.artifacts.cachekey import cache_key
from venture_core.artifacts.compile import compile_artifact
from venture_core.artifacts.deck.gates import CHECKS
from venture_core.artifacts.deck.plan.planner import plan_deck
from venture_core.artifacts.documents import parse_ir
from venture_core.artifacts.gates import GateSettings, run_gates
from venture_core.artifacts.ir import FontFamily, InvalidIRError, PaletteName
from venture_core.canonical import canonical_json

type Document = dict[str, Any]

ALL_GATES = GateSettings()
NO_GATES = GateSettings(**dict.fromkeys(asdict(GateSettings()), False))

# What XML 1.0 cannot carry and what would break a line is refused by the types.
CHARACTERS = st.characters(
    exclude_categories=("Cs", "Cc", "Zl", "Zp"), exclude_characters="\ufffe\uffff"
)


def line(limit: int, least: int = 0) -> st.SearchStrategy[str]:
    plain = st.text(CHARACTERS, min_size=least, max_size=limit)
    hostile = st.sampled_from(
        ["<a:t/>", "&amp;", "]]>", "=1+1", "https://example.com", "{0}", "%s", '"quoted"', "\u200f"]
    )
    return plain | hostile


COLORS = st.from_regex(r"#[0-9A-Fa-f]{6}", fullmatch=True)
BULLETS = st.lists(
    st.fixed_dictionaries(
        {"text": line(400)},
        optional={
            "items": st.lists(
                st.fixed_dictionaries(
                    {"text": line(400)},
                    optional={
                        "items": st.lists(st.fixed_dictionaries({"text": line(400)}), max_size=3)
                    },
                ),
                max_size=3,
            )
        },
    ),
    max_size=5,
)
COLUMN = st.fixed_dictionaries({"bullets": BULLETS}, optional={"heading": line(60)})


@st.composite
def tables(draw: st.DrawFn) -> Document:
    width = draw(st.integers(1, 10))
    column = st.fixed_dictionaries(
        {"header": line(60)},
        optional={
            "align": st.sampled_from(["left", "center", "right"]),
            "weight": st.integers(1, 12),
        },
    )
    row = st.lists(line(60), min_size=width, max_size=width)
    return {
        "columns": draw(st.lists(column, min_size=width, max_size=width)),
        "rows": draw(st.lists(row, max_size=6)),
        "totalRow": draw(st.booleans()),
    }


@st.composite
def charts(draw: st.DrawFn) -> Document:
    kind = draw(st.sampled_from(["bar", "line", "pie"]))
    pie = kind == "pie"
    count = draw(st.integers(0, 6 if pie else 24))
    names = draw(st.lists(line(60), unique=True, max_size=1 if pie else 6))
    number = st.floats(0 if pie else -1e15, 1e15) | st.integers(0, 10**15)
    values = number if pie else number | st.none()
    chart: Document = {
        "type": kind,
        "categories": draw(st.lists(line(60), min_size=count, max_size=count)),
        "series": [
            {"name": name, "values": draw(st.lists(values, min_size=count, max_size=count))}
            for name in names
        ],
        "valueLabels": draw(st.booleans()),
        "numberFormat": {
            "style": draw(st.sampled_from(["number", "percent", "currency"])),
            "decimals": draw(st.integers(0, 4)),
            "symbol": draw(st.sampled_from(["$", "€", "CHF", "£"])),
            "scale": draw(st.sampled_from(["ones", "thousands", "millions"])),
        },
    }
    if kind == "bar":
        chart["direction"] = draw(st.sampled_from(["vertical", "horizontal"]))
        chart["stacked"] = draw(st.booleans())
    if not pie:
        chart["axisTitle"] = draw(line(60))
    return chart


def slide(kind: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Document]:
    common = {"type": st.just(kind), "notes": st.text(CHARACTERS | st.just("\n"), max_size=80)}
    return st.fixed_dictionaries(common | fields)


TITLE = line(120, least=1)
SLIDES = st.one_of(
    slide("title", title=TITLE, subtitle=line(200), presenter=line(120), date=line(60)),
    slide("section", title=TITLE, subtitle=line(200)),
    slide("bullets", title=TITLE, bullets=BULLETS),
    slide("twoColumns", title=TITLE, left=COLUMN, right=COLUMN),
    slide("table", title=TITLE, table=tables(), caption=line(200), altText=line(500)),
    slide("chart", title=TITLE, chart=charts(), takeaway=line(200), altText=line(500)),
    slide("quote", quote=line(500, least=1), author=line(120), role=line(120)),
)
DOCUMENTS = st.fixed_dictionaries(
    {
        "kind": st.just("SlideSpec"),
        "version": st.just(1),
        "title": TITLE,
        "slides": st.lists(SLIDES, min_size=1, max_size=4),
    },
    optional={
        "author": line(120),
        "language": st.sampled_from(["en", "de-CH", "zh-Hant-TW", "es-419"]),
        "aspect": st.sampled_from(["16:9", "4:3"]),
        "footer": st.fixed_dictionaries({"text": line(120), "slideNumbers": st.booleans()}),
        "theme": st.fixed_dictionaries(
            {},
            optional={
                "palette": st.sampled_from([name.value for name in PaletteName]),
                "fonts": st.fixed_dictionaries(
                    {
                        "heading": st.sampled_from([family.value for family in FontFamily]),
                        "body": st.sampled_from([family.value for family in FontFamily]),
                    }
                ),
                "colors": st.fixed_dictionaries(
                    {},
                    optional={
                        "background": COLORS,
                        "text": COLORS,
                        "primary": COLORS,
                        "accents": st.lists(COLORS, min_size=5, max_size=5),
                    },
                ),
            },
        ),
    },
)


def key(spec: Any) -> str:
    return cache_key(
        ir=spec, assets={}, gates=ALL_GATES, target="Pptx", toolchain="t", bundle_hash=""
    )


@given(DOCUMENTS)
@settings(max_examples=examples(150), suppress_health_check=[HealthCheck.too_slow])
def test_a_document_survives_a_round_trip(document: Document) -> None:
    spec = parse_ir(json.dumps(document).encode())
    dumped = spec.model_dump(mode="json", by_alias=True)
    again = parse_ir(canonical_json(dumped))
    assert again == spec
    assert key(again) == key(spec)
    assert key(parse_ir(json.dumps(document, indent=3, sort_keys=True).encode())) == key(spec)


@given(DOCUMENTS)
@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.too_slow])
def test_any_document_compiles_to_a_deck_that_says_the_same(document: Document) -> None:
    spec = parse_ir(json.dumps(document).encode())
    artifact = compile_artifact(ir=spec, assets={}, gates=NO_GATES, target="Pptx")
    presentation = Presentation(io.BytesIO(artifact.data))
    assert len(presentation.slides) == len(spec.slides)
    for native, planned in zip(presentation.slides, document["slides"], strict=True):
        heading = planned.get("title", planned.get("quote"))
        if heading.strip():
            assert native.shapes.title.text_frame.text == heading
        if planned["notes"].strip():
            assert native.notes_slide.notes_text_frame.text == planned["notes"]
    with zipfile.ZipFile(io.BytesIO(artifact.data)) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            if name.endswith((".xml", ".rels")):
                etree.fromstring(archive.read(name))


@given(DOCUMENTS)
@settings(max_examples=examples(100), suppress_health_check=[HealthCheck.too_slow])
def test_gates_always_come_to_a_verdict(document: Document) -> None:
    plan = plan_deck(parse_ir(json.dumps(document).encode()), {})
    results = run_gates(CHECKS, plan, ALL_GATES)
    assert [result.name for result in results] == ["contrast", "altText", "overflow", "emptySlides"]
    for result in results:
        assert result.passed == (not result.findings)
        for finding in result.findings:
            assert 1 <= finding.slide <= len(document["slides"])
            assert finding.element
            assert finding.message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(
            st.sampled_from(["kind", "version", "title", "slides", "theme", "type", "chart", "x"]),
            children,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(JSON | st.binary(max_size=200))
@settings(max_examples=examples(300))
def test_anything_else_is_refused_with_problems(value: object) -> None:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    with pytest.raises(InvalidIRError) as caught:
        parse_ir(data)
    assert caught.value.problems
