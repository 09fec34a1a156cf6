"""The quality gates of a text document, run over its plan before anything is rendered."""

from typing import TYPE_CHECKING

from venture_core.artifacts.colors import Role, required_ratio
from venture_core.artifacts.contrast import chart_shortfalls, shortfall
from venture_core.artifacts.doc.ir.blocks import Figure, Heading, TableBlock
from venture_core.artifacts.doc.ir.rules import texts
from venture_core.artifacts.doc.plan.letters import lacking
from venture_core.artifacts.doc.plan.tables import TABLE_POINTS
from venture_core.artifacts.gates import ALT_TEXT, CONTRAST, HEADINGS, LINKS, OVERFLOW, Finding
from venture_core.artifacts.ir.charts import ChartBlock
from venture_core.artifacts.ir.values import is_blank

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from venture_core.artifacts.doc.plan.model import DocPlan

BODY_POINTS = 11.0
_USES = (
    ("text", Role.TEXT, Role.BACKGROUND, BODY_POINTS, False),
    ("captions", Role.MUTED, Role.BACKGROUND, TABLE_POINTS, False),
    ("headings and links", Role.PRIMARY, Role.BACKGROUND, BODY_POINTS, False),
    ("notes and table bands", Role.TEXT, Role.SURFACE, TABLE_POINTS, False),
)
"""Ink, paper, size and weight of what a document can hold."""


def _contrast(plan: DocPlan) -> Iterator[Finding]:
    uses = [*_USES, ("table heads", plan.scheme.on_primary, Role.PRIMARY, TABLE_POINTS, True)]
    for name, ink, paper, size, bold in uses:
        needed = required_ratio(size, bold=bold)
        for message in shortfall(plan.scheme, ink, paper, needed, f"{name}:"):
            yield Finding(None, "theme", message)
    for planned in plan.blocks:
        if planned.chart is not None:
            for element, message in chart_shortfalls(planned.chart, plan.scheme):
                yield Finding(None, f"content[{planned.index}].{element}", message)


def _alt_text(plan: DocPlan) -> Iterator[Finding]:
    for index, block in enumerate(plan.spec.content):
        if isinstance(block, Figure | TableBlock | ChartBlock) and is_blank(block.alt_text):
            yield Finding(
                None,
                f"content[{index}] ({block.type})",
                "has no altText, which says in words what it shows",
            )


def _overflow(plan: DocPlan) -> Iterator[Finding]:
    for planned in plan.blocks:
        for element, message in planned.problems:
            yield Finding(None, f"content[{planned.index}].{element}", message)


def _headings(plan: DocPlan) -> Iterator[Finding]:
    above = 0
    for index, block in enumerate(plan.spec.content):
        if not isinstance(block, Heading):
            continue
        where = f"content[{index}] (heading)"
        if is_blank(block.text):
            yield Finding(None, where, "is blank")
        if block.level > above + 1:
            message = f"a heading of level {block.level} follows one of level {above}"
            wanted = f"level {above + 1}" if above else "level 1: it is the first"
            yield Finding(
                None, where, f"{message}; make it {wanted}" if above else f"make it {wanted}"
            )
        above = block.level


def _links(plan: DocPlan) -> Iterator[Finding]:
    ids = {block.id for block in plan.spec.content if isinstance(block, Heading)}
    for at, text in texts(plan.spec):
        for run in () if isinstance(text, str) else text:
            if run.link and run.link.startswith("#") and run.link[1:] not in ids:
                where = f"content[{at[1]}]"
                yield Finding(
                    None, where, f"no heading has the id {run.link[1:]}, a link leads to it"
                )


CHECKS: dict[str, Callable[[DocPlan], Iterator[Finding]]] = {
    CONTRAST: _contrast,
    ALT_TEXT: _alt_text,
    OVERFLOW: _overflow,
    HEADINGS: _headings,
    LINKS: _links,
}
"""What each gate finds in any text."""


def _overflow_on_pages(plan: DocPlan) -> Iterator[Finding]:
    yield from _overflow(plan)
    for place, message in lacking(plan.spec):
        yield Finding(None, place, message)


PAGE_CHECKS = CHECKS | {OVERFLOW: _overflow_on_pages}
"""The same for a text on pages, whose letters are those of our fonts."""
