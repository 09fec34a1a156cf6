"""The quality gates of boards, run over a plan before anything is rendered."""

from typing import TYPE_CHECKING, Final

from venture_core.artifacts.board.plan.board import (
    DETAIL_POINTS,
    EDGE_POINTS,
    LABEL_POINTS,
    MAX_PIXELS,
    tone_role,
)
from venture_core.artifacts.colors import GRAPHICS_RATIO, Role
from venture_core.artifacts.contrast import shortfall, text_shortfall
from venture_core.artifacts.gates import ALT_TEXT, CONTRAST, OVERFLOW, Finding
from venture_core.artifacts.ir.values import is_blank

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from venture_core.artifacts.board.plan.board import BoardPlan


def _contrast(plan: BoardPlan) -> Iterator[Finding]:
    scheme = plan.scheme
    for name, ink, paper, size, bold in (
        ("nodes.label", Role.TEXT, Role.SURFACE, LABEL_POINTS, True),
        ("nodes.detail", Role.MUTED, Role.SURFACE, DETAIL_POINTS, False),
        ("edges.label", Role.TEXT, Role.BACKGROUND, EDGE_POINTS, False),
    ):
        for message in text_shortfall(scheme, ink, paper, size, bold=bold):
            yield Finding(None, name, message)
    for message in shortfall(scheme, Role.MUTED, Role.BACKGROUND, GRAPHICS_RATIO, "the edge"):
        yield Finding(None, "edges", message)
    for tone, role in sorted({node.tone: tone_role(node) for node in plan.spec.nodes}.items()):
        for message in shortfall(scheme, role, Role.SURFACE, GRAPHICS_RATIO, "the bar"):
            yield Finding(None, f"nodes.tone={tone}", message)


def _alt_text(plan: BoardPlan) -> Iterator[Finding]:
    if is_blank(plan.spec.alt_text):
        yield Finding(None, "altText", "says nothing; it says in words what the board shows")


def _overflow(plan: BoardPlan) -> Iterator[Finding]:
    for name, message in plan.problems:
        yield Finding(None, name, message)
    if plan.spec.format == "png" and plan.scale < 1:
        size = f"{plan.scene.width:g} by {plan.scene.height:g} points"
        yield Finding(
            None,
            "format",
            f"the board has {size}, too many for {MAX_PIXELS} pixels; take svg, or fewer nodes",
        )


CHECKS: Final[Mapping[str, Callable[[BoardPlan], Iterator[Finding]]]] = {
    CONTRAST: _contrast,
    ALT_TEXT: _alt_text,
    OVERFLOW: _overflow,
}
"""What each gate that concerns a board finds in its plan."""
