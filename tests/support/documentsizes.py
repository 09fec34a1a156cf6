"""Documents of every target in any size, for figures."""

import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

type Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """What is measured: a document of some size, with its assets."""

    target: str
    unit: str
    make: Callable[[int], tuple[Document, dict[str, bytes]]]


HEADS: Final = ("Number", "Customer", "Due", "Amount", "Paid")


def table_rows(count: int) -> list[list[Any]]:
    """Return rows of five cells."""
    return [
        [f"INV-{n}", f"Customer {n % 97}", "2026-10-01", n * 7919 % 90_000, n % 13]
        for n in range(count)
    ]


def document(kind: str, **fields: Any) -> Document:
    """Return a document of a kind."""
    return {"kind": kind, "version": 1, "title": "Figures"} | fields


def deck(slides: int) -> Document:
    """Return a deck of lists, charts and tables in turn."""
    bullets = {"type": "bullets", "title": "Points", "bullets": [{"text": "A point"}] * 5}
    series = [{"name": "s", "values": [1, 2, 3, 4]}]
    chart = {"type": "bar", "categories": ["a", "b", "c", "d"], "series": series}
    drawn = {"type": "chart", "title": "Chart", "chart": chart, "altText": "x"}
    rows = [["one", "two", "three"]] * 6
    table = {"columns": [{"header": "h"}] * 3, "rows": rows}
    shown = {"type": "table", "title": "Table", "table": table, "altText": "x"}
    pages = [(bullets, drawn, shown)[number % 3] for number in range(slides)]
    return document("SlideSpec", slides=pages)


def text(rows: int) -> Document:
    """Return a text of tables of at most 200 rows, each after a paragraph."""
    cells = [[str(cell) for cell in row] for row in table_rows(rows)]
    columns = [{"header": name} for name in HEADS]
    blocks: list[Document] = []
    for start in range(0, rows, 200):
        blocks.append({"type": "paragraph", "text": "Words that stand before a table. " * 10})
        part = cells[start : start + 200]
        blocks.append({"type": "table", "columns": columns, "rows": part, "altText": "x"})
    return document("DocSpec", content=blocks)


def pages(rows: int) -> Document:
    """Return HTML with the same tables."""
    head = f"<thead><tr>{''.join(f'<th>{name}</th>' for name in HEADS)}</tr></thead>"
    lines = [f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in table_rows(rows)]
    parts = [
        f"<p>{'Words that stand before a table. ' * 10}</p>"
        f"<table>{head}<tbody>{''.join(lines[start : start + 200])}</tbody></table>"
        for start in range(0, rows, 200)
    ]
    return document("HtmlSpec", html="".join(parts))


def workbook(rows: int) -> tuple[Document, dict[str, bytes]]:
    """Return a sheet of six columns, one of them computed, with its rows in a CSV."""
    left = {"type": "column", "column": "amount"}
    product = {"type": "multiply", "left": left, "right": {"type": "column", "column": "paid"}}
    columns = [
        {"name": "number", "header": "Number"},
        {"name": "customer", "header": "Customer"},
        {"name": "due", "header": "Due", "type": "date"},
        {"name": "amount", "header": "Amount", "type": "number"},
        {"name": "paid", "header": "Paid", "type": "number"},
        {"name": "both", "header": "Both", "type": "number", "formula": product},
    ]
    sheet = {"name": "s", "title": "Sheet", "columns": columns, "data": "rows"}
    lines = "".join(f"{','.join(map(str, row))}\n" for row in table_rows(rows))
    data = f"number,customer,due,amount,paid\n{lines}".encode()
    return document("SpreadsheetSpec", sheets=[sheet]), {"rows": data}


def report(rows: int) -> Document:
    """Return a report of one grid."""
    columns = [{"header": name} for name in HEADS]
    return document(
        "ReportSpec", blocks=[{"type": "grid", "columns": columns, "rows": table_rows(rows)}]
    )


def board(nodes: int, form: str = "svg") -> Document:
    """Return a board whose every node leads to two others."""
    names = [{"id": f"n{n}", "label": f"Node {n}"} for n in range(nodes)]
    joined = [(n, (n * k + 1) % nodes) for n in range(nodes) for k in (2, 3)]
    edges = [{"source": f"n{a}", "target": f"n{b}"} for a, b in joined if a != b]
    return document("BoardSpec", altText="x", format=form, nodes=names, edges=edges)


def picture(megapixels: int) -> Document:
    """Return a picture of areas and text."""
    side = round((megapixels * 1_000_000) ** 0.5)
    at = {"left": side // 8, "top": side // 8, "width": side // 2, "height": side // 2}
    layers = [
        {"type": "shape", "at": at, "color": "surface", "radius": 40},
        {"type": "text", "at": at, "text": "Words that fit their place", "size": side // 8},
    ]
    return document("ImageSpec", altText="x", width=side, height=side, layers=layers)


def _without_assets(make: Callable[[int], Document]) -> Callable[[int], Any]:
    return lambda size: (make(size), {})


KINDS: Final[dict[str, Kind]] = {
    "deck": Kind("Pptx", "slides", _without_assets(deck)),
    "deck as PDF": Kind("Pdf", "slides", _without_assets(deck)),
    "text": Kind("Docx", "rows", _without_assets(text)),
    "text as PDF": Kind("Pdf", "rows", _without_assets(text)),
    "HTML as PDF": Kind("Pdf", "rows", _without_assets(pages)),
    "report as PDF": Kind("Pdf", "rows", _without_assets(report)),
    "workbook": Kind("Xlsx", "rows", workbook),
    "board as SVG": Kind("Image", "nodes", _without_assets(board)),
    "board as PNG": Kind("Image", "nodes", _without_assets(partial(board, form="png"))),
    "picture as PNG": Kind("Image", "megapixels", _without_assets(picture)),
}
SIZES: Final[dict[str, tuple[int, int, int]]] = {
    "deck": (10, 100, 200),
    "deck as PDF": (10, 100, 200),
    "text": (100, 1_000, 10_000),
    "text as PDF": (100, 500, 2_000),
    "HTML as PDF": (100, 500, 2_000),
    "report as PDF": (100, 1_000, 10_000),
    "workbook": (1_000, 10_000, 100_000),
    "board as SVG": (10, 50, 200),
    "board as PNG": (10, 50, 100),
    "picture as PNG": (1, 4, 16),
}
"""As large as a document may be, where that is less than what was wanted: 200 slides."""


def work(kind: str, size: int) -> Callable[[], int]:
    """Return what makes one file of that kind and size, and says how large it is."""
    from artifactexamples import compiled

    chosen = KINDS[kind]
    made, assets = chosen.make(size)
    data = json.dumps(made).encode()
    return lambda: len(compiled(data, chosen.target, **assets).data)
