"""The quality gates of videos, run over a plan before the pictures are encoded."""

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from venture_core.artifacts.contrast import text_shortfall
from venture_core.artifacts.deck.gates import CHECKS as DECK_CHECKS
from venture_core.artifacts.drawing.letters import missing_letters
from venture_core.artifacts.gates import (
    ALT_TEXT,
    CAPTIONS,
    CONTRAST,
    DURATION,
    EMPTY_SLIDES,
    FILE_SIZE,
    LOUDNESS,
    OVERFLOW,
    Finding,
)
from venture_core.artifacts.ir.values import is_blank
from venture_core.artifacts.media.levels import LOUDNESS_LUFS
from venture_core.artifacts.picture.gates import CHECKS as PICTURE_CHECKS
from venture_core.artifacts.video.plan.captions import CAPTION_INK, CAPTION_PAPER, LETTERS
from venture_core.artifacts.video.plan.model import FRAMES_PER_SECOND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from venture_core.artifacts.video.plan.model import TimelinePlan

DRIFT_SECONDS: Final = 0.1
"""By how much a caption may be early or late."""
LOUDNESS_TOLERANCE: Final = 0.5
FAINTEST_LUFS: Final = -50.0
"""What is quieter is noise once it is loud enough."""
LETTERS_A_SECOND: Final = 25.0
SHORTEST_SECONDS: Final = 0.7
LEAST_BITS: Final = 0.005
"""For each pixel that is shown: with fewer, letters blur."""
_POINTS_PER_PIXEL: Final = 0.75
_ROUNDING: Final = 1e-6


def _of_scenes(gate: str, plan: TimelinePlan) -> Iterator[Finding]:
    """Yield what the gate of slides and that of pictures find in the scenes."""
    if plan.deck is not None and gate in DECK_CHECKS:
        for found in DECK_CHECKS[gate](plan.deck):
            scene = plan.slides[(found.slide or 1) - 1]
            yield Finding(None, f"scenes[{scene}].slide.{found.element}", found.message)
    for scene, picture in plan.pictures:
        if gate in PICTURE_CHECKS:
            for found in PICTURE_CHECKS[gate](picture):
                yield Finding(None, f"scenes[{scene}].{found.element}", found.message)


def _contrast(plan: TimelinePlan) -> Iterator[Finding]:
    yield from _of_scenes(CONTRAST, plan)
    if plan.strip:
        size = LETTERS[plan.spec.format] * _POINTS_PER_PIXEL
        for message in text_shortfall(plan.scheme, CAPTION_INK, CAPTION_PAPER, size):
            yield Finding(None, "captions", message)


def _alt_text(plan: TimelinePlan) -> Iterator[Finding]:
    spec = plan.spec
    if is_blank(spec.alt_text):
        yield Finding(None, "altText", "says nothing; it says in words what the video shows")
    yield from _of_scenes(ALT_TEXT, plan)
    for index, clip in enumerate(spec.narration):
        if not clip.captions and not spec.captions and is_blank(spec.transcript):
            message = "what it says is written nowhere; give it captions, or a transcript"
            yield Finding(None, f"narration[{index}]", message)


def _overflow(plan: TimelinePlan) -> Iterator[Finding]:
    yield from _of_scenes(OVERFLOW, plan)
    for scene in plan.slides:
        if missing := missing_letters(plan.scenes[scene].picture):
            message = f"the fonts of videos have no letters for “{missing:.20}”"
            yield Finding(None, f"scenes[{scene}].slide", message)
    for caption in plan.captions:
        if caption.problem:
            yield Finding(None, caption.element, caption.problem)


def _empty(plan: TimelinePlan) -> Iterator[Finding]:
    yield from _of_scenes(EMPTY_SLIDES, plan)


def _loudness(plan: TimelinePlan) -> Iterator[Finding]:
    if plan.sound is None:
        return
    faint = False
    for at, name in plan.spec.sound_references():
        heard = plan.sound.recordings[name]
        if heard.loudness < FAINTEST_LUFS:
            faint = True
            message = f"asset {name} is hardly heard: {heard.loudness:.1f} LUFS; record it louder"
            yield Finding(None, _element(at), message)
    off = abs(plan.sound.loudness - LOUDNESS_LUFS)
    if not faint and off > LOUDNESS_TOLERANCE + _ROUNDING:
        yield Finding(
            None,
            "narration" if plan.spec.narration else "music",
            f"the sound comes to {plan.sound.loudness:.1f} LUFS and not to {LOUDNESS_LUFS:g}: "
            "its peaks are too high for its loudness; even it out",
        )


def _element(at: str) -> str:
    """Return a pointer as findings write it: `/narration/0/audio` is `narration[0].audio`."""
    name = ""
    for part in at.strip("/").split("/"):
        name += f"[{part}]" if part.isdigit() else f".{part}"
    return name.removeprefix(".")


def _duration(plan: TimelinePlan) -> Iterator[Finding]:
    spec, seconds = plan.spec, plan.seconds
    if seconds > spec.max_seconds + DRIFT_SECONDS:
        message = f"the scenes take {seconds:.1f} seconds, and {spec.max_seconds} are allowed"
        yield Finding(None, "scenes", message)
    spoken = []
    for index, clip in enumerate(spec.narration):
        heard = plan.sound.recordings[clip.audio] if plan.sound is not None else None
        end = clip.at + (heard.seconds if heard is not None else 0.0)
        spoken.append((clip.at, end, index))
        if end > seconds + DRIFT_SECONDS:
            message = f"it is spoken until {end:.1f} s, and the video ends at {seconds:.1f} s"
            yield Finding(None, f"narration[{index}]", message)
    for (_, end, one), (start, _, other) in pairwise(sorted(spoken)):
        if start < end - DRIFT_SECONDS:
            message = f"it begins at {start:.1f} s, while narration[{one}] speaks until {end:.1f} s"
            yield Finding(None, f"narration[{other}]", message)


def _captions(plan: TimelinePlan) -> Iterator[Finding]:
    yield from _drift(plan)
    for one, other in pairwise(plan.captions):
        if other.first < one.after:
            message = f"it begins at {other.start:.2f} s, while {one.element} is still shown"
            yield Finding(None, other.element, message)
    for caption in plan.captions:
        shown = (min(caption.after, plan.frames) - caption.first) / FRAMES_PER_SECOND
        if caption.end > plan.seconds + DRIFT_SECONDS:
            message = f"it ends at {caption.end:.2f} s, and the video at {plan.seconds:.2f} s"
            yield Finding(None, caption.element, message)
        elif shown < SHORTEST_SECONDS - _ROUNDING:
            message = f"it is shown for {shown:.2f} s, and {SHORTEST_SECONDS:g} are the least"
            yield Finding(None, caption.element, message)
        elif len(caption.text) / shown > LETTERS_A_SECOND:
            rate = len(caption.text) / shown
            message = f"{rate:.0f} letters a second are read by nobody; {LETTERS_A_SECOND:g} are"
            yield Finding(None, caption.element, message)


def _drift(plan: TimelinePlan) -> Iterator[Finding]:
    """Compare captions with the frames that show them, and with the recording they belong to."""
    for caption in plan.captions:
        drift = max(
            abs(caption.first / FRAMES_PER_SECOND - caption.start),
            abs(caption.after / FRAMES_PER_SECOND - caption.end),
        )
        if drift >= DRIFT_SECONDS:
            yield Finding(None, caption.element, f"it is shown {drift * 1000:.0f} ms off its time")
    for number, clip in enumerate(plan.spec.narration):
        if plan.sound is None:
            return
        spoken = plan.sound.recordings[clip.audio].seconds
        for index, said in enumerate(clip.captions):
            if said.end > spoken + DRIFT_SECONDS:
                yield Finding(
                    None,
                    f"narration[{number}].captions[{index}]",
                    f"it ends {(said.end - spoken) * 1000:.0f} ms after its recording, "
                    f"which has {spoken:.2f} s; less than {DRIFT_SECONDS * 1000:.0f} are allowed",
                )


def _file_size(plan: TimelinePlan) -> Iterator[Finding]:
    least = round(plan.width * plan.height * FRAMES_PER_SECOND * LEAST_BITS)
    if plan.bits < least:
        yield Finding(
            None,
            "maxMegabytes",
            f"{plan.spec.max_megabytes} MB leave {max(0, plan.bits) // 1000} kbit/s for "
            f"{plan.seconds:.0f} seconds of pictures, and {least // 1000} are needed",
        )


CHECKS: Final[Mapping[str, Callable[[TimelinePlan], Iterator[Finding]]]] = {
    CONTRAST: _contrast,
    ALT_TEXT: _alt_text,
    OVERFLOW: _overflow,
    EMPTY_SLIDES: _empty,
    LOUDNESS: _loudness,
    DURATION: _duration,
    CAPTIONS: _captions,
    FILE_SIZE: _file_size,
}
"""What each gate that concerns a video finds in its plan."""
