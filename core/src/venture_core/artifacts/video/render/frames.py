"""The frames of a video as ffmpeg takes them: planes of BT.709, drawn by our own pixels.

Nothing that people wrote reaches a filter of ffmpeg: words, captions and transitions are pixels
before it sees them, and colours are converted here, so that no build of it can do so otherwise.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PIL import Image

from venture_core.artifacts.drawing.raster import draw_scene
from venture_core.artifacts.drawing.scene import Scene
from venture_core.artifacts.video.plan.captions import CAPTION_PAPER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from venture_core.artifacts.video.plan.model import PlannedCaption, TimelinePlan

_RED, _GREEN, _BLUE = 0.2126, 0.7152, 0.0722
_LUMA, _CHROMA = 219 / 255, 224 / 255
_BY_BLUE, _BY_RED = 2 * (1 - _BLUE), 2 * (1 - _RED)
_MATRIX: Final = (
    _RED * _LUMA,
    _GREEN * _LUMA,
    _BLUE * _LUMA,
    16.0,
    -_RED / _BY_BLUE * _CHROMA,
    -_GREEN / _BY_BLUE * _CHROMA,
    (1 - _BLUE) / _BY_BLUE * _CHROMA,
    128.0,
    (1 - _RED) / _BY_RED * _CHROMA,
    -_GREEN / _BY_RED * _CHROMA,
    -_BLUE / _BY_RED * _CHROMA,
    128.0,
)
"""From sRGB to luma and the two differences of colour, in the range that televisions use."""


@dataclass(frozen=True, slots=True)
class Planes:
    """A picture as videos have it: luma, and two planes of colour with half its sides."""

    luma: Image.Image
    blue: Image.Image
    red: Image.Image

    @classmethod
    def of(cls, image: Image.Image) -> Planes:
        """Convert a picture whose sides are even."""
        luma, blue, red = image.convert("RGB").convert("RGB", _MATRIX).split()
        return cls(luma, blue.reduce(2), red.reduce(2))

    def data(self) -> bytes:
        """Return the planes one after another."""
        return self.luma.tobytes() + self.blue.tobytes() + self.red.tobytes()

    def blended(self, other: Planes, share: float) -> Planes:
        """Return this picture with a share of another over it."""
        return Planes(
            Image.blend(self.luma, other.luma, share),
            Image.blend(self.blue, other.blue, share),
            Image.blend(self.red, other.red, share),
        )

    def pasted(self, other: Planes, left: int, top: int) -> Planes:
        """Return this picture with another at a place, whose numbers are even."""
        copy = Planes(self.luma.copy(), self.blue.copy(), self.red.copy())
        copy.luma.paste(other.luma, (left, top))
        copy.blue.paste(other.blue, (left // 2, top // 2))
        copy.red.paste(other.red, (left // 2, top // 2))
        return copy

    def left_part(self, width: int) -> Planes:
        """Return what is left of a column, whose number is even and not 0."""
        height = self.luma.height
        half = (0, 0, width // 2, height // 2)
        return Planes(
            self.luma.crop((0, 0, width, height)), self.blue.crop(half), self.red.crop(half)
        )


def frames(plan: TimelinePlan) -> Iterator[bytes]:
    """Yield every frame of the video. What stands still is drawn once."""
    strips = _Strips(plan)
    before: Planes | None = None
    for scene in plan.scenes:
        here = Planes.of(draw_scene(scene.picture, plan.assets, 1.0))
        shown, data = object(), b""
        for number in range(scene.frames):
            caption = _caption_at(plan, scene.first + number)
            moving = number < scene.transition_frames
            if moving or caption is not shown:
                picture = here
                if moving and before is not None:
                    share = (number + 1) / (scene.transition_frames + 1)
                    picture = _between(scene.transition, before, here, share)
                data = strips.over(picture, caption).data()
            # A frame of a transition is never the next one's.
            shown = object() if moving else caption
            yield data
        before = here


def _caption_at(plan: TimelinePlan, frame: int) -> PlannedCaption | None:
    """Return the caption that a frame shows: of several, the one that began last."""
    if not plan.strip:
        return None
    there = [each for each in plan.captions if each.first <= frame < each.after]
    return there[-1] if there else None


def _between(transition: str, before: Planes, after: Planes, share: float) -> Planes:
    """Return the picture at that share of the way from one scene to the next."""
    width = after.luma.width
    eased = share * share * (3 - 2 * share)
    column = 2 * round(width * eased / 2)
    match transition:
        case "wipe" if column:
            return before.pasted(after.left_part(column), 0, 0)
        case "slide":
            moved = before.pasted(before, -column, 0)
            return moved.pasted(after, width - column, 0)
        case "wipe":
            return before
        case _:
            return before.blended(after, share)


class _Strips:
    """The strips at the foot, each drawn once."""

    def __init__(self, plan: TimelinePlan) -> None:
        self._plan = plan
        self._last: tuple[PlannedCaption, Planes] | None = None

    def over(self, picture: Planes, caption: PlannedCaption | None) -> Planes:
        """Return a picture with the strip of a caption, where there is one."""
        if caption is None:
            return picture
        if self._last is None or self._last[0] is not caption:
            self._last = (caption, self._drawn(caption))
        return picture.pasted(self._last[1], 0, self._plan.height - self._plan.strip)

    def _drawn(self, caption: PlannedCaption) -> Planes:
        plan = self._plan
        paper = plan.scheme.values[CAPTION_PAPER]
        language = plan.spec.language
        scene = Scene(plan.width, plan.strip, paper, caption.lines, language=language)
        return Planes.of(draw_scene(scene, plan.assets, 1.0))
