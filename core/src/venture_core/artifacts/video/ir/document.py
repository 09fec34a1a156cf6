"""TimelineSpec: the document that describes a video."""

from typing import Annotated, Literal, override

from pydantic import Field, StringConstraints

from venture_core.artifacts.deck.ir import ImageSlide, Slide
from venture_core.artifacts.ir.document import Document
from venture_core.artifacts.ir.values import AltText, Color, IRModel, Line200, Name, Notes
from venture_core.artifacts.picture.ir.document import Layer, PictureLayer, Tone

MAX_SECONDS = 300
"""The longest video."""
MAX_SCENES = 60
MAX_CLIPS = 20
MAX_CAPTIONS = 100
"""Of one clip, and of the document besides."""

Seconds = Annotated[float, Field(ge=0, le=MAX_SECONDS)]
Decibels = Annotated[float, Field(ge=-40, le=0)]


class Transition(IRModel):
    """How a scene takes the place of the one before it."""

    type: Literal["cut", "fade", "slide", "wipe"] = "fade"
    seconds: Annotated[float, Field(ge=0.1, le=2)] = 0.5
    """How long it takes, of the scene's own time. A cut takes none."""


class BaseScene(IRModel):
    """What all scenes share."""

    seconds: Annotated[float, Field(ge=0.5, le=120)]
    """How long it is shown, to the next 30th of a second."""
    transition: Transition | None = None
    """How it begins; without it, as the document says."""


class SlideScene(BaseScene):
    """A slide, as decks have them: 16:9 in landscape, else 4:3 between margins."""

    type: Literal["slide"]
    slide: Slide


class PictureScene(BaseScene):
    """A picture that fills the frame."""

    type: Literal["picture"]
    image: Name
    fit: Literal["cover", "contain"] = "cover"
    """Fill the frame and cut off what stands over, or show all of the picture."""
    alt_text: AltText = ""
    """What the picture shows, in words."""


class LayersScene(BaseScene):
    """Pictures, shapes and words that are composed for the frame, as an ImageSpec has them."""

    type: Literal["layers"]
    background: Tone | Color = "background"
    alt_text: AltText = ""
    """What the scene shows, in words."""
    layers: Annotated[tuple[Layer, ...], Field(min_length=1, max_length=20)]


Scene = Annotated[SlideScene | PictureScene | LayersScene, Field(discriminator="type")]


class Caption(IRModel):
    """Words to read while something is heard or seen."""

    start: Seconds
    """When they appear, in seconds: after the clip's own beginning, or the video's."""
    end: Seconds
    """When they are gone."""
    text: Annotated[Line200, StringConstraints(min_length=1)]


Captions = Annotated[tuple[Caption, ...], Field(max_length=MAX_CAPTIONS)]


class Narration(IRModel):
    """A recording of speech. Recordings are brought to one loudness before they are mixed."""

    audio: Name
    """The asset: WAV, FLAC, MP3 or Opus in Ogg."""
    at: Seconds = 0.0
    """When it begins, in seconds."""
    captions: Captions = ()
    """What it says. Their times count from the beginning of the clip."""


class Music(IRModel):
    """Music under all of the video."""

    audio: Name
    """The asset: WAV, FLAC, MP3 or Opus in Ogg."""
    level: Decibels = -10.0
    """How much quieter than speech it is, in decibels."""
    duck: Annotated[float, Field(ge=0, le=20)] = 10.0
    """How much quieter still it becomes while somebody speaks, about so many decibels."""
    loop: bool = True
    """Begin again where it ends before the video does."""
    fade_in: Annotated[float, Field(ge=0, le=10)] = 1.0
    fade_out: Annotated[float, Field(ge=0, le=10)] = 2.0


class TimelineSpec(Document):
    """A video, version 1 of its description: scenes one after another, at 30 frames a second."""

    kind: Literal["TimelineSpec"]
    alt_text: AltText = ""
    """What the video shows, in words, for those who do not see it."""
    format: Literal["landscape", "square", "upright"] = "landscape"
    """1920 by 1080 pixels, 1080 by 1080, or 1080 by 1920."""
    transition: Transition = Transition()
    """How scenes begin that do not say so themselves; the first one is simply there."""
    scenes: Annotated[tuple[Scene, ...], Field(min_length=1, max_length=MAX_SCENES)]
    narration: Annotated[tuple[Narration, ...], Field(max_length=MAX_CLIPS)] = ()
    music: Music | None = None
    captions: Captions = ()
    """Captions of no clip. Their times count from the beginning of the video."""
    burn_in: bool = True
    """Draw captions into the picture, too. They are a track of the file in any case."""
    transcript: Notes = ""
    """What is said, where no captions tell it."""
    max_seconds: Annotated[int, Field(ge=1, le=MAX_SECONDS)] = MAX_SECONDS
    """The longest that it may be where it is shown."""
    max_megabytes: Annotated[int, Field(ge=1, le=200)] = 100
    """The largest that its file may be, in millions of bytes. Its bits are chosen to keep it."""

    @override
    def asset_references(self) -> tuple[tuple[str, str], ...]:
        return super().asset_references() + self.picture_references() + self.sound_references()

    def picture_references(self) -> tuple[tuple[str, str], ...]:
        """Each use of a picture in a scene, as `asset_references` has them."""
        return tuple(each for at, scene in enumerate(self.scenes) for each in _pictures(at, scene))

    def sound_references(self) -> tuple[tuple[str, str], ...]:
        """Each use of a recording, as `asset_references` has them."""
        clips = tuple(
            (f"/narration/{index}/audio", clip.audio) for index, clip in enumerate(self.narration)
        )
        return clips + ((("/music/audio", self.music.audio),) if self.music is not None else ())


def _pictures(
    index: int, scene: SlideScene | PictureScene | LayersScene
) -> tuple[tuple[str, str], ...]:
    at = f"/scenes/{index}"
    match scene:
        case SlideScene(slide=ImageSlide(image=image)):
            return ((f"{at}/slide/image", image),)
        case PictureScene():
            return ((f"{at}/image", scene.image),)
        case LayersScene():
            return tuple(
                (f"{at}/layers/{number}/image", layer.image)
                for number, layer in enumerate(scene.layers)
                if isinstance(layer, PictureLayer)
            )
        case _:
            return ()
