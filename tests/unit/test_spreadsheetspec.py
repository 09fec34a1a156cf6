"""Workbooks: what a SpreadsheetSpec may say, what its formulas come to, and the .xlsx of it."""

import io
import json
import re
import zipfile
from time import process_time
from typing import Any

import openpyxl
import pytest
from artifactexamples import compiled, compiled_example, example
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from soaking import examples
from venture_core.artifacts.documents import parse_ir
from venture_core.artifacts.gates import GateFailedError
from venture_core.artifacts.images import InvalidAssetError
from venture_core.artifacts.ir import InvalidIRError

GOLDEN = "637499f79738c5b312af5a58166aa2cb88ca871e23fc9552445608705b3e42bd"
"""SHA-256 of the example. Whoever changes it raises the revision in sheet/target.py with it."""
A: dict[str, Any] = {"name": "a", "header": "A", "type": "number"}
NAMED: dict[str, Any] = {"name": "n", "header": "N"}


def of(column: str) -> dict[str, Any]:
    return {"type": "column", "column": column}


def op(kind: str, left: Any, right: Any) -> dict[str, Any]:
    return {"type": kind, "left": left, "right": right}


def sheet(*columns: dict[str, Any], rows: Any = (), **fields: Any) -> dict[str, Any]:
    return {"name": "s", "title": "S", "columns": list(columns), "rows": list(rows)} | fields


def book(*sheets: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"kind": "SpreadsheetSpec", "version": 1, "title": "T", "sheets": list(sheets)} | fields


def nested(levels: int) -> dict[str, Any]:
    formula: dict[str, Any] = of("a")
    for _ in range(levels):
        formula = op("add", formula, of("a"))
    return formula


def computed(formula: Any) -> dict[str, Any]:
    return {"name": "c", "header": "C", "type": "number", "formula": formula}


CHART = {"type": "bar", "title": "C", "categories": "n", "series": ["a"], "altText": "x"}
REFUSED = {
    "no sheets": (book(), "/sheets"),
    "text for a number": (book(sheet(A, rows=[["1"]])), "/sheets/0/rows/0/0"),
    "a number for text": (book(sheet(NAMED, rows=[[268]])), "/sheets/0/rows/0/0"),
    "a flag for a number": (book(sheet(A, rows=[[True]])), "/sheets/0/rows/0/0"),
    "an object in a cell": (book(sheet(A, rows=[[{"f": 1}]])), "/sheets/0/rows/0/0"),
    "a day that is not": (
        book(sheet({**NAMED, "type": "date"}, rows=[["2026-02-30"]])), "/sheets/0/rows/0/0"),
    "a day before all sheets": (
        book(sheet({**NAMED, "type": "date"}, rows=[["1899-12-31"]])), "/sheets/0/rows/0/0"),
    "a script for a link": (
        book(sheet({**NAMED, "type": "link"}, rows=[["javascript:x"]])), "/sheets/0/rows/0/0"),
    "a file for a link": (
        book(sheet({**NAMED, "type": "link"}, rows=[["file:///etc"]])), "/sheets/0/rows/0/0"),
    "a huge number": (book(sheet(A, rows=[[1e16]])), "/sheets/0/rows/0/0"),
    "a long row": (book(sheet(A, rows=[[1, 2]])), "/sheets/0/rows/0"),
    "a value where one is computed": (
        book(sheet(A, computed(of("a")), rows=[[1, 2]])), "/sheets/0/rows/0/1"),
    "text for a formula": (
        book(sheet(A, computed("=A"))), "/sheets/0/columns/1/formula"),
    "a function that is not": (
        book(sheet(A, computed(op("web", of("a"), of("a"))))), "/sheets/0/columns/1/formula"),
    "a column to the right": (
        book(sheet(computed(of("a")), A)), "/sheets/0/columns/0/formula/column"),
    "a column of itself": (book(sheet(A, computed(of("c")))), "/sheets/0/columns/1/formula/column"),
    "a sheet that comes later": (
        book(sheet(A, computed({"type": "total", "sheet": "s", "column": "a"}))),
        "/sheets/0/columns/1/formula/sheet"),
    "nine operations deep": (
        book(sheet(A, computed(nested(9)))), "/sheets/0/columns/1/formula" + "/left" * 7),
    "a sum of words": (book(sheet({**NAMED, "total": "sum"})), "/sheets/0/columns/0/total"),
    "a title with a quote": (book(sheet(A, title="a'!A1")), "/sheets/0/title"),
    "a title that programs keep": (book(sheet(A, title="History")), "/sheets/0/title"),
    "a title twice": (book(sheet(A), sheet(A, name="t", title="s")), "/sheets/1/title"),
    "a name twice": (book(sheet(A, A)), "/sheets/0/columns/1/name"),
    "a chart of nothing": (
        book(sheet(A, charts=[CHART])), "/sheets/0/charts/0/categories"),
    "rows and data": (book(sheet(A, rows=[[1]], data="rows")), "/sheets/0/rows"),
    "fifty-one columns": (book(sheet(*[A] * 51)), "/sheets/0/columns"),
    "too many rows": (book(sheet(A, rows=[[]] * 20_001)), "/sheets/0/rows"),
    "too many values": (book(sheet(A, rows=[[1] * 4] * 20_000)), ""),
}  # fmt: skip


@pytest.mark.parametrize(("content", "pointer"), REFUSED.values(), ids=REFUSED)
def test_what_breaks_the_format_is_refused_where_it_is(content: Any, pointer: str) -> None:
    with pytest.raises(InvalidIRError) as caught:
        parse_ir(json.dumps(content).encode())
    assert caught.value.problems[0].pointer == pointer
    assert caught.value.problems[0].expected != "a valid value"


CSV = {
    "another head": (b"b\n1\n", "its first line has to be a"),
    "not UTF-8": (b"a\n\xff\n", "not UTF-8"),
    "words": (b"a\nx\n", "line 2, column a: expected a number"),
    "a formula": (b"a\n=1+1\n", "line 2, column a: expected a number"),
    "not finite": (b"a\nnan\n", "line 2, column a: expected"),
    "more values": (b"a\n1,2\n", "line 2 has 2 values"),
    "an open quote": (b'a\n"1', "not CSV"),
    "a line without end": (b"a\n" + b"1" * 200_000, "not CSV"),
    "too many rows": (b"a\n" + b"1\n" * 250_001, "more than 250,000 rows"),
}


@pytest.mark.parametrize(("data", "message"), CSV.values(), ids=CSV)
def test_rows_that_cannot_be_read_are_refused_with_their_line(data: bytes, message: str) -> None:
    with pytest.raises(InvalidAssetError, match=re.escape(message)):
        compiled(book(sheet(A, data="rows")), "Xlsx", rows=data)


def native(data: bytes, *, values: bool) -> Any:
    return openpyxl.load_workbook(io.BytesIO(data), data_only=values)


def test_rows_of_an_asset_are_typed_by_their_columns() -> None:
    columns = (NAMED, A, {"name": "d", "header": "D", "type": "date"}, computed(of("a")))
    data = '\ufeffn,a,d\n"=cmd|x",1.5,2026-01-31\n,,\n'.encode()
    made = native(compiled(book(sheet(*columns, data="rows")), "Xlsx", rows=data).data, values=True)
    first, second = list(made["S"].iter_rows(min_row=2, values_only=True))
    assert (first[0], first[1], first[2].isoformat()[:10], first[3]) == (
        "=cmd|x", 1.5, "2026-01-31", 1.5
    )  # fmt: skip
    assert second == (None, None, None, 0)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x")'])
def test_what_people_write_never_is_a_formula(text: str) -> None:
    made = compiled(book(sheet(NAMED, rows=[[text]])), "Xlsx")
    cell = native(made.data, values=False)["S"]["A2"]
    assert (cell.value, cell.data_type, cell.quotePrefix) == (text, "s", True)
    with zipfile.ZipFile(io.BytesIO(made.data)) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")


numbers = st.floats(-1e9, 1e9, allow_nan=False).map(lambda value: round(value, 3))


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=8))
@settings(max_examples=examples(15), deadline=None)
def test_values_are_what_python_says(pairs: list[tuple[float, float]]) -> None:
    b = {"name": "b", "header": "B", "type": "number"}
    formula = op("multiply", op("subtract", of("a"), of("b")), {"type": "number", "value": 3})
    columns = (A, b, {**computed(formula), "total": "sum"})
    made = native(compiled(book(sheet(*columns, rows=pairs)), "Xlsx").data, values=True)
    found = [row[2] for row in made["S"].iter_rows(min_row=2, values_only=True)]
    wanted = [(left - right) * 3 for left, right in pairs]
    assert found[:-1] == wanted
    assert found[-1] == pytest.approx(sum(wanted), abs=1e-3)


def test_a_formula_without_a_value_fails_the_gate_and_names_its_row() -> None:
    content = book(sheet(A, computed(op("divide", of("a"), of("a"))), rows=[[1], [0]]))
    with pytest.raises(GateFailedError, match=r"S, C, row 3: the formula comes to #DIV/0!"):
        compiled(content, "Xlsx")


def test_the_gates_name_what_to_change() -> None:
    charted = book(sheet(NAMED, A, rows=[["x", 1]], charts=[{**CHART, "altText": ""}]))
    with pytest.raises(GateFailedError, match="has no altText"):
        compiled(charted, "Xlsx")
    pale = book(sheet(A), theme={"colors": {"text": "#EEEEEE"}})
    with pytest.raises(GateFailedError, match=r"needs 4\.5:1"):
        compiled(pale, "Xlsx")


def test_the_example_has_its_golden_digest() -> None:
    made = compiled_example("runway-model")
    assert made.sha256 == GOLDEN
    assert [each.name for each in made.gates] == ["contrast", "altText", "formulas"]


def test_another_day_gives_the_same_bytes(time_machine: Any) -> None:
    time_machine.move_to("2031-02-03T04:05:06Z")
    document = json.loads(example("runway-model").document)
    assert compiled(document, "Xlsx").sha256 == GOLDEN


def test_a_spreadsheet_program_finds_heads_names_filters_and_charts() -> None:
    data = compiled_example("runway-model").data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            etree.fromstring(archive.read(name))
        drawing = archive.read("xl/drawings/drawing1.xml").decode()
    assert drawing.count('descr="') == 2
    formulas, values = native(data, values=False), native(data, values=True)
    months = formulas["Months"]
    assert months.freeze_panes == "A2"
    assert months.auto_filter.ref == "A1:G9"
    assert len(months.conditional_formatting) == 3
    assert months["F2"].value == "=(B2-E2)"
    assert values["Months"]["F2"].value == 42000 - 68000 - 4100
    assert formulas["Runway"]["C2"].value == "=(B2/AVERAGE('Months'!$E$2:$E$9))"
    assert values["Runway"]["C2"].value == pytest.approx(212000 / (630300 / 8))
    assert formulas.defined_names["months_burn"].attr_text == "'Months'!$E$2:$E$9"
    assert formulas.properties.title == "Runway model"


def test_many_rows_take_time_in_proportion() -> None:
    def seconds(rows: int) -> float:
        """Return the processor's time, which others on the machine do not take."""
        data = b"n,a\n" + b"".join(b"text of a cell,%d\n" % row for row in range(rows))
        started = process_time()
        compiled(book(sheet(NAMED, A, computed(of("a")), data="rows")), "Xlsx", rows=data)
        return process_time() - started

    seconds(10)
    assert seconds(10_000) < 40 * max(seconds(1000), 0.05)
