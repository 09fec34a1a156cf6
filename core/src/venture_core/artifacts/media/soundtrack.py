"""One soundtrack of recordings: speech over music that makes room for it, as loud as it should be.

Every recording is brought to one loudness before it is mixed, so that levels mean the same whoever
recorded it. The mix is encoded, measured as listeners will hear it, and encoded again until it is
as loud as it should be.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import ffmpeg

from venture_core.artifacts.media.levels import LOUDNESS_LUFS, SILENCE_LUFS
from venture_core.artifacts.media.program import run_ffmpeg
from venture_core.artifacts.media.sounds import LIMITS, PLAIN, RATE, loudness_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from venture_core.artifacts.media.sounds import Sound

AAC_BITS: Final = 160_000
"""A second."""
_SPEECH_LUFS: Final = -18.0
_MOST_GAIN: Final = 30.0
"""Decibels: what is quieter than this would be mostly noise."""
_CEILING: Final = 0.72
"""Of a sample's full scale: -2.9 dB, which leaves room for what the encoder adds to peaks."""
_CLOSE_ENOUGH: Final = 0.2
_TRIES: Final = 5
_HEARD_OVER: Final = 22.0
"""By how many decibels speech of `_SPEECH_LUFS` stands over the threshold of the ducking."""
_THRESHOLD: Final = 0.01


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording of speech."""

    sound: Sound
    start: int
    """The sample at which it begins."""


@dataclass(frozen=True, slots=True)
class Bed:
    """Music under everything; levels in decibels, times in seconds."""

    sound: Sound
    level: float
    duck: float
    loop: bool
    fade_in: float
    fade_out: float


@dataclass(frozen=True, slots=True)
class Mastered:
    """A finished soundtrack."""

    data: bytes
    """AAC in an MP4 of its own."""
    loudness: float
    """Measured on `data`, in LUFS."""


def mastered(clips: Sequence[Clip], bed: Bed | None, samples: int, folder: Path) -> Mastered:
    """Mix what is given to a soundtrack of so many samples. Raises `FfmpegError`."""
    mix = folder / "mix.wav"
    stream = ffmpeg.output(
        _mixed(clips, bed, samples), mix.name, format="wav", acodec="pcm_f32le", **PLAIN
    )
    run_ffmpeg(stream.get_args(), folder, LIMITS)
    measured = loudness_of(mix, "wav", folder)
    gain = _gain(measured, LOUDNESS_LUFS)
    target = folder / "sound.m4a"
    for _ in range(_TRIES):
        _encode(mix, gain, target, folder)
        measured = loudness_of(target, "mov", folder)
        missing = LOUDNESS_LUFS - measured
        if abs(missing) <= _CLOSE_ENOUGH or measured <= SILENCE_LUFS:
            break
        gain = min(_MOST_GAIN, gain + missing)
    return Mastered(target.read_bytes(), measured)


def _gain(loudness: float, wanted: float) -> float:
    if loudness <= SILENCE_LUFS:
        return 0.0
    return min(_MOST_GAIN, wanted - loudness)


def _encode(mix: Path, gain: float, target: Path, folder: Path) -> None:
    source = ffmpeg.input(mix.name, format="wav", protocol_whitelist="file")
    stream = source.audio.filter("volume", f"{gain:.2f}dB", precision="double")
    stream = stream.filter("alimiter", limit=_CEILING, attack=5, release=50, level="false")
    stream = ffmpeg.output(
        stream, target.name, format="mp4", acodec="aac", audio_bitrate=AAC_BITS, ar=RATE, **PLAIN
    )
    run_ffmpeg(stream.get_args(), folder, LIMITS)


def _mixed(clips: Sequence[Clip], bed: Bed | None, samples: int) -> ffmpeg.Stream:
    voice = _voice(clips, samples) if clips else None
    if bed is None:
        return voice
    music = _music(bed, samples, under_speech=bool(clips))
    if voice is None:
        return music
    if not bed.duck:
        return ffmpeg.filter([voice, music], "amix", inputs=2, normalize=0)
    heard, key = (voice.filter_multi_output("asplit")[at] for at in range(2))
    ducked = ffmpeg.filter(
        [music, key],
        "sidechaincompress",
        threshold=_THRESHOLD,
        ratio=round(1 / (1 - bed.duck / _HEARD_OVER), 3),
        attack=40,
        release=500,
    )
    return ffmpeg.filter([heard, ducked], "amix", inputs=2, normalize=0)


def _voice(clips: Sequence[Clip], samples: int) -> ffmpeg.Stream:
    placed = []
    for clip in clips:
        stream = _opened(clip.sound)
        stream = stream.filter("volume", f"{_gain(clip.sound.loudness, _SPEECH_LUFS):.2f}dB")
        placed.append(stream.filter("adelay", f"{clip.start}S", all=1))
    together = (
        placed[0]
        if len(placed) == 1
        else ffmpeg.filter(placed, "amix", inputs=len(placed), normalize=0)
    )
    return _cut(together, samples)


def _music(bed: Bed, samples: int, *, under_speech: bool) -> ffmpeg.Stream:
    stream, sound = _opened(bed.sound), bed.sound
    if bed.loop and sound.samples < samples:
        stream = stream.filter("aloop", loop=-1, size=sound.samples)
    wanted = _SPEECH_LUFS + (bed.level if under_speech else 0)
    stream = _cut(stream, samples).filter("volume", f"{_gain(sound.loudness, wanted):.2f}dB")
    if bed.fade_in:
        stream = stream.filter("afade", type="in", duration=bed.fade_in)
    if bed.fade_out:
        start = max(0.0, samples / RATE - bed.fade_out)
        stream = stream.filter("afade", type="out", start_time=start, duration=bed.fade_out)
    return stream


def _opened(sound: Sound) -> ffmpeg.Stream:
    source = ffmpeg.input(sound.path.name, format="wav", protocol_whitelist="file")
    return source.audio.filter("aformat", sample_fmts="fltp", channel_layouts="stereo")


def _cut(stream: ffmpeg.Stream, samples: int) -> ffmpeg.Stream:
    """Make a stream exactly as long as the video."""
    return stream.filter("atrim", end_sample=samples).filter("apad", whole_len=samples)
