"""Recordings: what they are by their first bytes, and how they become samples that are known.

Nobody's file name and no guess of ffmpeg decides how a recording is read. The demuxer is named,
the decoders are listed, the file comes through a pipe: what calls itself a recording and is a
playlist can name no other file, and would not be read if it did.
"""

import re
import wave
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import ffmpeg

from venture_core.artifacts.images import InvalidAssetError
from venture_core.artifacts.layouts import LayoutError
from venture_core.artifacts.media.levels import SILENCE_LUFS
from venture_core.artifacts.media.program import FfmpegError, Limits, run_ffmpeg

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RATE: Final = 48_000
"""Samples a second, of everything that was decoded."""
MAX_SOUND_BYTES: Final = 20 * 1024 * 1024
MAX_SOUND_SECONDS: Final = 600
"""The longest recording."""
LIMITS: Final = Limits(seconds=60, file_bytes=(MAX_SOUND_SECONDS + 10) * RATE * 4)
_DECODERS: Final = (
    "pcm_u8,pcm_s16le,pcm_s24le,pcm_s32le,pcm_f32le,pcm_f64le,flac,mp3float,mp3,libopus,opus"
)
_PIECE: Final = 64 * 1024
_LOUDNESS: Final = re.compile(r"^\s+I:\s+(-?[\d.]+|-?inf|nan) LUFS", re.MULTILINE)
_OPUS_WITHIN: Final = 64
_MPEG_SYNC: Final = 0xFF
_MPEG_LAYER3: Final = frozenset({0xFA, 0xFB, 0xF2, 0xF3, 0xE2, 0xE3})
METER: Final = {"framelog": "verbose"}


@dataclass(frozen=True, slots=True)
class Sound:
    """A recording that was decoded."""

    path: Path
    """A WAV of 16 bits, two channels and `RATE`."""
    samples: int
    """Of each channel."""
    loudness: float
    """Integrated, in LUFS (EBU R 128); `SILENCE_LUFS` where nothing is heard."""

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.samples / RATE


def demuxer_of(name: str, data: bytes) -> str:
    """Return what ffmpeg shall read `data` as. Raises `InvalidAssetError` for all else."""
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return "wav"
    if data[:4] == b"fLaC":
        return "flac"
    if data[:4] == b"OggS" and b"OpusHead" in data[:_OPUS_WITHIN]:
        return "ogg"
    if data[:3] == b"ID3" or (len(data) > 1 and data[0] == _MPEG_SYNC and data[1] in _MPEG_LAYER3):
        return "mp3"
    raise InvalidAssetError(name, f"not a WAV, FLAC, MP3 or Opus recording, but {_called(data)}")


def _called(data: bytes) -> str:
    head = data[:1024].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if head.startswith((b"#extm3u", b"ffconcat", b"[playlist]", b"file ", b"<?xml", b"<smil")):
        return "a playlist, which names other files"
    if data[4:8] == b"ftyp":
        return "an MP4 file; save its sound as WAV, FLAC, MP3 or Opus"
    if data[:4] == b"OggS":
        return "Ogg without Opus in it"
    return "something else"


def decode(name: str, data: bytes, folder: Path) -> Sound:
    """Decode a recording, and measure how loud it is.

    Raises `InvalidAssetError` for another format, broken data, more than 20 MiB or 10 minutes.
    """
    if len(data) > MAX_SOUND_BYTES:
        raise InvalidAssetError(name, f"{len(data)} bytes; at most {MAX_SOUND_BYTES} are allowed")
    target = folder / f"{name}.wav"
    source = ffmpeg.input(
        "pipe:0",
        format=demuxer_of(name, data),
        protocol_whitelist="pipe",
        codec_whitelist=_DECODERS,
        t=MAX_SOUND_SECONDS + 1,
    )
    stream = source.audio.filter("aresample", RATE)
    stream = stream.filter("aformat", sample_fmts="s16", channel_layouts="stereo")
    stream = ffmpeg.output(
        stream, target.name, format="wav", acodec="pcm_s16le", threads=1, **PLAIN
    )
    try:
        run_ffmpeg(stream.get_args(), folder, LIMITS, _pieces(data))
        samples = _samples(target)
    except (FfmpegError, LayoutError, wave.Error, EOFError, OSError) as error:
        raise InvalidAssetError(name, f"the recording is broken: {error}"[:200]) from error
    if not samples:
        raise InvalidAssetError(name, "the recording holds no sound")
    if samples > MAX_SOUND_SECONDS * RATE:
        raise InvalidAssetError(name, f"longer than {MAX_SOUND_SECONDS} seconds")
    return Sound(target, samples, loudness_of(target, "wav", folder))


def _pieces(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), _PIECE):
        yield data[start : start + _PIECE]


def _samples(path: Path) -> int:
    with wave.open(str(path), "rb") as file:
        return file.getnframes()


PLAIN: Final = {
    "map_metadata": -1,
    "fflags": "+bitexact",
    "flags": "+bitexact",
    "filter_complex_threads": 1,
}
"""Nothing of the machine, the day or the source goes into a file."""


def loudness_of(path: Path, form: str, folder: Path) -> float:
    """Measure a file of our own, in LUFS. Raises `FfmpegError`."""
    source = ffmpeg.input(path.name, format=form, protocol_whitelist="file")
    meter = source.audio.filter("ebur128", **METER)
    nothing = ffmpeg.output(meter, "-", format="null")
    said = run_ffmpeg(["-loglevel", "info", *nothing.get_args()], folder, LIMITS)
    found = _LOUDNESS.findall(said)
    if not found:
        raise FfmpegError("its loudness was not told")
    value = float(found[-1])
    return value if value > SILENCE_LUFS else SILENCE_LUFS
