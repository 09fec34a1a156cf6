"""A ReportSpec on its way to a PDF."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from venture_core.artifacts.drawing.scene import Drawing
from venture_core.artifacts.gates import run_gates
from venture_core.artifacts.images import inspect_images
from venture_core.artifacts.report.gates import CHECKS
from venture_core.artifacts.report.plan.report import plan_report
from venture_core.artifacts.report.target import PDF

if TYPE_CHECKING:
    from collections.abc import Mapping

    from venture_core.artifacts.gates import GateResult, GateSettings
    from venture_core.artifacts.report.ir import ReportSpec
    from venture_core.artifacts.report.plan.report import ReportPlan


@dataclass(frozen=True, slots=True)
class ReportDraft:
    """A planned report and its pictures (see `target.Draft`)."""

    plan: ReportPlan
    assets: Mapping[str, bytes]
    media_type: str = PDF.formats[0].media_type

    def run_gates(self, settings: GateSettings) -> tuple[GateResult, ...]:
        """Run the gates of reports."""
        return run_gates(CHECKS, self.plan, settings)

    def drawing(self) -> Drawing:
        """Return the pages."""
        return Drawing(self.plan.pages, self.assets)

    def render(self) -> bytes:
        """Write the report."""
        from venture_core.artifacts.drawing.pdf import write_pdf

        return write_pdf(self.plan.pages, self.plan.spec, self.assets)


def draft(document: ReportSpec, assets: Mapping[str, bytes]) -> ReportDraft:
    """Plan a report."""
    images = inspect_images(assets)
    return ReportDraft(plan_report(document, images), assets)
