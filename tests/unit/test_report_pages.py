"""Reports: how blocks are shared between pages, what the gates say, what the sums are."""

import json
from io import BytesIO
from typing import Any

import pytest
from artifactexamples import compiled
from PIL import Image
from venture_core.artifacts.documents import parse_ir
from venture_core.artifacts.drawing.jpeg import without_metadata
from venture_core.artifacts.drawing.scene import Mark, Picture, Scene, Words
from venture_core.artifacts.gates import GateFailedError
from venture_core.artifacts.images import inspect_image
from venture_core.artifacts.ir import InvalidIRError
from venture_core.artifacts.report.ir import ReportSpec
from venture_core.artifacts.report.plan.flow import MARGIN
from venture_core.artifacts.report.plan.grid import money
from venture_core.artifacts.report.plan.report import plan_report

CHART = {
    "type": "bar",
    "categories": ["a", "b"],
    "series": [{"name": "s", "values": [1, 2]}],
}


def report(*blocks: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"kind": "ReportSpec", "version": 1, "title": "Report", "blocks": blocks, **fields}


def planned(*blocks: dict[str, Any], **fields: Any) -> tuple[Scene, ...]:
    spec = parse_ir(json.dumps(report(*blocks, **fields)).encode())
    assert isinstance(spec, ReportSpec)
    return plan_report(spec, {}).pages


def words(page: Scene) -> list[str]:
    return [shape.text for shape in page.shapes if isinstance(shape, Words)]


def grid(rows: int, **fields: Any) -> dict[str, Any]:
    return {
        "type": "grid",
        "columns": [{"header": "Number"}, {"header": "Name"}],
        "rows": [[number, f"name {number}"] for number in range(rows)],
        **fields,
    }


def statement(**entry: Any) -> dict[str, Any]:
    return {"type": "statement", "account": "Operating", "entries": [entry]}


def test_every_row_stands_on_one_page_in_order_and_every_page_has_the_head() -> None:
    pages = planned(grid(3000))
    assert len(pages) > 50
    names = [text for page in pages for text in words(page) if text.startswith("name ")]
    assert names == [f"name {number}" for number in range(3000)]
    assert all(words(page).count("Number") == 1 for page in pages)


def test_nothing_stands_over_the_edges_of_a_page() -> None:
    pages = planned(
        {"type": "heading", "text": "Heading"},
        {"type": "paragraph", "text": "word " * 700},
        grid(120, totalRow=True, caption="Caption"),
        {"type": "chart", "chart": CHART, "altText": "x"},
        {"type": "figures", "items": [{"label": "a", "value": "1"}] * 4},
        page={"size": "Letter", "orientation": "landscape"},
    )
    for page in pages:
        assert (page.width, page.height) == (792.0, 612.0)
        for shape in page.shapes:
            if isinstance(shape, Words):
                assert MARGIN - 1 <= shape.at[0] <= page.width - MARGIN + 1
                assert 0 < shape.at[1] < page.height - 20


def test_pages_are_numbered_of_how_many_in_the_language_of_the_report() -> None:
    pages = planned(grid(200), language="de")
    for number, page in enumerate(pages, start=1):
        assert words(page)[-1] == f"Seite {number} von {len(pages)}"
    assert words(planned(grid(1), language="ja")[0])[-1] == "1 / 1"
    assert "Page" not in " ".join(words(planned(grid(1), footer={"pageNumbers": False})[0]))


def test_a_heading_never_ends_a_page_and_paragraphs_leave_two_lines() -> None:
    for lines in range(30, 60):
        blocks = [{"type": "paragraph", "text": "\n".join(["line"] * lines)}]
        pages = planned(
            *blocks,
            {"type": "heading", "text": "The heading"},
            {"type": "paragraph", "text": "tail " * 60},
        )
        for page in pages:
            texts = words(page)[:-1]
            assert texts[-1] != "The heading"
            tails = [text for text in texts if text.startswith("tail")]
            assert len(tails) != 1


def test_headings_make_an_outline_without_gaps() -> None:
    pages = planned(
        {"type": "heading", "level": 1, "text": "One"},
        {"type": "heading", "level": 3, "text": "Deep"},
        {"type": "heading", "level": 2, "text": "Two"},
    )
    assert [mark for page in pages for mark in page.marks] == [
        Mark("One", 0),
        Mark("Deep", 1),
        Mark("Two", 1),
    ]


def test_a_statement_computes_its_balances_exactly() -> None:
    page, *_ = planned(
        {
            "type": "statement",
            "account": "Operating",
            "symbol": "£",
            "openingCents": 10,
            "entries": [
                {"date": "2026-09-01", "text": "in", "cents": 20},
                {"date": "2026-09-02", "text": "out", "cents": -1_000_031},
            ],
        }
    )
    texts = words(page)
    for expected in ("£0.10", "£0.20", "£0.30", "-£10,000.31", "-£10,000.01", "-£10,000.11"):
        assert expected in texts


@pytest.mark.parametrize(
    ("cents", "text"), [(0, "$0.00"), (-5, "-$0.05"), (123456789, "$1,234,567.89")]
)
def test_money_is_written_to_the_cent(cents: int, text: str) -> None:
    assert money(cents, "$") == text


@pytest.mark.parametrize(
    ("block", "gate", "says"),
    [
        ({"type": "chart", "chart": CHART}, "altText", "has no altText"),
        ({"type": "heading", "level": 2, "text": "x"}, "headings", "a level is left out"),
        ({"type": "paragraph", "text": "x" * 400}, "overflow", "wider than its line"),
        ({"type": "paragraph", "text": "𓀀𓀁"}, "overflow", "the font has no letters for “𓀀𓀁”"),
        (grid(0), "overflow", "has no row"),
        (
            {"type": "figures", "items": [{"label": "a", "value": "far too long " * 3}] * 4},
            "overflow",
            "takes more than one line",
        ),
        (
            {
                "type": "grid",
                "columns": [{"header": "a", "weight": 1}, {"header": "b", "weight": 12}],
                "rows": [["unbreakable-" + "x" * 40, ""]],
            },
            "overflow",
            "blocks[0].rows[0][0]",
        ),
    ],
)  # fmt: skip
def test_a_gate_says_what_is_wrong_and_where(block: dict[str, Any], gate: str, says: str) -> None:
    with pytest.raises(GateFailedError) as caught:
        compiled(report(block), "Pdf")
    failed = {each.name: each for each in caught.value.results if not each.passed}
    assert list(failed) == [gate]
    assert says in str(failed[gate].findings[0])


def test_the_contrast_gate_sees_every_pair_of_colours() -> None:
    pale = {"colors": {"text": "#DDDDDD", "muted": "#EEEEEE"}}
    with pytest.raises(GateFailedError) as caught:
        compiled(
            report(grid(1), {"type": "chart", "chart": CHART, "altText": "x"}, theme=pale), "Pdf"
        )
    found = {finding.element for result in caught.value.results for finding in result.findings}
    assert {"blocks", "footer", "grid.rows", "blocks[1].chart"} <= found


@pytest.mark.parametrize(
    ("block", "at"),
    [
        (grid(1) | {"rows": [[1]]}, "/blocks/0/rows/0"),
        (
            {"type": "chart", "chart": CHART | {"categories": ["a"]}},
            "/blocks/0/chart/series/0/values",
        ),
        (statement(date="2026-02-30", text="", cents=1), "/blocks/0/entries/0/date"),
        (statement(date="2026-02-03", text="", cents=1.5), "/blocks/0/entries/0/cents"),
        ({"type": "sculpture"}, "/blocks/0"),
        ({"type": "paragraph", "text": 5}, "/blocks/0/text"),
    ],
)  # fmt: skip
def test_what_breaks_the_format_is_named(block: dict[str, Any], at: str) -> None:
    with pytest.raises(InvalidIRError) as caught:
        parse_ir(json.dumps(report(block)).encode())
    assert caught.value.problems[0].pointer == at


def test_a_picture_is_never_taller_than_a_page() -> None:
    file = BytesIO()
    Image.new("RGB", (20, 400), "red").save(file, "PNG")
    spec = parse_ir(json.dumps(report({"type": "image", "image": "tall", "altText": "x"})).encode())
    pages = plan_report(spec, {"tall": inspect_image("tall", file.getvalue())}).pages
    (picture,) = [s for page in pages for s in page.shapes if isinstance(s, Picture)]
    assert picture.area.bottom <= pages[0].height - 50
    assert picture.area.height / picture.area.width == pytest.approx(20)


def test_what_a_photograph_says_of_itself_is_not_in_the_file() -> None:
    exif = Image.Exif()
    exif[0x010F] = "The camera of somebody"
    exif.get_ifd(0x8825)[0x001D] = "2026:09:30"
    plain, telling = BytesIO(), BytesIO()
    photo = Image.effect_noise((64, 48), 90).convert("RGB")
    photo.save(plain, "JPEG")
    photo.save(telling, "JPEG", exif=exif, comment=b"a private remark")
    assert b"somebody" in telling.getvalue()
    assert without_metadata(telling.getvalue()) == plain.getvalue()
    block = {"type": "image", "image": "photo", "altText": "Noise"}
    artifact = compiled(report(block), "Pdf", photo=telling.getvalue())
    for said in (b"somebody", b"2026:09:30", b"private"):
        assert said not in artifact.data
    assert plain.getvalue() in artifact.data
