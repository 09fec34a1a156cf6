"""A SpreadsheetSpec on its way to a .xlsx file."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from venture_core.artifacts.gates import run_gates
from venture_core.artifacts.sheet.gates import CHECKS
from venture_core.artifacts.sheet.plan.planner import plan_workbook
from venture_core.artifacts.sheet.target import XLSX

if TYPE_CHECKING:
    from collections.abc import Mapping

    from venture_core.artifacts.gates import GateResult, GateSettings
    from venture_core.artifacts.sheet.ir import SpreadsheetSpec
    from venture_core.artifacts.sheet.plan.model import SheetPlan


@dataclass(frozen=True, slots=True)
class WorkbookDraft:
    """A planned workbook (see `target.Draft`)."""

    plan: SheetPlan
    media_type: str = XLSX.formats[0].media_type

    def run_gates(self, settings: GateSettings) -> tuple[GateResult, ...]:
        """Run the gates of workbooks."""
        return run_gates(CHECKS, self.plan, settings)

    def drawing(self) -> None:
        """Return nothing: a workbook has cells, and no pages."""

    def render(self) -> bytes:
        """Write the file."""
        from venture_core.artifacts.sheet.render.workbook import render_xlsx

        return render_xlsx(self.plan)


def draft(document: SpreadsheetSpec, assets: Mapping[str, bytes]) -> WorkbookDraft:
    """Plan a workbook."""
    return WorkbookDraft(plan_workbook(document, assets))
