"""The quality gates of HTML pages: of the tree as it was read, and of the pages as laid out."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from venture_core.artifacts.gates import ALT_TEXT, CONTRAST, HEADINGS, LINKS, OVERFLOW, Finding
from venture_core.artifacts.ir.values import is_blank
from venture_core.artifacts.paged.markup import LINE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from xml.etree.ElementTree import Element

    from venture_core.artifacts.paged.seen import Seen

_HEADINGS: Final = ("h1", "h2", "h3", "h4", "h5", "h6")


@dataclass(frozen=True, slots=True)
class HtmlPlan:
    """The body as its author wrote it, and what is seen of it on pages."""

    body: Element
    seen: tuple[Seen, ...]
    """What is wrong with the pages as they were laid out."""


def _alt_text(plan: HtmlPlan) -> Iterator[Finding]:
    for picture in plan.body.iter("img"):
        if is_blank(picture.get("alt", "")):
            yield Finding(None, _place(picture), "has no alt, which says in words what it shows")


def _headings(plan: HtmlPlan) -> Iterator[Finding]:
    above = 0
    for element in plan.body.iter():
        if element.tag not in _HEADINGS:
            continue
        level = _HEADINGS.index(element.tag) + 1
        if is_blank("".join(element.itertext())):
            yield Finding(None, _place(element), "is blank")
        if level > above + 1:
            wanted = f"h{above + 1}" + ("" if above else ": it is the first")
            after = f"follows h{above}; " if above else ""
            yield Finding(None, _place(element), f"{after}make it {wanted}")
        above = level


def _links(plan: HtmlPlan) -> Iterator[Finding]:
    ids = {element.get("id") for element in plan.body.iter()}
    for link in plan.body.iter("a"):
        target = link.get("href", "")
        if target.startswith("#") and target[1:] not in ids:
            yield Finding(None, _place(link), f"no element has the id {target[1:]}")


def _laid_out(gate: str) -> Callable[[HtmlPlan], Iterator[Finding]]:
    def check(plan: HtmlPlan) -> Iterator[Finding]:
        for seen in plan.seen:
            if seen.gate == gate:
                yield Finding(None, seen.element, f"{seen.message} (page {seen.page})")

    return check


def _place(element: Element) -> str:
    return f"html, line {element.get(LINE)}, <{element.tag}>"


CHECKS: Final[Mapping[str, Callable[[HtmlPlan], Iterator[Finding]]]] = {
    CONTRAST: _laid_out(CONTRAST),
    ALT_TEXT: _alt_text,
    OVERFLOW: _laid_out(OVERFLOW),
    HEADINGS: _headings,
    LINKS: _links,
}
"""What each gate that concerns pages of HTML finds."""
