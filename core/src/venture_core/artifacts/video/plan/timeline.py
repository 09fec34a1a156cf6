"""Planning a video: what each scene shows, and from which frame to which."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from venture_core.artifacts.colors import color_scheme
from venture_core.artifacts.deck.ir import SlideSpec
from venture_core.artifacts.deck.plan.geometry import EMU_PER_INCH, PAGES, Page
from venture_core.artifacts.deck.plan.planner import plan_deck
from venture_core.artifacts.deck.render.scenes import deck_scenes
from venture_core.artifacts.drawing.placing import placed
from venture_core.artifacts.drawing.scene import Area, Box
from venture_core.artifacts.drawing.scene import Scene as Frame
from venture_core.artifacts.images import inspect_images
from venture_core.artifacts.picture.ir import ImageSpec
from venture_core.artifacts.picture.plan.picture import plan_picture
from venture_core.artifacts.video.ir.document import LayersScene, PictureScene, SlideScene
from venture_core.artifacts.video.plan.captions import CAPTION_PAPER, plan_captions, strip_height
from venture_core.artifacts.video.plan.model import (
    FRAMES_PER_SECOND,
    PlannedScene,
    TimelinePlan,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from venture_core.artifacts.colors import ColorScheme
    from venture_core.artifacts.deck.plan.model import DeckPlan
    from venture_core.artifacts.drawing.scene import Shape
    from venture_core.artifacts.picture.plan.picture import PicturePlan
    from venture_core.artifacts.video.ir import TimelineSpec
    from venture_core.artifacts.video.plan.model import Soundtrack

SIZES: Final = {"landscape": (1920, 1080), "square": (1080, 1080), "upright": (1080, 1920)}
"""Pixels of each format; captions and colours need even numbers."""
SOUND_BITS: Final = 170_000
"""A second of sound, and what holds it."""
MOST_BITS: Final = 12_000_000
"""A second of pictures, however large the file may be."""
_OVERHEAD: Final = 0.95
_NARROWEST: Final = 1.2
"""Width by height of the narrowest slide whose layouts hold."""
_TOUCHING: Final = 0.5
"""Pixels."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the scenes show."""

    frames: tuple[Frame, ...]
    deck: DeckPlan | None
    slides: tuple[int, ...]
    pictures: tuple[tuple[int, PicturePlan], ...]


def plan_timeline(
    spec: TimelineSpec, assets: Mapping[str, bytes], sound: Soundtrack | None
) -> TimelinePlan:
    """Place every scene and caption. `assets` are the pictures that are used; each is checked.

    Raises `InvalidAssetError` for one that cannot be used.
    """
    width, height = SIZES[spec.format]
    scheme, strip = color_scheme(spec.theme), strip_height(spec)
    seen = _seen(spec, assets, scheme, strip)
    scenes = tuple(_timed(spec, seen.frames))
    frames = scenes[-1].first + scenes[-1].frames
    bits = round(spec.max_megabytes * 8e6 * _OVERHEAD / (frames / FRAMES_PER_SECOND))
    return TimelinePlan(
        spec=spec,
        width=width,
        height=height,
        strip=strip,
        scheme=scheme,
        assets=assets,
        scenes=scenes,
        captions=plan_captions(spec, scheme, width, strip),
        deck=seen.deck,
        slides=seen.slides,
        pictures=seen.pictures,
        bits=min(MOST_BITS, bits - (SOUND_BITS if sound is not None else 0)),
        sound=sound,
    )


def total_frames(spec: TimelineSpec) -> int:
    """Return how many frames the video has."""
    return frame_of(sum(scene.seconds for scene in spec.scenes))


def frame_of(seconds: float) -> int:
    """Return the frame at which that time begins."""
    return round(seconds * FRAMES_PER_SECOND)


def _timed(spec: TimelineSpec, pictures: tuple[Frame, ...]) -> Iterator[PlannedScene]:
    """Give every scene its frames: times are rounded where scenes meet, so that none add up."""
    seconds, first = 0.0, 0
    for index, (scene, picture) in enumerate(zip(spec.scenes, pictures, strict=True)):
        wanted = scene.transition or spec.transition
        seconds += scene.seconds
        after = frame_of(seconds)
        moving = index > 0 and wanted.type != "cut"
        yield PlannedScene(
            first=first,
            frames=after - first,
            transition=wanted.type if moving else "cut",
            transition_frames=frame_of(wanted.seconds) if moving else 0,
            picture=picture,
        )
        first = after


def _seen(
    spec: TimelineSpec, assets: Mapping[str, bytes], scheme: ColorScheme, strip: int
) -> _Seen:
    images = inspect_images(assets)
    slides = tuple(
        index for index, scene in enumerate(spec.scenes) if isinstance(scene, SlideScene)
    )
    width, height = SIZES[spec.format]
    area = _slide_area(width, height - strip)
    deck: DeckPlan | None = None
    pages: Iterator[Frame] = iter(())
    if slides:
        deck = plan_deck(_deck_of(spec), images, _page(area))
        pages = iter(deck_scenes(deck, images))
    frames: list[Frame] = []
    pictures: list[tuple[int, PicturePlan]] = []
    for index, scene in enumerate(spec.scenes):
        if isinstance(scene, SlideScene):
            page = next(pages)
            foot = Area(0, height - strip, width, strip)
            back = (Box(foot, fill=scheme.values[CAPTION_PAPER]),) if strip else ()
            bled = (_bled(shape, area, foot.top) for shape in placed(page, area))
            shapes: tuple[Shape, ...] = (*bled, *back)
            frames.append(Frame(width, height, page.background, shapes, language=spec.language))
        else:
            plan = plan_picture(_picture_of(spec, scene), assets)
            pictures.append((index, plan))
            frames.append(plan.scene)
    return _Seen(tuple(frames), deck, slides, tuple(pictures))


def _slide_area(width: int, height: int) -> Area:
    """Return where slides stand in what captions leave: all of it, unless it is too tall."""
    tall = min(float(height), width / _NARROWEST)
    return Area(0, (height - tall) / 2, width, tall)


def _bled(shape: Shape, slide: Area, foot: float) -> Shape:
    """Have a box that reaches an upper or lower edge of its slide reach the picture's edge."""
    if not isinstance(shape, Box):
        return shape
    top = 0.0 if shape.area.top <= slide.top + _TOUCHING else shape.area.top
    bottom = foot if shape.area.bottom >= slide.bottom - _TOUCHING else shape.area.bottom
    area = Area(shape.area.left, top, shape.area.width, bottom - top)
    return replace(shape, area=area)


def _page(area: Area) -> Page:
    """Return a page of the area's proportions, as high as those of decks."""
    usual = PAGES["16:9"]
    width = round(usual.height * area.width / area.height / EMU_PER_INCH * 100) / 100
    narrow = width * EMU_PER_INCH < usual.width
    margin = PAGES["4:3"].margin if narrow else usual.margin
    return Page(round(width * EMU_PER_INCH), usual.height, margin)


def _deck_of(spec: TimelineSpec) -> SlideSpec:
    return SlideSpec.model_validate(
        {
            "kind": "SlideSpec",
            "version": spec.version,
            "title": spec.title,
            "language": spec.language,
            "theme": spec.theme,
            "footer": {"slideNumbers": False},
            "slides": tuple(scene.slide for scene in spec.scenes if isinstance(scene, SlideScene)),
        }
    )


def _picture_of(spec: TimelineSpec, scene: PictureScene | LayersScene) -> ImageSpec:
    width, height = SIZES[spec.format]
    layers: tuple[object, ...]
    if isinstance(scene, PictureScene):
        at = {"width": width, "height": height}
        layers = ({"type": "picture", "image": scene.image, "fit": scene.fit, "at": at},)
    else:
        layers = scene.layers
    return ImageSpec.model_validate(
        {
            "kind": "ImageSpec",
            "version": spec.version,
            "title": spec.title,
            "language": spec.language,
            "theme": spec.theme,
            "altText": scene.alt_text,
            "width": width,
            "height": height,
            "background": scene.background if isinstance(scene, LayersScene) else "background",
            "layers": layers,
        }
    )
