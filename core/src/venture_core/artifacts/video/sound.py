"""The soundtrack of a timeline: its recordings, decoded and mixed where it says."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from venture_core.artifacts.images import InvalidAssetError
from venture_core.artifacts.layouts import LayoutError
from venture_core.artifacts.media.program import FfmpegError
from venture_core.artifacts.media.sounds import RATE, decode
from venture_core.artifacts.media.soundtrack import Bed, Clip, mastered
from venture_core.artifacts.video.plan.model import FRAMES_PER_SECOND, Heard, Soundtrack

if TYPE_CHECKING:
    from collections.abc import Mapping

    from venture_core.artifacts.media.sounds import Sound
    from venture_core.artifacts.video.ir import TimelineSpec

MAX_DECODED_SECONDS: Final = 900
"""All recordings together: they lie on a disk of the Job's own."""


def soundtrack(spec: TimelineSpec, assets: Mapping[str, bytes], frames: int) -> Soundtrack | None:
    """Make what is heard in so many frames; None where nothing is.

    Raises `InvalidAssetError` for a recording that cannot be used, `MissingLibraryError` without
    ffmpeg.
    """
    names = dict.fromkeys(name for _, name in spec.sound_references())
    if not names:
        return None
    with tempfile.TemporaryDirectory() as folder:
        place, total = Path(folder), 0.0
        sounds: dict[str, Sound] = {}
        for name in names:
            sounds[name] = decode(name, assets[name], place)
            total += sounds[name].seconds
            if total > MAX_DECODED_SECONDS:
                message = f"the recordings take more than {MAX_DECODED_SECONDS} seconds together"
                raise InvalidAssetError(name, message)
        clips = [Clip(sounds[each.audio], round(each.at * RATE)) for each in spec.narration]
        samples = frames * RATE // FRAMES_PER_SECOND
        try:
            made = mastered(clips, _bed(spec, sounds), samples, place)
        except FfmpegError as error:
            raise LayoutError(f"ffmpeg could not mix its sound: {error}") from error
    recordings = {name: Heard(each.seconds, each.loudness) for name, each in sounds.items()}
    return Soundtrack(made.data, made.loudness, recordings)


def _bed(spec: TimelineSpec, sounds: Mapping[str, Sound]) -> Bed | None:
    music = spec.music
    if music is None:
        return None
    return Bed(
        sound=sounds[music.audio],
        level=music.level,
        duck=music.duck,
        loop=music.loop,
        fade_in=music.fade_in,
        fade_out=music.fade_out,
    )
