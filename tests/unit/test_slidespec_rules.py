"""Every rule of SlideSpec: one document that keeps it and one that breaks it, with its pointer."""

import base64
import copy
import json
from typing import Any

import pytest
from venture_core.artifacts.deck.ir import MAX_SLIDES
from venture_core.artifacts.deck.ir.rules import RULES
from venture_core.artifacts.documents import parse_ir
from venture_core.artifacts.ir import MAX_IR_BYTES, InvalidIRError, check_assets
from venture_core.artifacts.ir.rules import CHART_RULES

type Document = dict[str, Any]

TITLE = {"type": "title", "title": "Hello"}
CHART = {
    "type": "bar",
    "categories": ["a", "b"],
    "series": [{"name": "s", "values": [1, 2.5]}],
}
TABLE = {"columns": [{"header": "A"}, {"header": "B"}], "rows": [["1", "2"]]}
PIXEL = base64.b64encode(b"\x89PNG").decode()


def document(*slides: Document, **fields: Any) -> Document:
    return {
        "kind": "SlideSpec",
        "version": 1,
        "title": "Deck",
        "slides": list(slides) or [TITLE],
        **fields,
    }


def slide(kind: str, **fields: Any) -> Document:
    return document({"type": kind, "title": "Title", **fields})


def chart(**fields: Any) -> Document:
    return slide("chart", chart={**CHART, **fields})


def table(**fields: Any) -> Document:
    return slide("table", table={**TABLE, **fields})


def bullets(*items: Document) -> Document:
    return slide("bullets", bullets=list(items))


def without(source: Document, name: str) -> Document:
    return {key: value for key, value in source.items() if key != name}


def nested(depth: int) -> Document:
    item: Document = {"text": "x"}
    for _ in range(depth - 1):
        item = {"text": "x", "items": [item]}
    return item


COLUMN = {"heading": "H", "bullets": [{"text": "x"}]}
QUOTE = {"type": "quote", "quote": "Words"}

# rule, accepted, refused, pointer of the refusal
CASES: list[tuple[str, Document, Document, str]] = [
    ("kind is SlideSpec", document(), document(kind="Slides"), "/kind"),
    ("kind is required", document(), without(document(), "kind"), "/kind"),
    ("version is 1", document(version=1), document(version=2), "/version"),
    ("version is an integer", document(version=1), document(version=1.0), "/version"),
    ("version is no boolean", document(version=1), document(version=True), "/version"),
    ("title is required", document(), without(document(), "title"), "/title"),
    ("title is not empty", document(title="x"), document(title=""), "/title"),
    ("title is at most 120", document(title="x" * 120), document(title="x" * 121), "/title"),
    ("title is one line", document(title="a b"), document(title="a\nb"), "/title"),
    ("title is text", document(title="1"), document(title=1), "/title"),
    ("no control characters", document(title="a"), document(title="a\u0007"), "/title"),
    ("no line separators", document(title="a"), document(title="a\u2028b"), "/title"),
    ("author is at most 120", document(author="x" * 120), document(author="x" * 121), "/author"),
    ("unknown fields", document(), document(colour="red"), "/colour"),
    ("fields are camelCase", document(footer={"slideNumbers": True}),
     document(footer={"slide_numbers": True}), "/footer/slide_numbers"),
    ("language", document(language="zh-Hant-TW"), document(language="english"), "/language"),
    ("aspect", document(aspect="4:3"), document(aspect="16:10"), "/aspect"),
    ("footer text", document(footer={"text": "x" * 120}),
     document(footer={"text": "x" * 121}), "/footer/text"),
    ("slideNumbers is boolean", document(footer={"slideNumbers": False}),
     document(footer={"slideNumbers": "no"}), "/footer/slideNumbers"),
    ("palette", document(theme={"palette": "Ember"}), document(theme={"palette": "Neon"}),
     "/theme/palette"),
    ("font family", document(theme={"fonts": {"body": "Lato"}}),
     document(theme={"fonts": {"body": "Wingdings"}}), "/theme/fonts/body"),
    ("heading family", document(theme={"fonts": {"heading": "Inter"}}),
     document(theme={"fonts": {"heading": "inter"}}), "/theme/fonts/heading"),
    ("background", document(theme={"colors": {"background": "#FFFFFF"}}),
     document(theme={"colors": {"background": "white"}}), "/theme/colors/background"),
    ("surface", document(theme={"colors": {"surface": "#eeeeee"}}),
     document(theme={"colors": {"surface": "#eee"}}), "/theme/colors/surface"),
    ("text", document(theme={"colors": {"text": "#000000"}}),
     document(theme={"colors": {"text": "000000"}}), "/theme/colors/text"),
    ("muted", document(theme={"colors": {"muted": "#555555"}}),
     document(theme={"colors": {"muted": "#55555G"}}), "/theme/colors/muted"),
    ("primary", document(theme={"colors": {"primary": "#1B4B8F"}}),
     document(theme={"colors": {"primary": "#1B4B8F00"}}), "/theme/colors/primary"),
    ("accents are five", document(theme={"colors": {"accents": ["#111111"] * 5}}),
     document(theme={"colors": {"accents": ["#111111"] * 4}}), "/theme/colors/accents"),
    ("accents are at most five", document(theme={"colors": {"accents": ["#111111"] * 5}}),
     document(theme={"colors": {"accents": ["#111111"] * 6}}), "/theme/colors/accents"),
    ("each accent", document(theme={"colors": {"accents": ["#111111"] * 5}}),
     document(theme={"colors": {"accents": ["#111111"] * 4 + ["x"]}}), "/theme/colors/accents/4"),
    ("logo is a name", document(theme={"logo": "logo"}), document(theme={"logo": "Logo.png"}),
     "/theme/logo"),
    ("a slide is required", document(), document() | {"slides": []}, "/slides"),
    ("slides are bounded", document(*[TITLE] * MAX_SLIDES), document(*[TITLE] * (MAX_SLIDES + 1)),
     "/slides"),
    ("slides is a list", document(), document() | {"slides": {}}, "/slides"),
    ("a slide is an object", document(), document() | {"slides": ["x"]}, "/slides/0"),
    ("a slide has a type", document(), document({"title": "x"}), "/slides/0"),
    ("slide types", document(QUOTE), document({"type": "video"}), "/slides/0"),
    ("slide title", slide("section"), document({"type": "section"}), "/slides/0/title"),
    ("notes keep line feeds", slide("section", notes="a\nb"), slide("section", notes="a\vb"),
     "/slides/0/notes"),
    ("notes are bounded", slide("section", notes="x" * 4000), slide("section", notes="x" * 4001),
     "/slides/0/notes"),
    ("subtitle", slide("title", subtitle="x" * 200), slide("title", subtitle="x" * 201),
     "/slides/0/subtitle"),
    ("presenter", slide("title", presenter="x" * 120), slide("title", presenter="x" * 121),
     "/slides/0/presenter"),
    ("date", slide("title", date="x" * 60), slide("title", date="x" * 61), "/slides/0/date"),
    ("section subtitle", slide("section", subtitle="x"), slide("section", subtitle=None),
     "/slides/0/subtitle"),
    ("bullets are required", bullets(), slide("bullets"), "/slides/0/bullets"),
    ("bullets are at most 12", bullets(*[{"text": "x"}] * 12), bullets(*[{"text": "x"}] * 13),
     "/slides/0/bullets"),
    ("bullet text", bullets({"text": "x" * 400}), bullets({"text": "x" * 401}),
     "/slides/0/bullets/0/text"),
    ("three levels", bullets(nested(3)), bullets(nested(4)),
     "/slides/0/bullets/0/items/0/items/0/items"),
    ("second level is at most 8", bullets({"text": "x", "items": [{"text": "y"}] * 8}),
     bullets({"text": "x", "items": [{"text": "y"}] * 9}), "/slides/0/bullets/0/items"),
    ("third level is at most 8",
     bullets({"text": "x", "items": [{"text": "y", "items": [{"text": "z"}] * 8}]}),
     bullets({"text": "x", "items": [{"text": "y", "items": [{"text": "z"}] * 9}]}),
     "/slides/0/bullets/0/items/0/items"),
    ("second level text", bullets({"text": "x", "items": [{"text": "y"}]}),
     bullets({"text": "x", "items": [{}]}), "/slides/0/bullets/0/items/0/text"),
    ("third level text", bullets(nested(3)),
     bullets({"text": "x", "items": [{"text": "y", "items": [{"text": 1}]}]}),
     "/slides/0/bullets/0/items/0/items/0/text"),
    ("both columns", slide("twoColumns", left=COLUMN, right=COLUMN),
     slide("twoColumns", left=COLUMN), "/slides/0/right"),
    ("column heading", slide("twoColumns", left=COLUMN, right={**COLUMN, "heading": "x" * 60}),
     slide("twoColumns", left=COLUMN, right={**COLUMN, "heading": "x" * 61}),
     "/slides/0/right/heading"),
    ("column bullets", slide("twoColumns", left=COLUMN, right=COLUMN),
     slide("twoColumns", left={"heading": "x"}, right=COLUMN), "/slides/0/left/bullets"),
    ("table has columns", table(), table(columns=[]), "/slides/0/table/columns"),
    ("table columns are at most 10",
     table(columns=[{"header": "x"}] * 10, rows=[["1"] * 10]),
     table(columns=[{"header": "x"}] * 11, rows=[]), "/slides/0/table/columns"),
    ("table rows are at most 25", table(rows=[["1", "2"]] * 25), table(rows=[["1", "2"]] * 26),
     "/slides/0/table/rows"),
    ("cells are text", table(rows=[["1", "2"]]), table(rows=[["1", 2]]),
     "/slides/0/table/rows/0/1"),
    ("cells are bounded", table(rows=[["1", "x" * 200]]), table(rows=[["1", "x" * 201]]),
     "/slides/0/table/rows/0/1"),
    ("rows fit columns", table(rows=[["1", "2"]]), table(rows=[["1", "2"], ["1"]]),
     "/slides/0/table/rows/1"),
    ("a row is at most 10 cells", table(), table(rows=[["1"] * 11]), "/slides/0/table/rows/0"),
    ("column header", table(columns=[{"header": "x" * 60}, {"header": "B"}]),
     table(columns=[{"header": "x" * 61}, {"header": "B"}]), "/slides/0/table/columns/0/header"),
    ("alignment", table(columns=[{"header": "A", "align": "right"}, {"header": "B"}]),
     table(columns=[{"header": "A", "align": "justify"}, {"header": "B"}]),
     "/slides/0/table/columns/0/align"),
    ("weight is at least 1", table(columns=[{"header": "A", "weight": 1}, {"header": "B"}]),
     table(columns=[{"header": "A", "weight": 0}, {"header": "B"}]),
     "/slides/0/table/columns/0/weight"),
    ("weight is at most 12", table(columns=[{"header": "A", "weight": 12}, {"header": "B"}]),
     table(columns=[{"header": "A", "weight": 13}, {"header": "B"}]),
     "/slides/0/table/columns/0/weight"),
    ("weight is an integer", table(columns=[{"header": "A", "weight": 2}, {"header": "B"}]),
     table(columns=[{"header": "A", "weight": 2.0}, {"header": "B"}]),
     "/slides/0/table/columns/0/weight"),
    ("total row", table(totalRow=True), table(totalRow="yes"), "/slides/0/table/totalRow"),
    ("caption", slide("table", table=TABLE, caption="x" * 200),
     slide("table", table=TABLE, caption="x" * 201), "/slides/0/caption"),
    ("alt text", slide("table", table=TABLE, altText="x" * 500),
     slide("table", table=TABLE, altText="x" * 501), "/slides/0/altText"),
    ("chart type", chart(), chart(type="radar"), "/slides/0/chart/type"),
    ("categories are at most 24",
     chart(categories=["x"] * 24, series=[{"name": "s", "values": [1] * 24}]),
     chart(categories=["x"] * 25, series=[]), "/slides/0/chart/categories"),
    ("category text", chart(categories=["x" * 60, "b"]), chart(categories=["x" * 61, "b"]),
     "/slides/0/chart/categories/0"),
    ("series are at most 6",
     chart(series=[{"name": str(n), "values": [1, 2]} for n in range(6)]),
     chart(series=[{"name": str(n), "values": [1, 2]} for n in range(7)]),
     "/slides/0/chart/series"),
    ("values match categories", chart(), chart(series=[{"name": "s", "values": [1]}]),
     "/slides/0/chart/series/0/values"),
    ("values are at most 24", chart(), chart(series=[{"name": "s", "values": [1] * 25}]),
     "/slides/0/chart/series/0/values"),
    ("values are numbers or null", chart(series=[{"name": "s", "values": [None, -1e15]}]),
     chart(series=[{"name": "s", "values": [1, "2"]}]), "/slides/0/chart/series/0/values/1"),
    ("values are bounded above", chart(series=[{"name": "s", "values": [1, 1e15]}]),
     chart(series=[{"name": "s", "values": [1, 2e15]}]), "/slides/0/chart/series/0/values/1"),
    ("values are bounded below", chart(series=[{"name": "s", "values": [1, -1e15]}]),
     chart(series=[{"name": "s", "values": [1, -2e15]}]), "/slides/0/chart/series/0/values/1"),
    ("series names differ",
     chart(series=[{"name": "a", "values": [1, 2]}, {"name": "b", "values": [1, 2]}]),
     chart(series=[{"name": "a", "values": [1, 2]}, {"name": "a", "values": [1, 2]}]),
     "/slides/0/chart/series/1/name"),
    ("pie has one series", chart(type="pie"),
     chart(type="pie", series=[{"name": n, "values": [1, 2]} for n in "ab"]),
     "/slides/0/chart/series"),
    ("pie has at most 6 slices",
     chart(type="pie", categories=list("abcdef"), series=[{"name": "s", "values": [1] * 6}]),
     chart(type="pie", categories=list("abcdefg"), series=[{"name": "s", "values": [1] * 7}]),
     "/slides/0/chart/categories"),
    ("slices are not negative", chart(type="pie"),
     chart(type="pie", series=[{"name": "s", "values": [1, -1]}]),
     "/slides/0/chart/series/0/values/1"),
    ("slices are numbers", chart(type="pie"),
     chart(type="pie", series=[{"name": "s", "values": [1, None]}]),
     "/slides/0/chart/series/0/values/1"),
    ("direction", chart(direction="horizontal"), chart(direction="diagonal"),
     "/slides/0/chart/direction"),
    ("only bars have a direction", chart(direction="horizontal"),
     chart(type="line", direction="horizontal"), "/slides/0/chart/direction"),
    ("only bars are stacked", chart(stacked=True), chart(type="line", stacked=True),
     "/slides/0/chart/stacked"),
    ("pies have no axis", chart(axisTitle="x"), chart(type="pie", axisTitle="x"),
     "/slides/0/chart/axisTitle"),
    ("value labels", chart(valueLabels=True), chart(valueLabels=1), "/slides/0/chart/valueLabels"),
    ("number style", chart(numberFormat={"style": "percent"}),
     chart(numberFormat={"style": "0.00"}), "/slides/0/chart/numberFormat/style"),
    ("decimals", chart(numberFormat={"decimals": 4}), chart(numberFormat={"decimals": 5}),
     "/slides/0/chart/numberFormat/decimals"),
    ("scale", chart(numberFormat={"scale": "millions"}), chart(numberFormat={"scale": "dozens"}),
     "/slides/0/chart/numberFormat/scale"),
    ("currency symbol", chart(numberFormat={"symbol": "CHF"}),
     chart(numberFormat={"symbol": '"'}), "/slides/0/chart/numberFormat/symbol"),
    ("currency symbol is short", chart(numberFormat={"symbol": "€"}),
     chart(numberFormat={"symbol": "Franc"}), "/slides/0/chart/numberFormat/symbol"),
    ("takeaway", slide("chart", chart=CHART, takeaway="x" * 200),
     slide("chart", chart=CHART, takeaway="x" * 201), "/slides/0/takeaway"),
    ("image is a name", slide("image", image="screen-1"), slide("image", image="../x"),
     "/slides/0/image"),
    ("image fit", slide("image", image="a", fit="cover"), slide("image", image="a", fit="stretch"),
     "/slides/0/fit"),
    ("quote is required", document(QUOTE), document({"type": "quote"}), "/slides/0/quote"),
    ("quote is bounded", document({**QUOTE, "quote": "x" * 500}),
     document({**QUOTE, "quote": "x" * 501}), "/slides/0/quote"),
    ("quote author", document({**QUOTE, "author": "A"}), document({**QUOTE, "author": []}),
     "/slides/0/author"),
    ("quote role", document({**QUOTE, "role": "A"}), document({**QUOTE, "role": "x" * 121}),
     "/slides/0/role"),
    ("assets are at most 20",
     document(assets=[{"name": f"a{n}", "data": PIXEL} for n in range(20)]),
     document(assets=[{"name": f"a{n}", "data": PIXEL} for n in range(21)]), "/assets"),
    ("asset names differ", document(assets=[{"name": n, "data": PIXEL} for n in "ab"]),
     document(assets=[{"name": n, "data": PIXEL} for n in "aa"]), "/assets/1/name"),
    ("asset name", document(assets=[{"name": "a", "data": PIXEL}]),
     document(assets=[{"name": "A", "data": PIXEL}]), "/assets/0/name"),
    ("asset data decode", document(assets=[{"name": "a", "data": PIXEL}]),
     document(assets=[{"name": "a", "data": "!!!!"}]), "/assets/0/data"),
    ("asset data are padded", document(assets=[{"name": "a", "data": "QQ=="}]),
     document(assets=[{"name": "a", "data": "QQ"}]), "/assets/0/data"),
    ("asset data are not empty", document(assets=[{"name": "a", "data": PIXEL}]),
     document(assets=[{"name": "a", "data": ""}]), "/assets/0/data"),
    ("asset data are bounded", document(assets=[{"name": "a", "data": "A" * 65536}]),
     document(assets=[{"name": "a", "data": "A" * 65540}]), "/assets/0/data"),
]  # fmt: skip


def encode(source: Document) -> bytes:
    return json.dumps(source).encode()


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_the_rule_accepts_what_keeps_it_and_names_what_breaks_it(
    case: tuple[str, Document, Document, str],
) -> None:
    _, accepted, refused, pointer = case
    parse_ir(encode(accepted))
    with pytest.raises(InvalidIRError) as caught:
        parse_ir(encode(refused))
    problem = caught.value.problems[0]
    assert problem.pointer == pointer
    assert problem.expected
    assert problem.expected != "a valid value", "the kind of error has no words of its own"
    assert problem.message


def test_every_cross_field_rule_is_broken_by_some_case() -> None:
    broken: set[str] = set()
    for _, _, refused, _ in CASES:
        try:
            parse_ir(encode(refused))
        except InvalidIRError as error:
            broken.update(problem.expected for problem in error.problems)
    assert len(RULES) + len(CHART_RULES) == 8
    for words in ("no other series", "no other asset", "each column", "each category", "one series",
                  "at least 0", "unless the type is bar", "base64"):  # fmt: skip
        assert any(words in expected for expected in broken), words


def test_all_problems_are_reported_in_document_order() -> None:
    with pytest.raises(InvalidIRError) as caught:
        parse_ir(encode(document({"type": "title"}, {"type": "section", "x": 1}, title=1)))
    assert [problem.pointer for problem in caught.value.problems] == [
        "/title",
        "/slides/0/title",
        "/slides/1/title",
        "/slides/1/x",
    ]


def test_problems_are_bounded_in_number_and_length() -> None:
    with pytest.raises(InvalidIRError) as caught:
        parse_ir(encode(document(*[{"type": "y" * 10_000}] * 100)))
    assert len(caught.value.problems) == 20
    for problem in caught.value.problems:
        assert len(problem.expected) <= 200
        assert len(problem.message) <= 200


def test_pointers_escape_names() -> None:
    with pytest.raises(InvalidIRError) as caught:
        parse_ir(encode(document(**{"a/b~c": 1})))
    assert caught.value.problems[0].pointer == "/a~1b~0c"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "line 1"),
        (b"{", "line 1"),
        (b"\xff\xfe", "UTF-8"),
        (b'{"kind": "SlideSpec", "kind": "SlideSpec"}', "twice"),
        (b"[" * 100_000, "deep"),
        (b"[]", "object"),
        (b"null", "object"),
        (b" " * (MAX_IR_BYTES + 1), "the document has"),
    ],
)
def test_what_is_no_document_is_refused_as_a_whole(data: bytes, message: str) -> None:
    with pytest.raises(InvalidIRError) as caught:
        parse_ir(data)
    (problem,) = caught.value.problems
    assert problem.pointer == ""
    assert message in problem.message


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_not_finite_are_refused(number: str) -> None:
    data = encode(chart()).replace(b"2.5", number.encode())
    with pytest.raises(InvalidIRError):
        parse_ir(data)


def test_assets_are_found_inline_or_beside_the_document() -> None:
    source = slide("image", image="screen")
    source["theme"] = {"logo": "logo"}
    source["assets"] = [{"name": "logo", "data": PIXEL}]
    spec = parse_ir(encode(source))
    check_assets(spec, ["screen"])
    check_assets(spec, ["screen", "unused"])
    with pytest.raises(InvalidIRError) as caught:
        check_assets(spec, [])
    assert caught.value.problems[0].pointer == "/slides/0/image"
    assert "logo" in caught.value.problems[0].expected
    with pytest.raises(InvalidIRError) as caught:
        check_assets(spec, ["screen", "logo"])
    assert caught.value.problems[0].pointer == "/assets/0/name"


def test_a_missing_logo_is_named() -> None:
    spec = parse_ir(encode(document(theme={"logo": "logo"})))
    with pytest.raises(InvalidIRError) as caught:
        check_assets(spec, [])
    assert caught.value.problems[0].pointer == "/theme/logo"


def test_documents_are_immutable() -> None:
    spec = parse_ir(encode(document()))
    with pytest.raises(ValueError, match="frozen"):
        spec.title = "other"  # type: ignore[misc]
    assert copy.deepcopy(spec) == spec
