"""A BoardSpec on its way to an SVG or PNG."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from venture_core.artifacts.board.gates import CHECKS
from venture_core.artifacts.board.plan.board import plan_board
from venture_core.artifacts.drawing.scene import Drawing
from venture_core.artifacts.gates import run_gates
from venture_core.artifacts.images import inspect_images
from venture_core.artifacts.picture.target import MEDIA_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from venture_core.artifacts.board.ir import BoardSpec
    from venture_core.artifacts.board.plan.board import BoardPlan
    from venture_core.artifacts.gates import GateResult, GateSettings


@dataclass(frozen=True, slots=True)
class BoardDraft:
    """A planned board (see `target.Draft`)."""

    plan: BoardPlan
    assets: Mapping[str, bytes]

    @property
    def media_type(self) -> str:
        """The form that the document asks for."""
        return MEDIA_TYPES[self.plan.spec.format]

    def run_gates(self, settings: GateSettings) -> tuple[GateResult, ...]:
        """Run the gates of boards."""
        return run_gates(CHECKS, self.plan, settings)

    def drawing(self) -> Drawing:
        """Return the board."""
        return Drawing((self.plan.scene,), self.assets)

    def render(self) -> bytes:
        """Write the board."""
        plan, spec = self.plan, self.plan.spec
        if spec.format == "svg":
            from venture_core.artifacts.drawing.svg import write_svg

            return write_svg(plan.scene, spec, spec.alt_text, self.assets)
        from venture_core.artifacts.drawing.png import write_png
        from venture_core.artifacts.drawing.raster import draw_scene

        return write_png(draw_scene(plan.scene, self.assets, plan.scale))


def draft(document: BoardSpec, assets: Mapping[str, bytes]) -> BoardDraft:
    """Plan a board."""
    images = inspect_images(assets)
    return BoardDraft(plan_board(document, images), assets)
