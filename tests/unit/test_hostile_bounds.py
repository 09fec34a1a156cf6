"""The bounds on what little input can ask for: parts of pictures, tables, selectors, formulas."""

import io
from typing import Any

import pytest
from artifactexamples import compiled
from hostilemarkup import page
from hostileoffice import book, column, lines, sheet, tree
from hostilepages import chunk, png
from PIL import Image
from venture_core.artifacts.documents import parse_ir
from venture_core.artifacts.images import InvalidAssetError, inspect_images
from venture_core.artifacts.ir import InvalidIRError
from venture_core.artifacts.ir.text import LINK
from venture_core.artifacts.pictureparts import MAX_PARTS, MAX_SCANS, too_many_parts
from venture_core.canonical import canonical_json


def photo(**options: Any) -> bytes:
    file = io.BytesIO()
    Image.effect_noise((200, 200), 90).save(file, "JPEG", quality=90, **options)
    return file.getvalue()


def scanned(times: int) -> bytes:
    """Return a JPEG of so many scans."""
    data = photo()
    start = data.rindex(b"\xff\xda")
    return data[:start] + data[start:-2] * times + data[-2:]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (photo(), ""),
        (photo(progressive=True), ""),
        (photo(restart_marker_rows=1), ""),
        (photo(comment=b"\xff\xda" * 1000), ""),
        (scanned(MAX_SCANS), ""),
        (scanned(MAX_SCANS + 1), "draws itself more than 64 times"),
        (png(8, 8, chunk(b"teXt", b"") * (MAX_PARTS - 3)), ""),
        (png(8, 8, chunk(b"teXt", b"") * (MAX_PARTS - 2)), "more than 20,000 chunks"),
        (photo()[:2] + b"\xff\xfe\0\2" * (MAX_PARTS + 1) + photo()[2:], "20,000 segments"),
        (b"\xff\xd8", ""),
        (b"\x89PNG\r\n\x1a\n\0", ""),
        (b"GIF89a", ""),
    ],
)
def test_parts_of_pictures_are_counted_before_they_are_decoded(data: bytes, says: str) -> None:
    found = too_many_parts(data)
    assert says in found
    assert bool(says) == bool(found)


def test_pngs_have_so_many_pixels_together() -> None:
    large = png(6000, 4000, rows=4000)
    inspect_images(dict.fromkeys(map(str, range(16)), large))
    with pytest.raises(InvalidAssetError, match=r"asset 16: with it PNGs have more"):
        inspect_images(dict.fromkeys(map(str, range(17)), large))


def row(*cells: str) -> str:
    return f"<tr>{''.join(cells)}</tr>"


def table(*rows: str) -> str:
    return f"<table><tbody>{''.join(rows)}</tbody></table>"


WIDE = '<td colspan="40">x</td>'
TALL = '<td colspan="40" rowspan="3">x</td>'
TABLES: list[tuple[str, str]] = [
    (table(row(WIDE * 5)), ""),
    (table(row(WIDE * 5, "<td>x</td>")), "cells of the table cover 201"),
    (table(row(TALL * 4), row(WIDE)), ""),
    (table(row(TALL * 4), row(), row(WIDE, WIDE)), "cells of the table cover 240"),
    (table(row(TALL * 4), row(), row(), row(WIDE * 2)), ""),
    ('<table><colgroup><col span="49"></colgroup><tbody><tr><td>x</td></tr></tbody></table>', ""),
    (table(*[row(WIDE * 5)] * 500), ""),
    (table(*[row(WIDE * 5)] * 501), "there are 100200"),
]


@pytest.mark.parametrize(("html", "says"), TABLES)
def test_tables_have_so_many_places(html: str, says: str) -> None:
    assert says in problems(html)
    assert bool(says) == bool(problems(html))


SELECTORS: list[tuple[str, str]] = [
    ("p { color: red }" * 400, "<p>x</p>" * 5000),
    ("p ~ p { color: red }", "<p>x</p>" * 2000),
    ("table tbody tr td { color: red }" * 100, table(*[row("<td>x</td>" * 5)] * 300)),
    (".a ~ .b ~ .c ~ .d { color: red }", "<p>x</p>" * 5000),
]
DEAR: list[tuple[str, str]] = [
    ("p ~ p { color: red }", "<p>x</p>" * 3000),
    ("p ~ p ~ p { color: red }", "<p>x</p>" * 300),
    ("div div div p { color: red }" * 400, "<div>" * 20 + "<p>x</p>" * 500 + "</div>" * 20),
]


@pytest.mark.parametrize(("css", "html"), SELECTORS)
def test_selectors_that_people_write_are_taken(css: str, html: str) -> None:
    assert problems(html, css) == ""


@pytest.mark.parametrize(("css", "html"), DEAR)
def test_selectors_that_look_too_often_are_refused(css: str, html: str) -> None:
    assert "/css: they look at elements more than" in problems(html, css)


def problems(html: str, css: str = "") -> str:
    document, _, _ = page(html, css)
    assert isinstance(document, dict)
    try:
        parse_ir(canonical_json(document))
    except InvalidIRError as error:
        return str(error)
    return ""


SQUARE = tree(7, {"type": "column", "column": "a"})
BOOKS: dict[str, tuple[tuple[Any, ...], str]] = {
    "cells": (([column("a")] * 1, 250_001), "more than 250,000 rows"),
    "cells of computed columns": (
        (
            [
                column("a"),
                *(column(f"c{n}", formula={"type": "number", "value": 1}) for n in range(9)),
            ],
            100_001,
        ),
        "more than 100,000 rows",
    ),
    "operations": (
        ([column("a"), column("b", formula=SQUARE)], 40_000),
        "/sheets/0/columns/1/formula",
    ),
    "links": (([{"name": "a", "type": "link"}], 65_531), "/sheets/0/columns/0/type"),
}


@pytest.mark.parametrize(("made", "says"), BOOKS.values(), ids=BOOKS)
def test_a_workbook_holds_and_computes_so_much(made: tuple[Any, ...], says: str) -> None:
    heads, count = made
    cell = "https://a.example" if "type" in heads[0] and heads[0]["type"] == "link" else "1"
    document, target, assets = book(sheet("s", heads, data="rows"), rows=lines("a", cell, count))
    with pytest.raises((InvalidAssetError, InvalidIRError), match=says):
        compiled(document, target, **assets)


def test_rows_of_a_document_count_with_what_is_computed_of_them() -> None:
    columns = [column("a"), *(column(f"c{n}", formula=SQUARE) for n in range(4))]
    document, target, _ = book(sheet("s", columns, rows=[[]] * 20_000))
    with pytest.raises(InvalidIRError, match="at most 10,000,000 operations"):
        compiled(document, target)


@pytest.mark.parametrize(
    ("link", "taken"),
    [
        ("https://a.example", True),
        ("https://a.example/x?y=a@b.example#z", True),
        ("https://a.example:8443?q", True),
        ("https://bank.example@a.example/", False),
        ("https://u:p@a.example", False),
        ("https://a.example/\u202emoc.knab", False),
        ("https://a.example\u200f/x", False),
        ("http:///x", False),
    ],
)
def test_a_link_shows_where_it_leads(link: str, taken: bool) -> None:
    assert bool(LINK.fullmatch(link)) == taken
