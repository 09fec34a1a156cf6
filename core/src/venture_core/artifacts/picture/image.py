"""An ImageSpec on its way to a picture."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from venture_core.artifacts.drawing.scene import Drawing
from venture_core.artifacts.gates import run_gates
from venture_core.artifacts.picture.gates import CHECKS
from venture_core.artifacts.picture.plan.picture import plan_picture
from venture_core.artifacts.picture.target import MEDIA_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from venture_core.artifacts.gates import GateResult, GateSettings
    from venture_core.artifacts.picture.ir import ImageSpec
    from venture_core.artifacts.picture.plan.picture import PicturePlan


@dataclass(frozen=True, slots=True)
class PictureDraft:
    """A planned picture (see `target.Draft`)."""

    plan: PicturePlan

    @property
    def media_type(self) -> str:
        """The form that the document asks for."""
        return MEDIA_TYPES[self.plan.spec.format]

    def run_gates(self, settings: GateSettings) -> tuple[GateResult, ...]:
        """Run the gates of pictures."""
        return run_gates(CHECKS, self.plan, settings)

    def drawing(self) -> Drawing:
        """Return the picture, a point of which is a pixel."""
        return Drawing((self.plan.scene,), self.plan.assets)

    def render(self) -> bytes:
        """Write the picture."""
        from venture_core.artifacts.picture.render.picture import render_picture

        return render_picture(self.plan)


def draft(document: ImageSpec, assets: Mapping[str, bytes]) -> PictureDraft:
    """Plan a picture."""
    return PictureDraft(plan_picture(document, assets))
