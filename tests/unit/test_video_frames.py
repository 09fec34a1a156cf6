"""What frames show, how recordings are told apart, and what stands before ffmpeg."""

import json
import resource
import subprocess
import sys
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from timelines import body, planned, slide
from tones import tone
from venture_core.artifacts.images import InvalidAssetError
from venture_core.artifacts.media import confined
from venture_core.artifacts.media.sounds import demuxer_of
from venture_core.artifacts.native import MissingLibraryError, require
from venture_core.artifacts.video.plan.model import Heard
from venture_core.artifacts.video.render.file import _arguments, _web_captions
from venture_core.artifacts.video.render.frames import Planes, frames

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("color", "planes"),
    [
        ("#000000", (16, 128, 128)),
        ("#FFFFFF", (235, 128, 128)),
        ("#FF0000", (63, 102, 240)),
        ("#00FF00", (173, 42, 26)),
        ("#0000FF", (32, 240, 118)),
    ],
)
def test_colours_are_those_of_bt709(color: str, planes: tuple[int, int, int]) -> None:
    made = Planes.of(Image.new("RGB", (4, 4), color))
    assert (made.luma.getpixel((0, 0)), made.blue.getpixel((0, 0)), made.red.getpixel((0, 0))) == (
        planes
    )
    assert len(made.data()) == 4 * 4 * 3 // 2


def shades(transition: str) -> list[Any]:
    """Return what stands left, in the middle and right in every frame of black, then white."""
    back = [
        {"type": "shape", "color": color, "at": {"width": 1080, "height": 1080}}
        for color in ("#000000", "#FFFFFF")
    ]
    scenes = [{"type": "layers", "seconds": 1, "layers": [each]} for each in back]
    document = body(scenes=scenes, transition={"type": transition, "seconds": 0.2})
    seen = []
    for data in frames(planned(document)):
        luma = Image.frombytes("L", (1080, 1080), data[: 1080 * 1080])
        seen.append(tuple(luma.getpixel((x, 500)) for x in (2, 540, 1077)))
    return seen


def test_transitions_take_the_frames_they_ask_for_and_no_others() -> None:
    for transition, moving in (("cut", 0), ("fade", 6), ("wipe", 6), ("slide", 6)):
        seen = shades(transition)
        assert len(seen) == 60
        assert seen[:30] == [(16, 16, 16)] * 30
        assert seen[30 + moving :] == [(235, 235, 235)] * (30 - moving)
    faded = shades("fade")[29:37]
    assert all(one[0] < other[0] for one, other in pairwise(faded))
    assert shades("wipe")[32] == (235, 16, 16)
    assert shades("slide")[32] == (16, 16, 235)


def test_a_caption_changes_the_strip_alone_and_only_while_it_is_shown() -> None:
    document = body(scenes=[slide(1)], captions=[{"start": 0.3, "end": 0.7, "text": "Done: %{n}"}])
    plan = planned(document)
    made = list(frames(plan))
    above = plan.width * (plan.height - plan.strip)
    assert len({each[:above] for each in made}) == 1
    drawn = [each[above : plan.width * plan.height] for each in made]
    changes = [at for at, (one, other) in enumerate(pairwise(drawn), start=1) if one != other]
    assert changes == [9, 21]
    assert drawn[0] == drawn[-1]


HOSTILE = {
    "an HLS playlist": (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "a playlist"),
    "with a mark": (b"\xef\xbb\xbf#EXTM3U\nhttp://10.0.0.1/\n", "a playlist"),
    "a concat script": (b"ffconcat version 1.0\nfile /etc/passwd\n", "a playlist"),
    "an older one": (b"file '/etc/passwd'\n", "a playlist"),
    "a PLS": (b"[playlist]\nFile1=/etc/passwd\n", "a playlist"),
    "a DASH manifest": (b"<?xml version='1.0'?><MPD/>", "a playlist"),
    "an MP4": (b"\0\0\0\x20ftypisom", "an MP4 file"),
    "Vorbis": (b"OggS\0\x02" + bytes(22) + b"\x01vorbis", "Ogg without Opus"),
    "an AVI": (b"RIFF\0\0\0\0AVI LIST", "something else"),
    "a script": (b"#!/bin/sh\n", "something else"),
    "nothing": (b"", "something else"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_calls_itself_a_recording_is_refused_by_what_it_is(name: str) -> None:
    data, words = HOSTILE[name]
    with pytest.raises(InvalidAssetError, match=f"asset voice: not a WAV.*{words}"):
        demuxer_of("voice", data)


@pytest.mark.parametrize(
    ("data", "demuxer"),
    [
        (tone(0.1), "wav"),
        (b"fLaC\0", "flac"),
        (b"ID3\x04", "mp3"),
        (b"\xff\xfb\x90", "mp3"),
        (b"OggS\0\x02" + bytes(22) + b"OpusHead", "ogg"),
    ],
)
def test_recordings_are_known_by_their_first_bytes(data: bytes, demuxer: str) -> None:
    assert demuxer_of("voice", data) == demuxer


def test_limits_hold_before_the_program_starts() -> None:
    told = "import resource as r; print([r.getrlimit(each)[0] for each in (r.RLIMIT_AS, "
    told += "r.RLIMIT_CPU, r.RLIMIT_FSIZE, r.RLIMIT_CORE, r.RLIMIT_NOFILE)])"
    command = [sys.executable, "-I", "-S", confined.__file__, str(2**30), "7", "4096"]
    ran = subprocess.run(
        [*command, sys.executable, "-I", "-S", "-c", told], capture_output=True, check=True
    )
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert json.loads(ran.stdout) == [2**30, 7, 4096, 0, min(64, most)]


def test_ffmpeg_is_given_names_of_our_own_and_forced_formats() -> None:
    evil = "a':;[]{}%\\,=$(id) <b>"
    document = body(
        title=evil,
        altText=f"{evil} -i /etc/passwd",
        captions=[{"start": 0, "end": 1, "text": evil}],
        narration=[{"audio": "voice"}],
    )
    arguments = _arguments(planned(document, {"voice": Heard(1.0, -20.0)}), "video.mp4")
    inputs = [arguments[at + 1] for at, each in enumerate(arguments) if each == "-i"]
    assert inputs == ["pipe:0", "sound.m4a", "captions.vtt"]
    allowed = [
        arguments[at + 1] for at, each in enumerate(arguments) if each == "-protocol_whitelist"
    ]
    assert allowed == ["pipe", "file", "file"]
    assert arguments.count("-f") == 4
    assert [each for each in arguments if evil in each] == [
        f"title={evil}",
        f"description={evil} -i /etc/passwd",
    ]
    assert not [each for each in arguments if "filter" in each and each[0] == "-"][1:]


def test_captions_of_the_track_are_text_and_never_markup() -> None:
    document = body(captions=[{"start": 0, "end": 1, "text": "<i>x</i> {\\an8} & --> y"}])
    assert _web_captions(planned(document)) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n"
        "&lt;i&gt;x&lt;/i&gt; \u2774\u29f5an8\u2775 &amp; --&gt; y\n"
    )


def test_without_ffmpeg_a_sentence_says_what_helps(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingLibraryError, match="not on this machine: install the Debian"):
        require("ffmpeg")
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\necho ' A..... aac  AAC'\n")
    program.chmod(0o755)
    with pytest.raises(MissingLibraryError, match="cannot write libx264, mov_text"):
        require("ffmpeg")
