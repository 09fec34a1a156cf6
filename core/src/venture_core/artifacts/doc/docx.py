"""A DocSpec on its way to a .docx file."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from venture_core.artifacts.doc.gates import CHECKS
from venture_core.artifacts.doc.plan.planner import plan_document
from venture_core.artifacts.doc.target import DOCX
from venture_core.artifacts.gates import run_gates
from venture_core.artifacts.images import inspect_images

if TYPE_CHECKING:
    from collections.abc import Mapping

    from venture_core.artifacts.doc.ir import DocSpec
    from venture_core.artifacts.doc.plan.model import DocPlan
    from venture_core.artifacts.gates import GateResult, GateSettings


@dataclass(frozen=True, slots=True)
class TextDraft:
    """A planned text and its pictures (see `target.Draft`)."""

    plan: DocPlan
    assets: Mapping[str, bytes]
    media_type: str = DOCX.formats[0].media_type

    def run_gates(self, settings: GateSettings) -> tuple[GateResult, ...]:
        """Run the gates of texts."""
        return run_gates(CHECKS, self.plan, settings)

    def drawing(self) -> None:
        """Return nothing: a text has no pages until a program lays it out."""

    def render(self) -> bytes:
        """Write the file."""
        from venture_core.artifacts.doc.render.package import render_docx

        return render_docx(self.plan, self.assets)


def draft(document: DocSpec, assets: Mapping[str, bytes]) -> TextDraft:
    """Plan a text."""
    images = inspect_images(assets)
    return TextDraft(plan_document(document, images), assets)
