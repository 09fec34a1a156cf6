"""Fitting text into a box."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from venture_core.artifacts.deck.plan.geometry import EMU_PER_POINT
from venture_core.artifacts.deck.plan.layouts import (
    FOOTER_POINTS,
    LEVEL_INDENT,
    Placeholder,
    TextStyle,
    footer_box,
    level_size,
    space_before,
)
from venture_core.artifacts.deck.plan.model import Paragraph, TextElement
from venture_core.artifacts.fonts.fitting import MeasuredText, measure
from venture_core.artifacts.fonts.metrics import FontMetrics, load_metrics, metrics_for

if TYPE_CHECKING:
    from venture_core.artifacts.deck.plan.geometry import Box
    from venture_core.artifacts.deck.plan.model import DeckPlan
    from venture_core.artifacts.ir.document import Document


@dataclass(frozen=True, slots=True)
class Typeface:
    """The metrics of a deck's two families."""

    heading: FontMetrics
    body: FontMetrics

    @classmethod
    def of(cls, document: Document) -> Typeface:
        """Load the metrics of a document's families, with lines as its language asks for."""
        fonts, language = document.theme.fonts, document.language
        return cls(metrics_for(fonts.heading, language), metrics_for(fonts.body, language))

    def of_style(self, style: TextStyle) -> FontMetrics:
        """Return the family that `style` uses."""
        return self.heading if style.heading else self.body


def fit_text(
    element: str,
    paragraphs: tuple[Paragraph, ...],
    holder: Placeholder,
    typeface: Typeface,
    most: float = math.inf,
) -> TextElement:
    """Choose the largest size at which `paragraphs` fit the placeholder, and say if none does.

    It is at most `most` points, where the placeholder has such a size: that of what stands above.
    """
    style, box = holder.style, holder.box
    font = typeface.of_style(style)
    measured = [
        (paragraph, measure(paragraph.text, font, bold=style.bold or paragraph.bold))
        for paragraph in paragraphs
    ]
    problem = ""
    for size in [each for each in style.sizes if each <= most] or style.sizes[-1:]:
        problem = _misfit(measured, size, style, box, font.line_em)
        if not problem:
            break
    return TextElement(element, holder.idx, paragraphs, style, box, size, problem)


def footer_problem(plan: DeckPlan) -> str:
    """Say why the footer text does not fit its one line; empty when it does."""
    font = load_metrics(plan.spec.theme.fonts.body)
    limit = footer_box(plan.page).width_points / FOOTER_POINTS
    text = measure(plan.spec.footer.text, font, bold=False)
    if text.lines(limit) > 1 or text.widest_em > limit:
        return f"takes more than one line at {FOOTER_POINTS:g} pt"
    return ""


def _misfit(
    measured: list[tuple[Paragraph, MeasuredText]],
    size: float,
    style: TextStyle,
    box: Box,
    line_em: float,
) -> str:
    """Say why the paragraphs do not fit at `size`; empty when they do."""
    height = 0.0
    for index, (paragraph, text) in enumerate(measured):
        level = paragraph.level
        points = level_size(size, level) if style.bullets else size
        indent = (level + 1) * LEVEL_INDENT / EMU_PER_POINT if style.bullets else 0.0
        limit = (box.width_points - indent) / points
        if text.widest_em > limit:
            return f"“{text.widest:.40}” is wider than its box at {points:g} pt"
        height += text.lines(limit) * points * line_em
        if index and style.bullets:
            height += space_before(size, level)
    if height > box.height_points:
        return (
            f"needs {height:.0f} pt of height at {size:g} pt, the smallest readable size here, "
            f"and has {box.height_points:.0f} pt"
        )
    return ""
