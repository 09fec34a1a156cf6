"""The file of a video: H.264, AAC and captions in an MP4, the same bytes on the same processor."""

import html
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import ffmpeg

from venture_core.artifacts.layouts import LayoutError
from venture_core.artifacts.media.program import FfmpegError, Limits, run_ffmpeg
from venture_core.artifacts.media.sounds import PLAIN
from venture_core.artifacts.video.plan.model import FRAMES_PER_SECOND
from venture_core.artifacts.video.render.frames import frames
from venture_core.artifacts.video.render.tracks import hide_captions

if TYPE_CHECKING:
    from venture_core.artifacts.video.plan.model import TimelinePlan

ENCODING_SECONDS: Final = 900
"""The longest that encoding may take."""
_QUALITY: Final = 18
_PRESET: Final = "veryfast"
_KEY_FRAME_SECONDS: Final = 2
_X264: Final = "cpu-independent=1:sliced-threads=0"
"""No choice of x264 hangs on the processor or on how many there are."""
_COLORS: Final = {
    "colorspace": "bt709",
    "color_primaries": "bt709",
    "color_trc": "bt709",
    "color_range": "tv",
}
"""Of what ffmpeg is given and of what it writes: told of one alone, ffmpeg 9 converts."""
_LOOK_ALIKES: Final = str.maketrans({"\\": "\u29f5", "{": "\u2774", "}": "\u2775"})
"""For a caption's letters that ffmpeg takes for its own and does not give back unchanged."""
_LANGUAGES: Final = {
    "ar": "ara",
    "bg": "bul",
    "cs": "ces",
    "da": "dan",
    "de": "deu",
    "el": "ell",
    "en": "eng",
    "es": "spa",
    "et": "est",
    "fi": "fin",
    "fr": "fra",
    "he": "heb",
    "hi": "hin",
    "hr": "hrv",
    "hu": "hun",
    "it": "ita",
    "ja": "jpn",
    "ko": "kor",
    "lt": "lit",
    "lv": "lav",
    "nl": "nld",
    "no": "nor",
    "pl": "pol",
    "pt": "por",
    "ro": "ron",
    "ru": "rus",
    "sk": "slk",
    "sl": "slv",
    "sv": "swe",
    "tr": "tur",
    "uk": "ukr",
    "zh": "zho",
}
"""What MP4 calls languages, where it is not the tag itself."""


def render_video(plan: TimelinePlan) -> bytes:
    """Encode the video. Raises `LayoutError` where it takes too long or becomes too large."""
    most = plan.spec.max_megabytes * 1_000_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if plan.sound is not None:
            (folder / "sound.m4a").write_bytes(plan.sound.data)
        if plan.captions:
            (folder / "captions.vtt").write_text(_web_captions(plan), encoding="utf-8")
        target = folder / "video.mp4"
        # Putting the index first takes the file a second time.
        limits = Limits(ENCODING_SECONDS, 2 * most)
        try:
            run_ffmpeg(_arguments(plan, target.name), folder, limits, frames(plan))
        except FfmpegError as error:
            raise LayoutError(f"ffmpeg could not encode it: {error}") from error
        if target.stat().st_size > most:
            size = f"{target.stat().st_size / 1e6:.1f} MB"
            raise LayoutError(f"the video has {size}, and maxMegabytes allows {most / 1e6:g}")
        file = bytearray(target.read_bytes())
    if plan.strip:
        # They are in the picture: players show them twice only where somebody asks for it.
        hide_captions(file)
    return bytes(file)


def _arguments(plan: TimelinePlan, target: str) -> list[str]:
    spec = plan.spec
    pictures = ffmpeg.input(
        "pipe:0",
        format="rawvideo",
        pix_fmt="yuv420p",
        s=f"{plan.width}x{plan.height}",
        framerate=FRAMES_PER_SECOND,
        protocol_whitelist="pipe",
        **_COLORS,
    )
    streams, options = [pictures.video], _picture_options(plan)
    if plan.sound is not None:
        sound = ffmpeg.input("sound.m4a", format="mov", protocol_whitelist="file")
        streams.append(sound.audio)
        options |= {"acodec": "copy", "metadata:s:a:0": f"language={_language(plan)}"}
    if plan.captions:
        words = ffmpeg.input("captions.vtt", format="webvtt", protocol_whitelist="file")
        streams.append(words["s"])
        options |= {"scodec": "mov_text", "metadata:s:s:0": f"language={_language(plan)}"}
    made = ffmpeg.output(*streams, target, format="mp4", movflags="+faststart", **PLAIN, **options)
    said = {"title": spec.title, "artist": spec.author, "description": spec.alt_text}
    told = [f"{name}={value}" for name, value in said.items() if value]
    *head, last = made.get_args()
    return [*head, *(part for each in told for part in ("-metadata", each)), last]


def _picture_options(plan: TimelinePlan) -> dict[str, object]:
    return {
        "vcodec": "libx264",
        "preset": _PRESET,
        "tune": "stillimage",
        "crf": _QUALITY,
        "maxrate": plan.bits,
        "bufsize": plan.bits,
        "g": _KEY_FRAME_SECONDS * FRAMES_PER_SECOND,
        "threads": 1,
        "x264-params": _X264,
        "pix_fmt": "yuv420p",
        **_COLORS,
        "chroma_sample_location": "center",
    }


def _language(plan: TimelinePlan) -> str:
    first = plan.spec.language.partition("-")[0]
    return _LANGUAGES.get(first, first if len(first) > 2 else "und")  # noqa: PLR2004  two letters


def _web_captions(plan: TimelinePlan) -> str:
    """Write the captions as WebVTT: what could be markup is spelled out."""
    cues = ["WEBVTT"]
    for each in plan.captions:
        text = html.escape(each.text, quote=False).translate(_LOOK_ALIKES)
        cues.append(f"{_time(each.first)} --> {_time(each.after)}\n{text}")
    return "\n\n".join(cues) + "\n"


def _time(frame: int) -> str:
    milliseconds = round(frame * 1000 / FRAMES_PER_SECOND)
    seconds, rest = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}.{rest:03d}"
