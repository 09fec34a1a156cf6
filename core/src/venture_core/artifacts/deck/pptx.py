"""A SlideSpec on its way to a .pptx file."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from venture_core.artifacts.deck.gates import CHECKS
from venture_core.artifacts.deck.plan.planner import plan_deck
from venture_core.artifacts.deck.target import PPTX
from venture_core.artifacts.gates import run_gates
from venture_core.artifacts.images import inspect_images

if TYPE_CHECKING:
    from collections.abc import Mapping

    from venture_core.artifacts.deck.ir import SlideSpec
    from venture_core.artifacts.deck.plan.model import DeckPlan
    from venture_core.artifacts.drawing.scene import Drawing
    from venture_core.artifacts.gates import GateResult, GateSettings
    from venture_core.artifacts.images import ImageInfo


@dataclass(frozen=True, slots=True)
class DeckDraft:
    """A planned deck and its pictures (see `target.Draft`)."""

    plan: DeckPlan
    assets: Mapping[str, bytes]
    images: Mapping[str, ImageInfo]
    media_type: str = PPTX.formats[0].media_type

    def run_gates(self, settings: GateSettings) -> tuple[GateResult, ...]:
        """Run the gates of decks."""
        return run_gates(CHECKS, self.plan, settings)

    def drawing(self) -> Drawing:
        """Draw the slides, as the PDF of the deck shows them."""
        from venture_core.artifacts.deck.render.scenes import deck_scenes
        from venture_core.artifacts.drawing.scene import Drawing

        return Drawing(deck_scenes(self.plan, self.images), self.assets)

    def render(self) -> bytes:
        """Write the deck."""
        from venture_core.artifacts.deck.render.deck import render_deck

        return render_deck(self.plan, self.assets, self.images)


def draft(document: SlideSpec, assets: Mapping[str, bytes]) -> DeckDraft:
    """Plan a deck."""
    images = inspect_images(assets)
    return DeckDraft(plan_deck(document, images), assets, images)
