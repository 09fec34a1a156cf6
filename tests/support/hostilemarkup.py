"""HTML and CSS that somebody wrote to do harm: to reach out, to never end, to multiply."""

from typing import TYPE_CHECKING, Any, Final

from hostilepages import png

if TYPE_CHECKING:
    from collections.abc import Callable

    from hostilepages import Attack

FILLING: Final = "<p>" + "words that fill a line " * 40 + "</p>"


def page(html: str, css: str = "", **assets: bytes) -> Attack:
    """Make pages of this HTML."""
    spec: dict[str, Any] = {"kind": "HtmlSpec", "version": 1, "title": "Pages", "html": html}
    return spec | {"css": css}, "Pdf", assets


def nested(style: str, *, levels: int = 20, within: str = FILLING * 8) -> Attack:
    """Put boxes of one style into one another."""
    return page(f'<div style="{style}">' * levels + within + "</div>" * levels)


def nested_tables(levels: int) -> Attack:
    """Put tables into cells of tables."""
    return page(
        "<table><tbody><tr><td>" * levels
        + "words " * 20
        + "</td><td>x</td></tr></tbody></table>" * levels
    )


def wide_table() -> Attack:
    """Make a table whose every cell says that it covers 49 by 99 others."""
    row = "<tr>" + '<td colspan="49" rowspan="99">x</td>' * 10 + "</tr>"
    return page(f"<table><tbody>{row * 150}</tbody></table>")


def siblings(selector: str, count: int = 3000) -> Attack:
    """Ask of thousands of paragraphs what stands before each of them."""
    return page("<p>x</p>" * count, f"{selector} {{ color: black }}")


def rules(selector: str, count: int, html: str) -> Attack:
    """Ask the same of every element, in as many rules as there may be."""
    return page(html, "".join(f"{selector} {{ color: black }}" for _ in range(count)))


DEEP: Final = "<div>" * 22 + "<p>x</p>" * 2000 + "</div>" * 22

ATTACKS: Final[dict[str, Callable[[], Attack]]] = {
    "page with a script": lambda: page("<script>while(true){}</script>"),
    "page that fetches a picture": lambda: page('<img src="http://192.0.2.1/a.png" alt="x">'),
    "page that shows a file of the machine": lambda: page('<img src="file:///etc/passwd" alt="x">'),
    "page with a picture in its address": lambda: page(
        '<img src="data:image/png;base64,AA" alt="">'
    ),
    "page within a page": lambda: page('<iframe src="http://192.0.2.1/"></iframe>'),
    "link that runs a program": lambda: page('<a href="javascript:alert(1)">x</a>'),
    "page of entities within entities": lambda: page(
        '<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;">]><p>&y;</p>'
    ),
    "style that imports another": lambda: page("<p>x</p>", "@import url(http://192.0.2.1/a.css);"),
    "style that fetches": lambda: page("<p>x</p>", "p { background: url(http://192.0.2.1/) }"),
    "style that brings a font": lambda: page(
        "<p>x</p>", "@font-face { font-family: x; src: url(file:///x) }"
    ),
    "boxes side by side in one another": lambda: nested("display: flex"),
    "columns in columns": lambda: nested("columns: 3"),
    "boxes in lines in one another": lambda: nested("display: inline-block"),
    "floats in one another": lambda: nested("float: left"),
    "boxes that may not break in one another": lambda: nested("break-inside: avoid"),
    "boxes that keep together in one another": lambda: nested(
        "break-inside: avoid; break-before: avoid; break-after: avoid; orphans: 9; widows: 9",
        within=FILLING * 30,
    ),
    "tables in tables": lambda: nested_tables(5),
    "letters that grow at each level": lambda: nested("font-size: 400%", within="x"),
    "letters that shrink at each level": lambda: nested("font-size: 0.5em", within="x"),
    "margins that grow at each level": lambda: nested("margin: 9999in", within="x"),
    "padding that grows at each level": lambda: nested("padding: 9999%", within="x"),
    "box of a mile": lambda: page('<div style="height: 9999in"><p>x</p></div>' * 20),
    "cells that cover each other": wide_table,
    "siblings of siblings": lambda: siblings("a ~ p ~ p ~ p ~ p ~ p"),
    "ancestors of ancestors": lambda: rules("a div div div div p", 400, DEEP),
    "children by number": lambda: rules("p ~ p ~ p:nth-child(7n)", 400, "<p>x</p>" * 2000),
    "word of half a million letters": lambda: page(f"<p>{'x' * 490_000}</p>"),
    "word of half a million letters that may break": lambda: page(f"<pre>{'x' * 490_000}</pre>"),
    "paragraph of a hundred thousand words": lambda: page(
        f'<p style="text-align: justify">{"word " * 98_000}</p>'
    ),
    "hyphens in half a million letters": lambda: page(
        f'<p lang="en" style="hyphens: auto">{"incomprehensibilities" * 23_000}</p>'
    ),
    "marks upon marks": lambda: page(f"<p>e{chr(0x301) * 150_000}</p>"),
    "turns of direction": lambda: page(f"<p>{'a' + chr(0x5D0)} " * 60_000 + "</p>"),
    "twenty thousand elements": lambda: page("<b>x</b> " * 19_000),
    "twenty thousand pictures": lambda: page(
        '<img src="asset:a" alt="x">' * 15_000, a=png(6000, 4000, rows=4000)
    ),
}
"""Each attack by its name."""
