"""The rules of HTML pages beyond the types of fields: what their HTML and CSS may hold."""

from typing import TYPE_CHECKING

from venture_core.artifacts.html.ir.markup import read_markup
from venture_core.artifacts.html.ir.styles import StyleError, rules_of
from venture_core.artifacts.html.ir.work import dear_selectors, wide_tables
from venture_core.artifacts.ir.problems import Problem
from venture_core.artifacts.ir.rules import ASSET_RULES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from venture_core.artifacts.html.ir.document import HtmlSpec


def _markup_is_allowed(spec: HtmlSpec) -> Iterator[Problem]:
    for expected, message in read_markup(spec.html).problems:
        yield Problem("/html", expected, message)


def _ids_are_unique(spec: HtmlSpec) -> Iterator[Problem]:
    seen: set[str] = set()
    for element in read_markup(spec.html).body.iter():
        name = element.get("id")
        if name in seen:
            yield Problem("/html", "an id that no other element has", f"the id {name} is taken")
        if name is not None:
            seen.add(name)


def _styles_are_allowed(spec: HtmlSpec) -> Iterator[Problem]:
    try:
        rules = rules_of(spec.css)
    except StyleError as error:
        yield Problem("/css", error.expected, str(error))
        return
    selectors = [selector for selectors, _ in rules for selector in selectors]
    for expected, message in dear_selectors(selectors, read_markup(spec.html).body):
        yield Problem("/css", expected, message)


def _tables_are_of_a_size(spec: HtmlSpec) -> Iterator[Problem]:
    for expected, message in wide_tables(read_markup(spec.html).body):
        yield Problem("/html", expected, message)


RULES: tuple[Callable[[HtmlSpec], Iterator[Problem]], ...] = (
    *ASSET_RULES,
    _markup_is_allowed,
    _ids_are_unique,
    _styles_are_allowed,
    _tables_are_of_a_size,
)
"""Every rule beyond the field types, in the order in which problems are reported."""
