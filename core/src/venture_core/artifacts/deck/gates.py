"""The quality gates, run over a plan before anything is rendered."""

from typing import TYPE_CHECKING

from venture_core.artifacts.colors import Role, required_ratio
from venture_core.artifacts.contrast import chart_shortfalls, shortfall
from venture_core.artifacts.deck.ir import (
    BulletsSlide,
    ChartSlide,
    QuoteSlide,
    TableSlide,
    TwoColumnsSlide,
)
from venture_core.artifacts.deck.plan.charts import has_data
from venture_core.artifacts.deck.plan.layouts import FOOTER_POINTS, level_size
from venture_core.artifacts.deck.plan.model import (
    ChartElement,
    DeckPlan,
    PictureElement,
    SlidePlan,
    TableElement,
    TextElement,
)
from venture_core.artifacts.deck.plan.text import footer_problem
from venture_core.artifacts.gates import (
    ALT_TEXT,
    CONTRAST,
    EMPTY_SLIDES,
    OVERFLOW,
    Finding,
)
from venture_core.artifacts.ir.values import is_blank

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from venture_core.artifacts.colors import ColorScheme
    from venture_core.artifacts.deck.ir import Bullet, Slide
    from venture_core.artifacts.deck.plan.model import Element


def _contrast(plan: DeckPlan) -> Iterator[Finding]:
    for slide in plan.slides:
        yield from _footer_contrast(plan, slide)
        for element in slide.elements:
            for name, message in _element_contrast(element, plan.scheme):
                yield Finding(slide.number, name, message)


def _element_contrast(element: Element, scheme: ColorScheme) -> Iterator[tuple[str, str]]:
    match element:
        case TextElement():
            yield from _text_contrast(element, scheme)
        case TableElement():
            yield from _table_contrast(element, scheme)
        case ChartElement():
            yield from chart_shortfalls(element, scheme)
        case PictureElement():
            return


def _text_contrast(element: TextElement, scheme: ColorScheme) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    style = element.style
    for paragraph in element.paragraphs:
        size = level_size(element.size, paragraph.level) if style.bullets else element.size
        needed = required_ratio(size, bold=style.bold or paragraph.bold)
        ink = paragraph.color or style.color
        for message in shortfall(scheme, ink, style.on, needed, f"{size:g} pt text"):
            if message not in seen:
                seen.add(message)
                yield element.element, message


def _table_contrast(element: TableElement, scheme: ColorScheme) -> Iterator[tuple[str, str]]:
    size = element.size
    for name, ink, paper, bold in (
        ("table.header", scheme.on_primary, Role.PRIMARY, True),
        ("table.rows", Role.TEXT, Role.BACKGROUND, False),
        ("table.rows", Role.TEXT, Role.SURFACE, False),
    ):
        needed = required_ratio(size, bold=bold)
        for message in shortfall(scheme, ink, paper, needed, f"{size:g} pt text"):
            yield name, message


def _footer_contrast(plan: DeckPlan, slide: SlidePlan) -> Iterator[Finding]:
    footer = plan.spec.footer
    if not slide.layout.footer or not (footer.text.strip() or footer.slide_numbers):
        return
    needed = required_ratio(FOOTER_POINTS, bold=False)
    text = f"{FOOTER_POINTS:g} pt text"
    for message in shortfall(plan.scheme, Role.MUTED, slide.layout.background, needed, text):
        yield Finding(slide.number, "footer", message)


def _alt_text(plan: DeckPlan) -> Iterator[Finding]:
    for slide in plan.slides:
        for element in slide.elements:
            match element:
                case TextElement():
                    continue
                case TableElement():
                    name = "table"
                case ChartElement():
                    name = "chart"
                case PictureElement():
                    name = "image"
            if not element.alt_text:
                yield Finding(
                    slide.number, name, "has no altText, which says in words what it shows"
                )


def _overflow(plan: DeckPlan) -> Iterator[Finding]:
    footer = footer_problem(plan)
    for slide in plan.slides:
        if footer and slide.layout.footer:
            yield Finding(slide.number, "footer", footer)
            footer = ""  # the same on all slides, so said once
        for element in slide.elements:
            match element:
                case TextElement():
                    if element.problem:
                        yield Finding(slide.number, element.element, element.problem)
                case TableElement() | ChartElement():
                    for name, message in element.problems:
                        yield Finding(slide.number, name, message)
                case PictureElement():
                    continue


def _empty_slides(plan: DeckPlan) -> Iterator[Finding]:
    for number, slide in enumerate(plan.spec.slides, start=1):
        for name, message in _emptiness(slide):
            yield Finding(number, name, message)


def _emptiness(slide: Slide) -> Iterator[tuple[str, str]]:
    """Name what a slide of this type lacks."""
    words, name = (
        (slide.quote, "quote") if isinstance(slide, QuoteSlide) else (slide.title, "title")
    )
    if is_blank(words):
        yield name, "is blank"
    match slide:
        case BulletsSlide() if _blank(slide.bullets):
            yield "bullets", "has no text"
        case TwoColumnsSlide():
            yield from ((name, "has no text") for name in _blank_columns(slide))
        case TableSlide() if all(is_blank(cell) for row in slide.table.rows for cell in row):
            yield "table", "has no row with text"
        case ChartSlide() if not has_data(slide.chart):
            yield "chart", "has no value to draw"
        case _:
            return


def _blank_columns(slide: TwoColumnsSlide) -> Iterator[str]:
    for name, column in (("left.bullets", slide.left), ("right.bullets", slide.right)):
        if _blank(column.bullets):
            yield name


def _blank(bullets: tuple[Bullet, ...]) -> bool:
    return all(
        is_blank(text)
        for first in bullets
        for text in (
            first.text,
            *(second.text for second in first.items),
            *(third.text for second in first.items for third in second.items),
        )
    )


CHECKS: dict[str, Callable[[DeckPlan], Iterator[Finding]]] = {
    CONTRAST: _contrast,
    ALT_TEXT: _alt_text,
    OVERFLOW: _overflow,
    EMPTY_SLIDES: _empty_slides,
}
