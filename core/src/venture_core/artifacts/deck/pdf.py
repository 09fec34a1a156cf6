"""A SlideSpec on its way to a PDF, from the same plan as the presentation file."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from venture_core.artifacts.deck.gates import CHECKS
from venture_core.artifacts.deck.plan.planner import plan_deck
from venture_core.artifacts.deck.render.scenes import deck_scenes
from venture_core.artifacts.drawing.letters import missing_letters
from venture_core.artifacts.drawing.scene import Drawing
from venture_core.artifacts.gates import OVERFLOW, Finding, run_gates
from venture_core.artifacts.images import inspect_images
from venture_core.artifacts.report.target import PDF

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from venture_core.artifacts.deck.ir import SlideSpec
    from venture_core.artifacts.deck.plan.model import DeckPlan
    from venture_core.artifacts.drawing.scene import Scene
    from venture_core.artifacts.gates import GateResult, GateSettings


@dataclass(frozen=True, slots=True)
class DeckPdfDraft:
    """A planned deck, drawn (see `target.Draft`)."""

    plan: DeckPlan
    scenes: tuple[Scene, ...]
    assets: Mapping[str, bytes]
    media_type: str = PDF.formats[0].media_type

    def run_gates(self, settings: GateSettings) -> tuple[GateResult, ...]:
        """Run the gates of decks, and see that the fonts have every letter: no viewer helps out."""
        checks = {**CHECKS, OVERFLOW: self._overflow}
        return run_gates(checks, self.plan, settings)

    def _overflow(self, plan: DeckPlan) -> Iterator[Finding]:
        yield from CHECKS[OVERFLOW](plan)
        for number, scene in enumerate(self.scenes, start=1):
            if missing := missing_letters(scene):
                message = f"the fonts of PDFs have no letters for “{missing:.20}”"
                yield Finding(number, "text", message)

    def drawing(self) -> Drawing:
        """Return the slides."""
        return Drawing(self.scenes, self.assets)

    def render(self) -> bytes:
        """Write the deck."""
        from venture_core.artifacts.drawing.pdf import write_pdf

        return write_pdf(self.scenes, self.plan.spec, self.assets)


def draft(document: SlideSpec, assets: Mapping[str, bytes]) -> DeckPdfDraft:
    """Plan and draw a deck."""
    images = inspect_images(assets)
    plan = plan_deck(document, images)
    return DeckPdfDraft(plan, deck_scenes(plan, images), assets)
