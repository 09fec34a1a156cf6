"""An HtmlSpec on its way to a PDF."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from venture_core.artifacts.gates import run_gates
from venture_core.artifacts.html.gates import CHECKS, HtmlPlan
from venture_core.artifacts.html.ir.markup import read_markup
from venture_core.artifacts.html.plan.page import page_style, page_tree
from venture_core.artifacts.images import inspect_images
from venture_core.artifacts.paged.markup import LINE
from venture_core.artifacts.report.target import PDF

if TYPE_CHECKING:
    from collections.abc import Mapping

    from venture_core.artifacts.gates import GateResult, GateSettings
    from venture_core.artifacts.html.ir import HtmlSpec
    from venture_core.artifacts.paged.pdf import Pages


@dataclass(frozen=True, slots=True)
class HtmlDraft:
    """Pages that are laid out (see `target.Draft`)."""

    spec: HtmlSpec
    pages: Pages
    media_type: str = PDF.formats[0].media_type

    def run_gates(self, settings: GateSettings) -> tuple[GateResult, ...]:
        """Run the gates of HTML pages."""
        from venture_core.artifacts.paged.seen import look

        plan = HtmlPlan(read_markup(self.spec.html).body, tuple(look(self.pages, LINE)))
        return run_gates(CHECKS, plan, settings)

    def drawing(self) -> None:
        """Return nothing: only what laid the pages out can draw them."""

    def render(self) -> bytes:
        """Write the file."""
        return self.pages.to_pdf()


def draft(document: HtmlSpec, assets: Mapping[str, bytes]) -> HtmlDraft:
    """Lay the pages out: only then gates can see them."""
    from venture_core.artifacts.paged.pdf import lay_out

    inspect_images(assets)
    return HtmlDraft(document, lay_out(page_tree(document), page_style(document), assets))
