"""The plan of a video: every scene and caption with its frames, before anything is encoded."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from venture_core.artifacts.colors import ColorScheme
    from venture_core.artifacts.deck.plan.model import DeckPlan
    from venture_core.artifacts.drawing.scene import Scene, Words
    from venture_core.artifacts.picture.plan.picture import PicturePlan
    from venture_core.artifacts.video.ir import TimelineSpec

FRAMES_PER_SECOND: Final = 30


@dataclass(frozen=True, slots=True)
class PlannedScene:
    """A scene: one picture, and how it comes in."""

    first: int
    """The frame at which it begins, counted from 0."""
    frames: int
    transition: str
    """`cut`, or how its first frames replace the scene before."""
    transition_frames: int
    picture: Scene
    """What is seen, a unit being a pixel, without a caption."""


@dataclass(frozen=True, slots=True)
class PlannedCaption:
    """Words to read, and when."""

    element: str
    """How findings name it."""
    text: str
    start: float
    """Seconds of the video, as the document asks."""
    end: float
    first: int
    """The first frame that shows it."""
    after: int
    """The first frame that does not any more."""
    lines: tuple[Words, ...]
    """As they are drawn in the strip, whose upper left corner is the origin."""
    problem: str = ""
    """Why it does not fit; empty when it does."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What is known of a recording."""

    seconds: float
    loudness: float
    """In LUFS."""


@dataclass(frozen=True, slots=True)
class Soundtrack:
    """What is heard."""

    data: bytes
    """AAC in an MP4 of its own."""
    loudness: float
    """In LUFS, as it is encoded."""
    recordings: Mapping[str, Heard]
    """Each asset that is heard."""


@dataclass(frozen=True, slots=True)
class TimelinePlan:
    """The whole video."""

    spec: TimelineSpec
    width: int
    height: int
    strip: int
    """Pixels at the foot that belong to captions; 0 where none are drawn."""
    scheme: ColorScheme
    assets: Mapping[str, bytes]
    """The pictures that scenes name."""
    scenes: tuple[PlannedScene, ...]
    captions: tuple[PlannedCaption, ...]
    """In the order in which they appear."""
    deck: DeckPlan | None
    """The slides; None where there are none."""
    slides: tuple[int, ...]
    """The scene of each slide."""
    pictures: tuple[tuple[int, PicturePlan], ...]
    """The scenes that are pictures, by number."""
    bits: int
    """The most bits a second that the pictures may take, so that the file keeps its size."""
    sound: Soundtrack | None
    """None where nothing is heard."""

    @property
    def frames(self) -> int:
        """How many frames it has."""
        last = self.scenes[-1]
        return last.first + last.frames

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.frames / FRAMES_PER_SECOND
