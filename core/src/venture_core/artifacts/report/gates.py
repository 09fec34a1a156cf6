"""The quality gates of reports, run over a plan before anything is rendered."""

from typing import TYPE_CHECKING, Final

from venture_core.artifacts.colors import Role
from venture_core.artifacts.contrast import chart_shortfalls, text_shortfall
from venture_core.artifacts.deck.plan.charts import has_data
from venture_core.artifacts.gates import ALT_TEXT, CONTRAST, HEADINGS, OVERFLOW, Finding
from venture_core.artifacts.ir.charts import ChartBlock
from venture_core.artifacts.ir.values import is_blank
from venture_core.artifacts.report.ir.document import (
    FiguresBlock,
    GridBlock,
    HeadingBlock,
    ImageBlock,
    StatementBlock,
)
from venture_core.artifacts.report.plan.flow import BODY_POINTS, CAPTION_POINTS, FOOTER_POINTS
from venture_core.artifacts.report.plan.grid import POINTS as GRID_POINTS
from venture_core.artifacts.report.plan.report import HEADING_POINTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from venture_core.artifacts.report.ir.document import Block
    from venture_core.artifacts.report.plan.report import ReportPlan


def _contrast(plan: ReportPlan) -> Iterator[Finding]:
    """Look at every pair of colours that the report uses, each once."""
    scheme, blocks = plan.scheme, plan.spec.blocks
    pairs = [
        ("blocks", Role.TEXT, Role.BACKGROUND, BODY_POINTS, False),
        ("footer", Role.MUTED, Role.BACKGROUND, FOOTER_POINTS, False),
    ]
    if any(isinstance(block, HeadingBlock) for block in blocks):
        pairs.append(("headings", Role.PRIMARY, Role.BACKGROUND, HEADING_POINTS[1], True))
    if any(isinstance(block, FiguresBlock) for block in blocks):
        pairs.append(("figures", Role.MUTED, Role.SURFACE, CAPTION_POINTS, False))
        pairs.append(("figures", Role.TEXT, Role.SURFACE, CAPTION_POINTS, False))
    if any(isinstance(block, (GridBlock, StatementBlock)) for block in blocks):
        pairs.append(("grid.columns", scheme.on_primary, Role.PRIMARY, GRID_POINTS, True))
        pairs.append(("grid.rows", Role.TEXT, Role.SURFACE, GRID_POINTS, False))
    for name, ink, paper, size, bold in pairs:
        for message in text_shortfall(scheme, ink, paper, size, bold=bold):
            yield Finding(None, name, message)
    for block, element in plan.charts:
        for name, message in chart_shortfalls(element, scheme):
            yield Finding(None, f"{block}.{name}", message)


def _alt_text(plan: ReportPlan) -> Iterator[Finding]:
    for index, block in enumerate(plan.spec.blocks):
        if isinstance(block, (ChartBlock, ImageBlock)) and is_blank(block.alt_text):
            name = f"blocks[{index}]"
            yield Finding(None, name, "has no altText, which says in words what it shows")


def _overflow(plan: ReportPlan) -> Iterator[Finding]:
    for misfit in plan.problems:
        yield Finding(None, misfit.element, f"{misfit.message} (page {misfit.page})")
    for index, block in enumerate(plan.spec.blocks):
        if message := _emptiness(block):
            yield Finding(None, f"blocks[{index}]", message)


def _emptiness(block: Block) -> str:
    """Say what a block lacks that its type promises; empty where nothing is missing."""
    match block:
        case ChartBlock() if not has_data(block.chart):
            return "has no value to draw"
        case GridBlock() if not block.rows:
            return "has no row"
        case _:
            return ""


def _headings(plan: ReportPlan) -> Iterator[Finding]:
    above = 0
    for index, block in enumerate(plan.spec.blocks):
        if not isinstance(block, HeadingBlock):
            continue
        name = f"blocks[{index}]"
        if is_blank(block.text):
            yield Finding(None, name, "is blank")
        if block.level > above + 1:
            yield Finding(
                None, name, f"has level {block.level} below level {above}; a level is left out"
            )
        above = block.level


CHECKS: Final[Mapping[str, Callable[[ReportPlan], Iterator[Finding]]]] = {
    CONTRAST: _contrast,
    ALT_TEXT: _alt_text,
    OVERFLOW: _overflow,
    HEADINGS: _headings,
}
"""What each gate that concerns a report finds in its plan."""
