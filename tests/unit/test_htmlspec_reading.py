"""What the HTML and CSS of an HtmlSpec may say: everything else is refused, by its name."""

import json
from contextlib import suppress
from time import process_time
from typing import TYPE_CHECKING, Any

import pytest
import tinycss2
import tinyhtml5
from hypothesis import given, settings
from hypothesis import strategies as st
from soaking import examples
from venture_core.artifacts.documents import parse_ir
from venture_core.artifacts.html.ir.markup import LINE, MAX_DEPTH, MAX_ELEMENTS, read_markup
from venture_core.artifacts.html.ir.properties import PROPERTIES
from venture_core.artifacts.html.ir.styles import StyleError, declarations, stylesheet
from venture_core.artifacts.html.ir.vocabulary import ELEMENTS, VOID
from venture_core.artifacts.ir import InvalidIRError
from venture_core.artifacts.paged.markup import html_bytes, node
from venture_core.artifacts.paged.style import css_string

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


def html(body: str, css: str = "", **fields: Any) -> bytes:
    base = {"kind": "HtmlSpec", "version": 1, "title": "T", "html": body, "css": css}
    return json.dumps(base | fields).encode()


REFUSED_HTML = {
    "a script": ("<script>alert(1)</script>", "<script> is not allowed"),
    "a style element": ("<style>p{}</style>", "<style> is not allowed"),
    "a frame": ("<iframe src='https://x.test'></iframe>", "<iframe> is not allowed"),
    "an object": ("<object data='file:///etc/passwd'></object>", "<object> is not allowed"),
    "an embedded file": ("<embed src='x'>", "<embed> is not allowed"),
    "a drawing": ("<svg><image href='file:///etc/passwd'/></svg>", "<svg> is not allowed"),
    "a formula": ("<math></math>", "<math> is not allowed"),
    "a stylesheet": ("<link rel='stylesheet' href='https://x.test'>", "<link> is not allowed"),
    "an attachment": (
        "<a rel='attachment' href='#a'>x</a>", "rel is not allowed in <a>"
    ),
    "a base": ("<base href='file:///etc/'>", "<base> is not allowed"),
    "a meta": ("<meta http-equiv='refresh' content='0'>", "<meta> is not allowed"),
    "a form": ("<form></form>", "<form> is not allowed"),
    "an input": ("<input value='x'>", "<input> is not allowed"),
    "a template": ("<template></template>", "<template> is not allowed"),
    "a noscript": ("<noscript></noscript>", "<noscript> is not allowed"),
    "a whole page": ("<html><body></body></html>", "<html> is not allowed"),
    "an element of nobody's": ("<x-y></x-y>", "<x-y> is not allowed"),
    "a doctype": ("<!DOCTYPE html><p>x</p>", "<!DOCTYPE html> is not allowed"),
    "an entity": ("<!ENTITY x SYSTEM 'file:///etc/passwd'>", "is not allowed"),
    "an instruction": ("<?xml version='1.0'?>", "is not allowed"),
    "a handler": ("<p onclick='x'>x</p>", "onclick is not allowed in <p>"),
    "a handler of a picture": (
        "<img src='asset:a' alt='x' onerror='x'>", "onerror is not allowed in <img>"
    ),
    "a srcset": ("<img src='asset:a' srcset='https://x.test 2x'>", "srcset is not allowed"),
    "a background": ("<table background='https://x.test'></table>", "background is not allowed"),
    "a line of ours": ("<p data-line='1'>x</p>", "data-line is not allowed in <p>"),
    "an attribute twice": ("<p id='a' id='b'>x</p>", "id occurs twice in <p>"),
    "a picture of the web": ("<img src='https://x.test/a.png'>", "src of <img> is"),
    "a picture of the disk": ("<img src='file:///etc/passwd'>", "src of <img> is"),
    "a picture in itself": ("<img src='data:image/png;base64,AA=='>", "src of <img> is"),
    "a picture by a path": ("<img src='asset:../a'>", "src of <img> is"),
    "a picture without one": ("<img alt='x'>", "<img> has no src"),
    "a script for a link": ("<a href='javascript:alert(1)'>x</a>", "href of <a> is"),
    "a file for a link": ("<a href='file:///etc/passwd'>x</a>", "href of <a> is"),
    "data for a link": ("<a href='data:text/html,x'>x</a>", "href of <a> is"),
    "a link with a line feed": ("<a href='java\nscript:x'>x</a>", "href of <a> is"),
    "a cell across a million": ("<table><tr><td colspan='1000000'>x</td></tr></table>", "colspan"),
    "a cell down a million": ("<table><tr><td rowspan='65534'>x</td></tr></table>", "rowspan"),
    "an address in a style": (
        "<p style='background: url(file:///etc/passwd)'>x</p>", "style of <p>"
    ),
    "an end that closes nothing": ("</p>", "</p> closes nothing that is open here"),
    "ends that cross": ("<b><i>x</b></i>", "</b> closes nothing that is open here"),
    "what is not closed": ("<div><p>x</p>", "<div> of line 1 is not closed"),
    "a block in a line": ("<p><div>x</div></p>", "<div> may not"),
    "a link in a link": ("<a href='#a'><b><a href='#b'>x</a></b></a>", "<a> stands in another"),
    "words between rows": ("<table>words</table>", "the words 'words' stand there"),
    "an item of no list": ("<li>x</li>", "<li> may not"),
    "a cell of no row": ("<table><td>x</td></table>", "<td> may not"),
    "an element closed by itself": ("<div/>", "HTML does not close <div> by />"),
    "an id twice": ("<p id='a'>x</p><p id='a'>y</p>", "the id a is taken"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "message"), REFUSED_HTML.values(), ids=REFUSED_HTML)
def test_html_that_may_not_be_is_refused_by_name(body: str, message: str) -> None:
    with pytest.raises(InvalidIRError) as caught:
        parse_ir(html(body))
    first = caught.value.problems[0]
    assert first.pointer == "/html"
    assert message in first.message
    assert first.expected


REFUSED_CSS = {
    "an import": "@import url(https://x.test/a.css);",
    "a font": "@font-face { font-family: x; src: url(file:///etc/passwd) }",
    "a page": "@page { margin: 0 }",
    "a namespace": "@namespace svg url(http://www.w3.org/2000/svg);",
    "a picture": "p { background: url(https://x.test/a.png) }",
    "a picture behind a colour": "p { background: red url(x) }",
    "an escape": "p { color: r\\65 d }",
    "an escaped address": "p { background: \\75rl(https://x.test) }",
    "an expression": "p { width: expression(alert(1)) }",
    "a variable": "p { color: var(--x) }",
    "content": "p { content: 'x' }",
    "what stands before": "p::before { color: red }",
    "what it has": "p:has(a) { color: red }",
    "what it is not": "p:not(.a) { color: red }",
    "an attribute": "a[href^=x] { color: red }",
    "everything": "* { color: red }",
    "what is hidden": "p { display: none }",
    "what cannot be seen": "p { visibility: hidden }",
    "what shines through": "p { opacity: 0 }",
    "another place": "p { position: fixed }",
    "a running element": "p { position: running(x) }",
    "a move": "p { transform: translate(9999px) }",
    "a negative margin": "p { margin-left: -5em }",
    "a letter too small": "p { font-size: 1px }",
    "a letter too large": "p { font-size: 9999px }",
    "a length of a million": "p { width: 1000000px }",
    "importance": "p { color: red !important }",
    "a family of nobody's": "p { font-family: Wingdings }",
    "an element of nobody's": "script { color: red }",
    "a rule in a rule": "p { a { color: red } }",
    "half a rule": "p { color: red",
    "half a comment": "p { color: red } /* ",
    "the end of an element": "</style><script>",
    "no colon": "p { red }",
}


@pytest.mark.parametrize("css", REFUSED_CSS.values(), ids=REFUSED_CSS)
def test_css_that_may_not_be_is_refused_by_name(css: str) -> None:
    with pytest.raises(InvalidIRError) as caught:
        parse_ir(html("<p>x</p>", css))
    (problem,) = caught.value.problems
    assert problem.pointer == "/css"
    assert problem.expected
    assert problem.message


HUGE = {
    "elements without end": "<br>" * 100_000,
    "levels without end": "<div>" * 90_000,
    "attributes without end": "<p " + " a=b" * 100_000 + ">",
    "an element without end": "<p " + "a" * 400_000,
    "opened again and again": "<" * 450_000,
    "a comment without end": "<!--" * 100_000,
    "an end without end": "</" * 200_000,
    "quotes without end": "<p a='" * 80_000,
    "entities without end": "&amp" * 100_000,
    "instructions without end": "<?" * 200_000,
    "sections without end": "<![" * 150_000,
}


@pytest.mark.parametrize("body", HUGE.values(), ids=HUGE)
def test_html_of_half_a_megabyte_is_judged_in_seconds(body: str) -> None:
    started = process_time()
    with suppress(InvalidIRError):
        parse_ir(html(body))
    assert process_time() - started < 5


@pytest.mark.parametrize(
    "css",
    ["/*" * 25_000, "p{" * 25_000, " " * 50_000 + "x", "p," * 20_000 + "p{}", "a>" * 20_000,
     "p{" + "a:b;" * 10_000 + "}", ("p{color:red}" * 4_000)],
    ids=range(7),
)  # fmt: skip
def test_css_of_many_kilobytes_is_judged_in_seconds(css: str) -> None:
    started = process_time()
    with pytest.raises(InvalidIRError):
        parse_ir(html("<p>x</p>", css))
    assert process_time() - started < 2


def test_the_bounds_are_said() -> None:
    deep = "<div>" * (MAX_DEPTH + 1) + "</div>" * (MAX_DEPTH + 1)
    many = "<br>" * (MAX_ELEMENTS + 1)
    for body, words in ((deep, f"{MAX_DEPTH} levels"), (many, f"{MAX_ELEMENTS} elements")):
        with pytest.raises(InvalidIRError) as caught:
            parse_ir(html(body))
        assert words in caught.value.problems[0].expected


def test_what_people_write_is_taken() -> None:
    body = (
        "<!-- a note -->\r\n<h1 class='a  b'>One &amp; two</h1>\n\t<p>x<br>y&nbsp;z <b>b</b></p>"
        "<table><tr><th scope=col>A</th></tr><tr><td>1</td></tr></table><hr/>"
    )
    spec = parse_ir(html(body, "h1.a > b, p + p:first-child { COLOR: Navy; margin: 1em auto }"))
    tree = read_markup(spec.html).body  # type: ignore[attr-defined]
    assert [element.tag for element in tree.iter()] == [
        "body", "h1", "p", "br", "b", "table", "tbody", "tr", "th", "tr", "td", "hr"
    ]  # fmt: skip
    assert tree[0].attrib == {"class": "a b", LINE: "2"}
    assert stylesheet(spec.css) == (  # type: ignore[attr-defined]
        "h1.a > b, p + p:first-child { color: #000080; margin: 1em auto }"
    )


names = st.sampled_from(sorted(ELEMENTS))
words = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=12)
soup = st.recursive(
    words,
    lambda inner: st.tuples(names, st.lists(inner, max_size=4)).map(
        lambda made: (
            f"<{made[0]}>" + ("" if made[0] in VOID else "".join(made[1]) + f"</{made[0]}>")
        )
    ),
    max_leaves=25,
)


def shape(element: Element) -> Any:
    """Return tags, texts and attributes of a tree."""
    kept = {name: value for name, value in element.attrib.items() if name != LINE}
    return (element.tag, kept, element.text or "", [
        (shape(child), child.tail or "") for child in element
    ])  # fmt: skip


@settings(max_examples=examples(300))
@given(st.lists(soup, max_size=4).map("".join))
def test_another_parser_reads_what_was_taken_in_the_same_way(body: str) -> None:
    markup = read_markup(body)
    if markup.problems:
        return
    written = html_bytes(node("html", None, node("head"), markup.body))
    again = tinyhtml5.parse(written.decode(), namespace_html_elements=False)
    assert shape(again.find("body")) == shape(markup.body)


@settings(max_examples=examples(300))
@given(st.text(max_size=60))
def test_whatever_text_is_read_as_html_nothing_but_the_list_comes_out(text: str) -> None:
    for element in read_markup(text).body.iter():
        assert element.tag in ELEMENTS | {"body"}
        assert not any(name.startswith("on") for name in element.attrib)


styles = st.text("abcdefgpx0123456789-:;{}()@\\/*'\"#., \n!url", max_size=60)


@settings(max_examples=examples(500))
@given(styles)
def test_whatever_text_is_read_as_css_nothing_but_the_list_comes_out(text: str) -> None:
    try:
        css = stylesheet(text)
    except StyleError:
        return
    for rule in tinycss2.parse_stylesheet(css, skip_whitespace=True):
        assert rule.type == "qualified-rule"
        for each in tinycss2.parse_blocks_contents(rule.content, skip_whitespace=True):
            assert each.type == "declaration"
            assert each.name in PROPERTIES
            assert not {token.type for token in each.value} & {"url", "function", "error"}


@pytest.mark.parametrize("name", sorted(PROPERTIES))
def test_no_property_takes_an_address_or_a_function(name: str) -> None:
    for value in ("url(x)", "url('x')", "attr(x)", "var(--x)", "calc(1px)", "x; y: z", "-1px", ""):
        with pytest.raises(StyleError):
            declarations(f"{name}: {value}; {name}: {value}" if value else f"{name}: ;")


@settings(max_examples=examples(300))
@given(st.text(max_size=40))
def test_text_in_a_stylesheet_stays_text(text: str) -> None:
    text = text.replace("\0", "")
    tokens = tinycss2.parse_component_value_list(css_string(text))
    if any(0xD800 <= ord(character) <= 0xDFFF for character in text):
        return
    assert [token.type for token in tokens] == ["string"]
    assert tokens[0].value == text
