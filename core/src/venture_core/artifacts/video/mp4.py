"""A TimelineSpec on its way to an MP4."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from venture_core.artifacts.drawing.scene import Drawing
from venture_core.artifacts.gates import run_gates
from venture_core.artifacts.video.gates import CHECKS
from venture_core.artifacts.video.plan.timeline import plan_timeline, total_frames
from venture_core.artifacts.video.target import VIDEO

if TYPE_CHECKING:
    from collections.abc import Mapping

    from venture_core.artifacts.gates import GateResult, GateSettings
    from venture_core.artifacts.video.ir import TimelineSpec
    from venture_core.artifacts.video.plan.model import TimelinePlan


@dataclass(frozen=True)
class VideoDraft:
    """A video that is planned when it is asked for (see `target.Draft`).

    Only then its sound is made, which needs ffmpeg: gates have to hear it. Pictures need none.
    """

    spec: TimelineSpec
    assets: Mapping[str, bytes]
    media_type: str = VIDEO.formats[0].media_type

    @cached_property
    def plan(self) -> TimelinePlan:
        """All that is seen and heard."""
        from venture_core.artifacts.video.sound import soundtrack

        sound = soundtrack(self.spec, self.assets, total_frames(self.spec))
        return plan_timeline(self.spec, self._pictures, sound)

    @property
    def _pictures(self) -> Mapping[str, bytes]:
        heard = {name for _, name in self.spec.sound_references()}
        shown = {name for _, name in self.spec.asset_references()} - heard
        wanted = shown | {name for _, name in self.spec.picture_references()}
        return {name: self.assets[name] for name in sorted(wanted)}

    def run_gates(self, settings: GateSettings) -> tuple[GateResult, ...]:
        """Run the gates of videos."""
        return run_gates(CHECKS, self.plan, settings)

    def drawing(self) -> Drawing:
        """Return a picture of each scene."""
        silent = plan_timeline(self.spec, self._pictures, None)
        return Drawing(tuple(scene.picture for scene in silent.scenes), silent.assets)

    def render(self) -> bytes:
        """Encode the video."""
        from venture_core.artifacts.video.render.file import render_video

        return render_video(self.plan)


def draft(document: TimelineSpec, assets: Mapping[str, bytes]) -> VideoDraft:
    """Take a video: it is planned when it is judged or encoded."""
    return VideoDraft(document, assets)
