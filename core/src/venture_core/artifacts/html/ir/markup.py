"""Reading the HTML of a document: strictly, into a tree that has nothing but what is allowed.

Every element is closed and stands where HTML lets it stand, so that no other parser reads the tree
otherwise when it is written as HTML again.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from html.parser import HTMLParser
from typing import Final, override
from xml.etree.ElementTree import Element

from venture_core.artifacts.html.ir import vocabulary
from venture_core.artifacts.html.ir.styles import StyleError, declarations
from venture_core.artifacts.paged.markup import ASSET_SCHEME, LINE, add

MAX_ELEMENTS: Final = 20_000
MAX_DEPTH: Final = 24
MAX_FOUND: Final = 20


@dataclass(slots=True)
class Markup:
    """What the HTML says, and what is wrong with it."""

    body: Element
    assets: list[str] = field(default_factory=list)
    """The names of pictures, as often as they are shown."""
    problems: list[tuple[str, str]] = field(default_factory=list)
    """What was expected and what is wrong, with its line; empty for what may be laid out."""


class _TooMuchError(Exception):
    """Reading on would tell nothing more."""


@lru_cache(maxsize=4)
def read_markup(html: str) -> Markup:
    """Read the HTML. What comes back is shared: nobody changes it."""
    reader = _Reader(html)
    try:
        reader.feed(html)
        reader.close()
        reader.finish()
    except _TooMuchError:
        pass
    return reader.markup


class _Reader(HTMLParser):
    """Builds the tree, and notes each thing that may not be there."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self._lines = html.split("\n")
        self.markup = Markup(Element(vocabulary.ROOT))
        self._open = [self.markup.body]
        self._skipped = 0
        self._elements = 0

    def finish(self) -> None:
        """Note what was never closed."""
        for element in reversed(self._open[1:]):
            if not _is_implied(element):
                line = element.get(LINE, "")
                self._wrong(f"</{element.tag}>", f"<{element.tag}> of line {line} is not closed")

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._elements += 1
        if self._elements > MAX_ELEMENTS:
            self._stop(f"at most {MAX_ELEMENTS} elements", "there are more")
        if tag not in vocabulary.ELEMENTS:
            self._wrong("an element that is on the list", f"<{tag:.40}> is not allowed")
            self._skip(tag)
            return
        if self._skipped:
            self._skip(tag)
            return
        parent = self._parent_for(tag)
        element = Element(tag, {**self._attributes(tag, attrs), LINE: str(self.getpos()[0])})
        add(parent, element)
        if tag not in vocabulary.VOID:
            self._open.append(element)
            if len(self._open) > MAX_DEPTH:
                self._stop(f"at most {MAX_DEPTH} levels", "elements stand deeper in one another")

    @override
    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in vocabulary.ELEMENTS and tag not in vocabulary.VOID:
            self._wrong(f"<{tag}></{tag}>", f"HTML does not close <{tag}> by />")
        self.handle_starttag(tag, attrs)
        if tag not in vocabulary.VOID:
            self.handle_endtag(tag)

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag in vocabulary.VOID:
            return
        if self._skipped:
            self._skipped -= 1
            return
        if _is_implied(self._open[-1]) and tag == "table":
            self._open.pop()
        if self._open[-1].tag == tag:
            self._open.pop()
            return
        inner = self._open[-1]
        expected = f"</{inner.tag}>" if len(self._open) > 1 else "no end tag"
        self._stop(expected, f"</{tag:.40}> closes nothing that is open here")

    @override
    def handle_data(self, data: str) -> None:
        if self._skipped:
            return
        parent = self._open[-1]
        if vocabulary.may_hold_words(parent.tag):
            add(parent, data)
        elif data.strip():
            shown = data.strip()[:40]
            self._wrong(f"elements only in <{parent.tag}>", f"the words {shown!r} stand there")

    @override
    def handle_comment(self, data: str) -> None:
        """Leave comments out, but for what parsers only take for one: instructions, entities."""
        line, column = self.getpos()
        if not self._lines[line - 1].startswith("<!--", column):
            self._wrong("what stands in a body", f"<!{data:.40}> is not allowed")

    @override
    def handle_decl(self, decl: str) -> None:
        self._wrong("what stands in a body", f"<!{decl:.40}> is not allowed")

    @override
    def unknown_decl(self, data: str) -> None:
        self._wrong("what stands in a body", f"<![{data:.40}]]> is not allowed")

    @override
    def handle_pi(self, data: str) -> None:
        self._wrong("what stands in a body", f"<?{data:.40}> is not allowed")

    def _parent_for(self, tag: str) -> Element:
        parent = self._open[-1]
        if tag == "tr" and parent.tag == "table":
            # As HTML does it: rows of a table stand in a body.
            parent = Element("tbody")
            add(self._open[-1], parent)
            self._open.append(parent)
        elif _is_implied(parent) and tag in {"thead", "tbody", "tfoot"}:
            self._open.pop()
            parent = self._open[-1]
        if not vocabulary.may_hold(parent.tag, tag):
            within = "the document" if parent.tag == vocabulary.ROOT else f"<{parent.tag}>"
            self._wrong(f"what may stand in {within}", f"<{tag}> may not")
        elif tag == "a" and any(each.tag == "a" for each in self._open):
            self._wrong("one link at a time", "<a> stands in another")
        return parent

    def _attributes(self, tag: str, attrs: list[tuple[str, str | None]]) -> dict[str, str]:
        kept: dict[str, str] = {}
        for name, given in attrs:
            value = " ".join((given or "").split()) if name == "class" else given or ""
            if name in kept:
                self._wrong("each attribute once", f"{name} occurs twice in <{tag}>")
            elif not vocabulary.has_attribute(tag, name):
                self._wrong(
                    "an attribute that is on the list", f"{name:.40} is not allowed in <{tag}>"
                )
            elif name == "style":
                kept[name] = self._style(tag, value)
            elif expected := vocabulary.wrong_value(name, value):
                self._wrong(expected, f"{name} of <{tag}> is {value[:40]!r}")
            else:
                kept[name] = value
        if "src" in kept:
            self.markup.assets.append(kept["src"].removeprefix(ASSET_SCHEME))
        elif tag == "img":
            self._wrong("asset: and the name of an asset", "<img> has no src")
        return kept

    def _style(self, tag: str, value: str) -> str:
        try:
            return declarations(value)
        except StyleError as error:
            self._wrong(error.expected, f"style of <{tag}>: {error}")
            return ""

    def _skip(self, tag: str) -> None:
        if tag not in vocabulary.VOID:
            self._skipped += 1

    def _wrong(self, expected: str, message: str) -> None:
        self.markup.problems.append((expected, f"line {self.getpos()[0]}: {message}"))
        if len(self.markup.problems) >= MAX_FOUND:
            raise _TooMuchError

    def _stop(self, expected: str, message: str) -> None:
        self._wrong(expected, message)
        raise _TooMuchError


def _is_implied(element: Element) -> bool:
    return element.tag == "tbody" and LINE not in element.attrib
