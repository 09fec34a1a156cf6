"""A DocSpec on its way to a PDF."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from venture_core.artifacts.doc.gates import PAGE_CHECKS
from venture_core.artifacts.doc.plan.planner import plan_document
from venture_core.artifacts.gates import run_gates
from venture_core.artifacts.images import inspect_images
from venture_core.artifacts.report.target import PDF

if TYPE_CHECKING:
    from collections.abc import Mapping

    from venture_core.artifacts.doc.ir import DocSpec
    from venture_core.artifacts.doc.plan.model import DocPlan
    from venture_core.artifacts.gates import GateResult, GateSettings


@dataclass(frozen=True, slots=True)
class PagesDraft:
    """A planned text and its pictures (see `target.Draft`)."""

    plan: DocPlan
    assets: Mapping[str, bytes]
    media_type: str = PDF.formats[0].media_type

    def run_gates(self, settings: GateSettings) -> tuple[GateResult, ...]:
        """Run the gates of texts, and whether our fonts have every letter."""
        return run_gates(PAGE_CHECKS, self.plan, settings)

    def drawing(self) -> None:
        """Return nothing: only what lays the text out knows its pages."""

    def render(self) -> bytes:
        """Lay the text out and write the file."""
        from venture_core.artifacts.doc.render.html import charts, page
        from venture_core.artifacts.doc.render.style import stylesheet
        from venture_core.artifacts.paged.pdf import lay_out

        assets = {**self.assets, **charts(self.plan)}
        return lay_out(page(self.plan), stylesheet(self.plan), assets).to_pdf()


def draft(document: DocSpec, assets: Mapping[str, bytes]) -> PagesDraft:
    """Plan a text."""
    return PagesDraft(plan_document(document, inspect_images(assets)), assets)
