"""The quality gates of a workbook, run over its plan before anything is rendered."""

from typing import TYPE_CHECKING

from venture_core.artifacts.colors import NORMAL_TEXT_RATIO, Role
from venture_core.artifacts.contrast import shortfall
from venture_core.artifacts.gates import ALT_TEXT, CONTRAST, FORMULAS, Finding
from venture_core.artifacts.ir.values import is_blank

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from venture_core.artifacts.sheet.plan.model import SheetPlan


def _contrast(plan: SheetPlan) -> Iterator[Finding]:
    scheme = plan.scheme
    for name, ink, paper in (
        ("cells", Role.TEXT, Role.BACKGROUND),
        ("heads", scheme.on_primary, Role.PRIMARY),
        ("totals", Role.TEXT, Role.SURFACE),
        ("links", Role.PRIMARY, Role.BACKGROUND),
    ):
        for message in shortfall(scheme, ink, paper, NORMAL_TEXT_RATIO, f"{name}:"):
            yield Finding(None, "theme", message)


def _alt_text(plan: SheetPlan) -> Iterator[Finding]:
    for planned in plan.sheets:
        for index, chart in enumerate(planned.sheet.charts):
            if is_blank(chart.alt_text):
                where = f"{planned.sheet.title}, charts[{index}]"
                yield Finding(None, where, "has no altText, which says in words what it shows")


def _formulas(plan: SheetPlan) -> Iterator[Finding]:
    for planned in plan.sheets:
        for where, error in planned.errors:
            yield Finding(
                None, where, f"the formula comes to {error}; change it, or the values it reads"
            )


CHECKS: dict[str, Callable[[SheetPlan], Iterator[Finding]]] = {
    CONTRAST: _contrast,
    ALT_TEXT: _alt_text,
    FORMULAS: _formulas,
}
