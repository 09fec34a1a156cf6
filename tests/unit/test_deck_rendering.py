"""What is in the file: placeholders, theme, native charts and tables, notes, and no way out."""

import io
import json
import time
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import yaml
from lxml import etree
from openpyxl import load_workbook  # type: ignore[import-untyped]
from pptx import Presentation
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.util import Pt
from venture_core.artifacts.compile import compile_artifact
from venture_core.artifacts.documents import parse_ir
from venture_core.artifacts.gates import GateSettings
from venture_core.artifacts.targets import UnsupportedTargetError

type Document = dict[str, Any]

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NO_GATES = GateSettings(**dict.fromkeys(asdict(GateSettings()), False))
DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"


def compiled(*slides: Document, **fields: Any) -> bytes:
    source = {"kind": "SlideSpec", "version": 1, "title": "D", "slides": list(slides), **fields}
    spec = parse_ir(json.dumps(source).encode())
    return compile_artifact(ir=spec, assets={}, gates=NO_GATES, target="Pptx").data


def opened(*slides: Document, **fields: Any) -> Any:
    return Presentation(io.BytesIO(compiled(*slides, **fields)))


def parts(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def part_xml(data: bytes, name: str) -> Any:
    return etree.fromstring(parts(data)[name])


@pytest.fixture(scope="module")
def board_deck() -> bytes:
    manifest = yaml.safe_load((EXAMPLES / "board-deck.yaml").read_text())
    document = json.dumps(manifest["spec"]["source"]["inline"]).encode()
    return compile_artifact(
        ir=parse_ir(document), assets={}, gates=GateSettings(), target="Pptx"
    ).data


CHART = {
    "type": "bar",
    "categories": ["a", "b"],
    "series": [{"name": "s", "values": [1, None]}],
}
BULLETS = {"type": "bullets", "title": "T", "bullets": [{"text": "x"}]}


def test_titles_and_bodies_are_in_their_placeholders() -> None:
    slide = opened(
        {
            "type": "bullets",
            "title": "Heading",
            "bullets": [{"text": "one", "items": [{"text": "two", "items": [{"text": "three"}]}]}],
        }
    ).slides[0]
    assert slide.slide_layout.name == "Bullets"
    assert slide.shapes.title.text_frame.text == "Heading"
    body = slide.placeholders[1]
    assert [(p.level, p.text) for p in body.text_frame.paragraphs] == [
        (0, "one"),
        (1, "two"),
        (2, "three"),
    ]


def test_text_that_fits_takes_all_its_looks_from_the_layout() -> None:
    slide = opened(BULLETS).slides[0]
    for shape in (slide.shapes.title, slide.placeholders[1]):
        run = shape.text_frame.paragraphs[0].runs[0]
        assert run.font.size is None
        assert run.font.name is None
        assert run.font.color is None or run.font.color.type is None
        assert shape.element.spPr.find(f"{DRAWING}xfrm") is None


def test_text_that_shrinks_says_its_size() -> None:
    many = [{"text": "some words on a line"}] * 12
    slide = opened({"type": "bullets", "title": "T", "bullets": many}).slides[0]
    sizes = {p.runs[0].font.size for p in slide.placeholders[1].text_frame.paragraphs}
    (size,) = sizes
    assert Pt(14) <= size < Pt(24)


def test_columns_side_by_side_have_one_size() -> None:
    heading = "A heading that has to shrink to stay on one line, or two"
    long = {"heading": "H", "bullets": [{"text": "some words on a line " * 4}] * 7}
    short = {"heading": heading, "bullets": [{"text": "x"}]}
    slide = opened({"type": "twoColumns", "title": "T", "left": long, "right": short}).slides[0]
    sizes = {
        holder.placeholder_format.idx: run.font.size
        for holder in slide.placeholders
        for run in holder.text_frame.paragraphs[0].runs
    }
    assert sizes[1] == sizes[2] < Pt(22)
    assert sizes[13] == sizes[14] < Pt(22)


def test_empty_placeholders_do_not_stay() -> None:
    slide = opened({"type": "title", "title": "T"}).slides[0]
    assert [shape.placeholder_format.type for shape in slide.placeholders] == [
        PP_PLACEHOLDER.CENTER_TITLE
    ]


def test_the_theme_part_holds_the_fonts_and_colours() -> None:
    theme = {
        "palette": "Ember",
        "colors": {"primary": "#123456"},
        "fonts": {"heading": "Cambria", "body": "Lato"},
    }
    root = part_xml(compiled(BULLETS, theme=theme), "ppt/theme/theme1.xml")
    fonts = {
        slot: root.find(f".//{DRAWING}{slot}/{DRAWING}latin").get("typeface")
        for slot in ("majorFont", "minorFont")
    }
    assert fonts == {"majorFont": "Cambria", "minorFont": "Lato"}
    colors = {
        etree.QName(slot).localname: slot[0].get("val")
        for slot in root.find(f".//{DRAWING}clrScheme")
    }
    assert colors["accent1"] == "123456"
    assert colors["dk1"] == "2B1A12"
    assert len(colors) == 12


def test_slides_name_no_colour_and_no_font_of_their_own(board_deck: bytes) -> None:
    for name, data in parts(board_deck).items():
        if name.startswith(("ppt/slides/slide", "ppt/charts/", "ppt/slideLayouts/slide")):
            assert b"srgbClr" not in data, name
            assert b'<a:latin typeface="C' not in data, name


def test_a_chart_is_native_with_its_data_in_a_workbook() -> None:
    hostile = "=HYPERLINK(1)"
    chart = {
        "type": "line",
        "categories": ["https://example.com", "2", "=1+1"],
        "series": [{"name": hostile, "values": [1.5, None, -2]}],
        "numberFormat": {"style": "currency", "symbol": "€", "decimals": 1, "scale": "thousands"},
    }
    data = compiled({"type": "chart", "title": "T", "chart": chart, "altText": "What it shows"})
    presentation = Presentation(io.BytesIO(data))
    frame = next(shape for shape in presentation.slides[0].shapes if shape.has_chart)
    assert frame.is_placeholder
    assert list(frame.chart.plots[0].categories) == chart["categories"]
    assert list(frame.chart.series[0].values) == [1.5, None, -2.0]
    assert frame._element._nvXxPr.cNvPr.get("descr") == "What it shows"
    workbook = parts(data)["ppt/embeddings/Microsoft_Excel_Sheet1.xlsx"]
    sheet = load_workbook(io.BytesIO(workbook))["Sheet1"]
    assert [[cell.value for cell in row] for row in sheet.rows] == [
        [None, hostile],
        ["https://example.com", 1.5],
        ["2", None],
        ["=1+1", -2],
    ]
    assert {cell.data_type for row in sheet.rows for cell in row} == {"n", "s"}
    assert not any(cell.hyperlink for row in sheet.rows for cell in row)
    assert sheet["B2"].number_format == '"€"#,##0.0,"K";-"€"#,##0.0,"K"'


@pytest.mark.parametrize(
    ("fields", "element"),
    [
        ({"type": "bar"}, "barChart"),
        ({"type": "bar", "direction": "horizontal", "stacked": True}, "barChart"),
        ({"type": "line"}, "lineChart"),
        ({"type": "pie", "series": [{"name": "s", "values": [1, 2]}]}, "pieChart"),
    ],
)
def test_every_kind_of_chart_is_drawn(fields: Document, element: str) -> None:
    data = compiled({"type": "chart", "title": "T", "chart": {**CHART, **fields}})
    assert f"<c:{element}>".encode() in parts(data)["ppt/charts/chart1.xml"]


def test_axis_ids_are_small_and_cross_each_other() -> None:
    data = compiled({"type": "chart", "title": "T", "chart": CHART})
    root = part_xml(data, "ppt/charts/chart1.xml")
    ids = [int(node.get("val")) for node in root.iter("{*}axId", "{*}crossAx")]
    assert sorted(ids) == [1, 1, 1, 2, 2, 2]


def test_a_label_that_its_mark_cannot_hold_is_left_out() -> None:
    chart = {
        "type": "bar",
        "stacked": True,
        "valueLabels": True,
        "categories": ["a", "b"],
        "series": [{"name": "big", "values": [100, 100]}, {"name": "small", "values": [0.5, 50]}],
    }
    data = compiled({"type": "chart", "title": "T", "chart": chart})
    root = part_xml(data, "ppt/charts/chart1.xml")
    hidden = [
        [label.find("{*}idx").get("val") for label in series.iter("{*}dLbl")]
        for series in root.iter("{*}ser")
    ]
    assert hidden == [[], ["0"]]


def test_a_table_is_native_and_uses_the_deck_s_style() -> None:
    table = {
        "columns": [{"header": "A", "weight": 3}, {"header": "B", "align": "right"}],
        "rows": [["<x>", "1"], ["y", "2"]],
        "totalRow": True,
    }
    data = compiled({"type": "table", "title": "T", "table": table, "altText": "What"})
    presentation = Presentation(io.BytesIO(data))
    frame = next(shape for shape in presentation.slides[0].shapes if shape.has_table)
    assert frame.is_placeholder
    cells = [[cell.text for cell in row.cells] for row in frame.table.rows]
    assert cells == [["A", "B"], ["<x>", "1"], ["y", "2"]]
    assert frame.table.first_row
    assert frame.table.last_row
    widths = [column.width for column in frame.table.columns]
    assert widths[0] == pytest.approx(3 * widths[1], rel=0.001)
    assert sum(widths) == frame.width
    style = frame.table._tbl.tblPr.find("{*}tableStyleId").text
    assert style.encode() in parts(data)["ppt/tableStyles.xml"]


def test_notes_and_alt_text_are_there(board_deck: bytes) -> None:
    presentation = Presentation(io.BytesIO(board_deck))
    slides = list(presentation.slides)
    assert slides[0].notes_slide.notes_text_frame.text.startswith("Welcome everyone.")
    assert not slides[6].has_notes_slide
    for slide in slides:
        assert slide.shapes.title is not None
        for shape in slide.shapes:
            if not shape.has_text_frame:
                assert shape._element._nvXxPr.cNvPr.get("descr"), shape.name


def test_properties_name_the_deck_but_no_time() -> None:
    data = compiled(BULLETS, title="A & B", author="<Ann>", language="de")
    properties = Presentation(io.BytesIO(data)).core_properties
    assert (properties.title, properties.author, properties.language) == ("A & B", "<Ann>", "de")
    for name, part in parts(data).items():
        if name.startswith("docProps/"):
            assert b"dcterms" not in part


@pytest.mark.parametrize(("aspect", "width"), [("16:9", 12192000), ("4:3", 9144000)])
def test_every_shape_stands_on_the_slide(aspect: str, width: int) -> None:
    presentation = opened(
        {"type": "title", "title": "T"},
        {"type": "section", "title": "T"},
        BULLETS,
        {"type": "chart", "title": "T", "chart": CHART, "takeaway": "W"},
        {"type": "quote", "quote": "Q"},
        aspect=aspect,
    )
    assert (presentation.slide_width, presentation.slide_height) == (width, 6858000)
    for holder in (*presentation.slides, *presentation.slide_layouts):
        for shape in holder.shapes:
            assert shape.left >= 0
            assert shape.top >= 0
            assert shape.left + shape.width <= width, (holder, shape.name)
            assert shape.top + shape.height <= 6858000, (holder, shape.name)


def test_nothing_refers_outside_the_file(board_deck: bytes) -> None:
    for name, data in parts(board_deck).items():
        if name.endswith(".rels"):
            assert b"TargetMode" not in data, name
            for relationship in part_xml(board_deck, name):
                assert ":" not in relationship.get("Target")


def test_footers_and_numbers_are_as_asked() -> None:
    def footers(**footer: Any) -> list[str]:
        slide = opened(BULLETS, footer=footer).slides[0]
        return [
            shape.text_frame.text
            for shape in slide.placeholders
            if shape.placeholder_format.type in (PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.SLIDE_NUMBER)
        ]

    assert footers(text="A & B") == ["A & B", "1"]
    assert footers(slideNumbers=False) == []


def test_section_slides_make_sections() -> None:
    section = {"type": "section", "title": 'A "B" & C'}
    presentation = opened({"type": "title", "title": "T"}, section, BULLETS, section)
    groups = list(presentation.element.iter("{*}section"))
    assert [group.get("name") for group in groups] == [
        "Opening",
        section["title"],
        section["title"],
    ]
    assert [len(group[0]) for group in groups] == [1, 2, 1]
    assert len({group.get("id") for group in groups}) == 3
    assert not list(opened(BULLETS).element.iter("{*}section"))


def test_section_numbers_count_up() -> None:
    section = {"type": "section", "title": "S"}
    slides = opened(section, BULLETS, section).slides
    numbers = [slide.placeholders[16].text_frame.text for slide in (slides[0], slides[2])]
    assert numbers == ["01", "02"]


def test_another_target_is_refused() -> None:
    source = {"kind": "SlideSpec", "version": 1, "title": "D", "slides": [BULLETS]}
    spec = parse_ir(json.dumps(source).encode())
    with pytest.raises(UnsupportedTargetError, match="not to Docx"):
        compile_artifact(ir=spec, assets={}, gates=NO_GATES, target="Docx")


def test_time_grows_with_the_number_of_slides_not_its_square() -> None:
    """python-pptx alone names chart parts and notes by walking all parts."""
    slide = {"type": "chart", "title": "T", "chart": CHART, "notes": "N"}

    def seconds(count: int) -> float:
        started = time.process_time()
        compiled(*[slide] * count)
        return time.process_time() - started

    seconds(2)
    small, large = min(seconds(25) for _ in range(3)), seconds(200)
    assert large < 8 * small * 2, f"25 charts take {small:.2f} s, 200 take {large:.2f} s"
