"""Documents for Office files that have all there is: what a validator should see."""

from __future__ import annotations

import base64
from typing import Any

PIXEL = base64.b64encode(
    base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGM4AAAAwgDBBsBM0gAAAABJRU5ErkJggg=="
    )
).decode()
ASSETS = [{"name": "dot", "data": PIXEL}, {"name": "mark", "data": PIXEL}]


def _chart(kind: str, **fields: Any) -> dict[str, Any]:
    one = {"name": "one", "values": [3.6, 4.4, None]}
    values = [one] if kind == "pie" else [one, {"name": "two", "values": [-1, 0, 2]}]
    if kind == "pie":
        one["values"] = [3, 4, 5]
    chart = {"type": kind, "categories": ["a", "b", "c"], "series": values} | fields
    return {"type": "chart", "title": f"A {kind}", "altText": "what it shows", "chart": chart}


def deck(**fields: Any) -> dict[str, Any]:
    """Return a deck with every kind of slide, notes, a logo, a footer and sections."""
    bullets = [{"text": "One", "items": [{"text": "Two & <three>", "items": [{"text": "4"}]}]}]
    table = {
        "columns": [{"header": "A"}, {"header": "B", "align": "right"}],
        "rows": [["x", "1"], ["sum", "1"]],
        "totalRow": True,
    }
    slides = [
        {"type": "title", "title": "Everything", "subtitle": "of a deck", "notes": "a\nb"},
        {"type": "section", "title": "Words"},
        {"type": "bullets", "title": "Points", "bullets": bullets, "notes": "say <this>"},
        {
            "type": "twoColumns",
            "title": "Two",
            "left": {"heading": "L", "bullets": bullets},
            "right": {"heading": "R", "bullets": bullets},
        },
        {"type": "quote", "quote": "Well said", "author": "Somebody", "role": "who is there"},
        {"type": "section", "title": "Figures"},
        {"type": "table", "title": "Table", "altText": "x", "caption": "c", "table": table},
        _chart("bar", valueLabels=True, axisTitle="units"),
        _chart("bar", stacked=True, direction="horizontal", numberFormat={"style": "percent"}),
        _chart("line"),
        _chart("pie") | {"takeaway": "One is three"},
        {"type": "image", "title": "Picture", "image": "dot", "altText": "a dot", "caption": "c"},
    ]
    return {
        "kind": "SlideSpec",
        "version": 1,
        "title": "Everything",
        "author": "A & B",
        "slides": slides,
        "assets": ASSETS,
        "theme": {"logo": "mark"},
        "footer": {"text": "foot", "slideNumbers": True},
    } | fields


def text(**fields: Any) -> dict[str, Any]:
    """Return a text with every kind of block and every look of a run."""
    runs = [
        {"text": "plain "},
        {"text": "bold", "bold": True},
        {"text": "slanted", "italic": True},
        {"text": "both", "bold": True, "italic": True},
        {"text": "code", "code": True, "bold": True},
        {"text": "out", "link": "https://example.com/?a=1&b=2", "italic": True},
        {"text": "within", "link": "#one"},
        {"text": "said", "cite": "s"},
        {"text": "again", "cite": "s"},
    ]
    nested = [{"text": runs, "items": [{"text": "b", "items": [{"text": "c"}]}]}, {"text": "d"}]
    rows = [["x & y", "1"], ["sum", "1"]]
    table = {"type": "table", "columns": [{"header": "A"}, {"header": "B", "align": "right"}]}
    content = [
        {"type": "heading", "level": 1, "id": "one", "text": "One"},
        {"type": "heading", "level": 2, "text": "Two"},
        {"type": "paragraph", "style": "lead", "text": "A lead."},
        {"type": "paragraph", "text": runs},
        {"type": "list", "items": nested},
        {"type": "list", "style": "numbers", "items": nested},
        {"type": "list", "style": "numbers", "items": [{"text": "from one again"}]},
        {**table, "rows": rows, "totalRow": True, "caption": "c", "altText": "words & more"},
        {**table, "rows": rows, "altText": "words"},
        {"type": "figure", "image": "dot", "widthPercent": 20, "caption": "f", "altText": "a dot"},
        {"type": "figure", "image": "dot", "widthPercent": 10, "altText": "a dot"},
        *(
            {k: v for k, v in _chart(kind, **fields).items() if k != "title"} | {"caption": "c"}
            for kind, fields in (
                ("bar", {"valueLabels": True, "axisTitle": "units"}),
                ("bar", {"stacked": True, "direction": "horizontal"}),
                ("line", {}),
                ("pie", {}),
            )
        ),
        {"type": "quote", "text": "Well said", "author": "Somebody"},
        {"type": "code", "text": "a <b>\n  c & d"},
        {"type": "note", "text": "Mind this"},
        {"type": "pageBreak"},
        {"type": "heading", "level": 1, "text": "Last"},
    ]
    return {
        "kind": "DocSpec",
        "version": 1,
        "title": "Everything",
        "subtitle": "of a text",
        "author": "A & B",
        "date": "today",
        "contents": True,
        "page": {"footer": "foot", "header": "head"},
        "sources": [{"id": "s", "text": "Author & title", "link": "https://example.com/"}],
        "assets": ASSETS,
        "theme": {"logo": "mark", "fonts": {"heading": "Cambria", "body": "Arial"}},
        "content": content,
    } | fields


def workbook(**fields: Any) -> dict[str, Any]:
    """Return a workbook with every type of column, formula, format and chart."""
    columns = [
        {"name": "day", "header": "Day", "type": "date", "total": "count"},
        {"name": "what", "header": "What", "type": "text"},
        {"name": "a", "header": "A", "type": "number", "total": "sum", "highlight": "bars"},
        {"name": "b", "header": "B", "type": "number", "highlight": "scale", "total": "max"},
        {
            "name": "c",
            "header": "C",
            "type": "number",
            "highlight": "negative",
            "total": "average",
            "format": {"style": "currency", "symbol": "€", "decimals": 2},
            "formula": {
                "type": "subtract",
                "left": {"type": "column", "column": "a"},
                "right": {"type": "number", "value": 2},
            },
        },
        {"name": "yes", "header": "Yes", "type": "boolean"},
        {"name": "link", "header": "Link", "type": "link"},
    ]
    rows = [
        ["2026-01-31", "=SUM(A1) & <b>", 1, 2, None, True, "https://example.com/?a=1&b=2"],
        ["2026-02-28", "two", 3.5, -4, None, False],
    ]
    charts = [
        {"type": kind, "title": f"A {kind}", "categories": "what", "series": ["a"], "altText": "x"}
        for kind in ("bar", "line", "pie")
    ]
    sheets = [
        {"name": "s", "title": "S & T", "columns": columns, "rows": rows, "charts": charts},
        {"name": "t", "title": "T", "columns": columns[:3], "rows": [["2026-03-01", "x", 1]]},
    ]
    return {
        "kind": "SpreadsheetSpec",
        "version": 1,
        "title": "Everything",
        "author": "A & B",
        "sheets": sheets,
    } | fields
