"""Videos as players see and hear them: made by the real ffmpeg, judged by ffprobe and by pixels."""

import hashlib
import io
import json
import math
import re
import shutil
import subprocess
import sys
import wave
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from surroundings import REPOSITORY
from timelines import Body, body, read, slide
from tones import tone
from venture_core.artifacts.colors import Role, color_scheme
from venture_core.artifacts.compile import compile_artifact
from venture_core.artifacts.gates import GateFailedError, GateSettings
from venture_core.artifacts.images import InvalidAssetError
from venture_core.artifacts.layouts import LayoutError
from venture_core.artifacts.media import program, sounds
from venture_core.artifacts.media.levels import LOUDNESS_LUFS
from venture_core.artifacts.video.gates import DRIFT_SECONDS, LOUDNESS_TOLERANCE
from venture_core.artifacts.video.mp4 import draft
from venture_core.artifacts.video.render.frames import Planes

if TYPE_CHECKING:
    from pathlib import Path

TEXT = "Done: 50 % of {it} <b>& more</b>; it's 3:1"
AT = 0.6


@pytest.fixture(autouse=True, scope="module")
def ffmpeg_is_here() -> None:
    for name in ("ffmpeg", "ffprobe"):
        assert shutil.which(name), (
            f"{name} is missing: install the Debian package ffmpeg, or run this tier by "
            "`make test`, which installs it"
        )


def document(**changes: Any) -> Body:
    """Return a video of two scenes in which somebody speaks over music."""
    said = {"start": 0.0, "end": 1.9, "text": TEXT}
    return body(
        title="It's; a:b,c=[d] $(e)",
        scenes=[slide(1.5), slide(1.5, transition={"type": "wipe", "seconds": 0.3})],
        narration=[{"audio": "voice", "at": AT, "captions": [said]}],
        music={"audio": "tune", "fadeIn": 0.2, "fadeOut": 0.2},
        **changes,
    )


def recordings() -> dict[str, bytes]:
    voice = tone(1.9, hertz=440, level=0.05, rate=22_050, silent=0.5)
    return {"voice": voice, "tune": tone(1.0, hertz=110, level=0.5, rate=44_100)}


def made(**changes: Any) -> bytes:
    artifact = compile_artifact(
        ir=read(document(**changes)),
        assets=recordings(),
        gates=GateSettings(),
        target="Video",
        thumbnail=True,
    )
    assert artifact.thumbnail is not None
    return artifact.data


@cache
def usual() -> bytes:
    return made()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "video.mp4"
    path.write_bytes(usual())
    return path


def probed(path: Path, *entries: str) -> dict[str, Any]:
    command = ["ffprobe", "-v", "error", *entries, "-of", "json", str(path)]
    ran = subprocess.run(command, capture_output=True, check=True)
    assert not ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def test_players_are_told_what_the_document_says(file: Path) -> None:
    found = probed(file, "-show_streams", "-show_format")
    picture, sound, words = found["streams"]
    assert (picture["codec_name"], picture["width"], picture["height"]) == ("h264", 1080, 1080)
    assert (picture["pix_fmt"], picture["r_frame_rate"]) == ("yuv420p", "30/1")
    assert (picture["color_space"], picture["color_range"]) == ("bt709", "tv")
    assert (sound["codec_name"], sound["channels"], sound["sample_rate"]) == ("aac", 2, "48000")
    assert words["codec_name"] == "mov_text"
    assert (words["disposition"]["default"], words["tags"]["language"]) == (0, "eng")
    assert picture["nb_frames"] == "90"
    for each in (picture, sound):
        assert float(each["start_time"]) == 0
        assert abs(float(each["duration"]) - 3) < 0.03
    tags = found["format"]["tags"]
    assert tags["title"] == document()["title"]
    assert tags["description"] == document()["altText"]
    assert not {"encoder", "creation_time"} & set(tags)


def test_it_is_as_loud_as_it_should_be(file: Path) -> None:
    meter = ["ffmpeg", "-hide_banner", "-nostats", "-i", str(file), "-vn", "-af"]
    meter += ["ebur128=framelog=verbose:peak=true", "-f", "null", "-"]
    said = subprocess.run(meter, capture_output=True, text=True, check=True).stderr
    loudness = float(re.findall(r"I:\s+(\S+) LUFS", said)[-1])
    assert abs(loudness - LOUDNESS_LUFS) <= LOUDNESS_TOLERANCE
    assert float(re.findall(r"Peak:\s+(\S+) dBFS", said)[-1]) < -1


def samples(path: Path, folder: Path) -> list[int]:
    """Return one channel at 8 kHz."""
    plain = folder / "plain.wav"
    command = ["ffmpeg", "-v", "error", "-y", "-i", str(path), "-vn", "-ar", "8000", "-ac", "1"]
    subprocess.run([*command, "-bitexact", str(plain)], check=True)
    with wave.open(str(plain)) as opened:
        data = memoryview(opened.readframes(opened.getnframes())).cast("h")
    return list(data)


def energy(wanted: list[int], hertz: float) -> float:
    """Return how much of a tone there is (Goertzel)."""
    turn = 2 * math.cos(2 * math.pi * hertz / 8000)
    one = two = 0.0
    for each in wanted:
        one, two = each + turn * one - two, one
    return math.sqrt(max(0.0, one * one + two * two - turn * one * two)) / len(wanted)


def test_music_makes_room_for_speech_and_speech_comes_when_it_should(
    file: Path, tmp_path: Path
) -> None:
    heard = samples(file, tmp_path)
    spoken = AT + 0.5
    step = 8000 // 50
    voice = [energy(heard[at : at + step], 440) for at in range(0, len(heard) - step, step)]
    loudest = max(voice)
    first = next(at for at, each in enumerate(voice) if each > loudest / 3) * step / 8000
    assert abs(first - spoken) < DRIFT_SECONDS
    before = energy(heard[int(0.5 * 8000) : int(1.0 * 8000)], 110)
    under = energy(heard[int(1.7 * 8000) : int(2.2 * 8000)], 110)
    assert 0.2 < under / before < 0.5
    assert energy(heard[int(1.7 * 8000) : int(2.2 * 8000)], 440) > 3 * under


def luma_rows(path: Path, frame: int, folder: Path) -> bytes:
    """Return the lower 200 rows of a frame."""
    raw = folder / "frame.raw"
    chosen = f"select=eq(n\\,{frame}),crop=1080:180:0:900,format=gray"
    command = ["ffmpeg", "-v", "error", "-y", "-i", str(path), "-vf", chosen, "-frames:v", "1"]
    subprocess.run([*command, "-f", "rawvideo", str(raw)], check=True)
    return raw.read_bytes()


def luma_rows_of(data: bytes, folder: Path) -> bytes:
    path = folder / "usual.mp4"
    path.write_bytes(data)
    return luma_rows(path, 40, folder)


def test_captions_are_seen_and_told_at_their_time(file: Path, tmp_path: Path) -> None:
    bright = [
        sum(each > 150 for each in luma_rows(file, frame, tmp_path)) for frame in (17, 18, 74, 75)
    ]
    assert bright[0] == bright[3] == 0
    assert min(bright[1:3]) > 1000
    packets = probed(file, "-select_streams", "s:0", "-show_packets")["packets"]
    told = [each for each in packets if int(each["size"]) > 2]
    assert len(told) == 1
    assert abs(float(told[0]["pts_time"]) - AT) < DRIFT_SECONDS
    assert abs(float(told[0]["duration_time"]) - 1.9) < DRIFT_SECONDS
    track = ["ffmpeg", "-v", "error", "-i", str(file), "-map", "0:s", "-f", "srt", "-"]
    words = subprocess.run(track, capture_output=True, text=True, check=True).stdout
    assert TEXT.replace("{", "\u2774").replace("}", "\u2775") in words


def test_without_burning_in_the_track_is_shown_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    path.write_bytes(draft(read(document(burnIn=False)), recordings()).render())
    words = probed(path, "-show_streams")["streams"][2]
    assert words["disposition"]["default"] == 1
    # The slide reaches the foot, where a strip would be darker.
    assert min(luma_rows(path, 40, tmp_path)) > min(luma_rows_of(usual(), tmp_path))


def test_colours_come_through_as_they_were_drawn(file: Path, tmp_path: Path) -> None:
    raw = tmp_path / "colors.raw"
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-i",
        str(file),
        "-frames:v",
        "1",
        "-vf",
        "crop=16:16:900:40",
    ]
    subprocess.run([*command, "-pix_fmt", "yuv420p", "-f", "rawvideo", str(raw)], check=True)
    primary = color_scheme(read(document()).theme).values[Role.PRIMARY]
    wanted = Planes.of(Image.new("RGB", (16, 16), f"#{primary}")).data()
    assert max(abs(one - other) for one, other in zip(raw.read_bytes(), wanted, strict=True)) <= 1
    picture = probed(file, "-show_streams")["streams"][0]
    for name in ("color_space", "color_transfer", "color_primaries"):
        assert picture[name] == "bt709"


ELSEWHERE = """
import hashlib, sys
sys.path[:0] = [sys.argv[1]]
import test_videos
print(hashlib.sha256(test_videos.made()).hexdigest())
"""


def test_the_same_document_gives_the_same_bytes_on_the_same_processor(tmp_path: Path) -> None:
    folder = REPOSITORY / "tests"
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(folder / "support"),
        "PYTHONHASHSEED": "7",
        "TZ": "Pacific/Kiritimati",
        "LC_ALL": "C",
        "SOURCE_DATE_EPOCH": "1",
        "FFREPORT": "file=/tmp/never",
        "AV_LOG_FORCE_COLOR": "1",
        "TMPDIR": str(tmp_path),
    }
    command = [sys.executable, "-c", ELSEWHERE, str(folder / "integration")]
    ran = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=tmp_path, env=environment
    )
    assert ran.stdout.strip() == hashlib.sha256(usual()).hexdigest()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("codec", "ending", "options"),
    [
        ("flac", "flac", ["-ar", "96000"]),
        ("libmp3lame", "mp3", ["-ar", "11025", "-write_id3v1", "1"]),
        ("libopus", "ogg", ["-ar", "24000"]),
        ("pcm_s24le", "wav", ["-ar", "8000", "-ac", "1"]),
        ("pcm_f32le", "wav", ["-ar", "192000"]),
    ],
)
def test_recordings_of_every_kind_and_rate_are_heard(
    codec: str, ending: str, options: list[str], tmp_path: Path
) -> None:
    path = tmp_path / f"voice.{ending}"
    source = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=440:duration=1.5"]
    subprocess.run([*source, "-c:a", codec, *options, str(path)], check=True)
    work = tmp_path / "work"
    work.mkdir()
    found = sounds.decode("voice", path.read_bytes(), work)
    assert found.seconds == pytest.approx(1.5, abs=0.06)
    assert -30 < found.loudness < -15


def broken(kind: str) -> tuple[bytes, str]:
    whole = tone(1)
    return {
        "half a head": (whole[:20], "the recording is broken"),
        "no samples": (whole[:44], "the recording holds no sound"),
        "noise after ID3": (b"ID3\x04\0\0\0\0\0\x0a" + b"\x5a" * 5000, "the recording is broken"),
        "noise after fLaC": (b"fLaC" + b"\x5a" * 5000, "the recording is broken"),
        "a codec that is not listed": (whole[:20] + b"\x11\0" + whole[22:], "is broken"),
    }[kind]


@pytest.mark.parametrize(
    "kind",
    [
        "half a head",
        "no samples",
        "noise after ID3",
        "noise after fLaC",
        "a codec that is not listed",
    ],
)
def test_what_cannot_be_decoded_is_refused_by_name(kind: str, tmp_path: Path) -> None:
    data, words = broken(kind)
    with pytest.raises(InvalidAssetError, match=f"asset voice: .*{words}"):
        sounds.decode("voice", data, tmp_path)


def test_more_than_ten_minutes_are_refused_before_they_fill_the_disk(tmp_path: Path) -> None:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(1)
        out.setframerate(2000)
        out.writeframes(b"\x80" * 2000 * 4000)
    with pytest.raises(InvalidAssetError, match="longer than 600 seconds"):
        sounds.decode("voice", file.getvalue(), tmp_path)
    assert (tmp_path / "voice.wav").stat().st_size <= sounds.LIMITS.file_bytes


def test_a_program_that_takes_too_long_or_writes_too_much_is_ended(tmp_path: Path) -> None:
    endless = ["-f", "lavfi", "-i", "sine=440", "-f", "wav"]
    with pytest.raises(LayoutError, match="longer than 1 seconds"):
        program.run_ffmpeg([*endless, "/dev/null"], tmp_path, program.Limits(1, 10**12))
    with pytest.raises((program.FfmpegError, LayoutError)):
        program.run_ffmpeg([*endless, "a.wav"], tmp_path, program.Limits(20, 100_000))
    assert (tmp_path / "a.wav").stat().st_size <= 100_000


def test_silence_is_found_before_anything_is_encoded() -> None:
    assets = recordings() | {"voice": tone(1.9, level=0)}
    with pytest.raises(GateFailedError, match=r"asset voice is hardly heard: -70\.0 LUFS"):
        compile_artifact(ir=read(document()), assets=assets, gates=GateSettings(), target="Video")


def test_a_video_without_sound_and_captions_is_a_picture_that_moves(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    path.write_bytes(draft(read(body()), {}).render())
    streams = probed(path, "-show_streams")["streams"]
    assert [each["codec_name"] for each in streams] == ["h264"]
