"""Running ffmpeg: arguments as a list, nothing of the surroundings, and an end to everything."""

import os
import shutil
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from venture_core.artifacts.layouts import LayoutError
from venture_core.artifacts.native import require_ffmpeg

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MEMORY_BYTES: Final = 2 * 1024**3
"""Address space of ffmpeg, of which its libraries take a third."""
_CONFINED: Final = Path(__file__).with_name("confined.py")
_LOG_BYTES: Final = 64 * 1024
_SAID_CHARACTERS: Final = 160
_COMMON: Final = ("-hide_banner", "-nostats", "-nostdin", "-y")


class FfmpegError(Exception):
    """ffmpeg ended without success; the message is the last that it said."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may take."""

    seconds: float
    """By the clock, and of the processor."""
    file_bytes: int
    """Of a file that it writes."""


def run_ffmpeg(
    arguments: Sequence[str], folder: Path, limits: Limits, feed: Iterable[bytes] = ()
) -> str:
    """Run ffmpeg with `feed` on its standard input, and return what it logged.

    It starts no processes and opens no connections: `arguments` allow `pipe` and, for files that
    we wrote ourselves into `folder`, `file`. Raises `FfmpegError`, `LayoutError` where it takes
    too long, `MissingLibraryError` where there is none.
    """
    require_ffmpeg()
    program = shutil.which("ffmpeg") or ""
    caps = (MEMORY_BYTES, max(1, round(limits.seconds)), limits.file_bytes)
    command = [sys.executable, "-I", "-S", str(_CONFINED), *map(str, caps)]
    with (folder / "log").open("w+b") as log:
        process = subprocess.Popen(  # noqa: S603  no shell
            [*command, program, *_COMMON, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=log,
            cwd=folder,
            env={"LC_ALL": "C", "TZ": "UTC"},
            start_new_session=True,
        )
        late = threading.Event()
        clock = threading.Timer(limits.seconds, _end, (process, late))
        clock.start()
        try:
            _feed(process, feed)
            code = process.wait()
        finally:
            clock.cancel()
            process.kill()
            process.wait()
        log.seek(max(0, log.seek(0, os.SEEK_END) - _LOG_BYTES))
        said = log.read().decode("utf-8", "replace")
    if late.is_set():
        raise LayoutError(f"the sound or the video takes longer than {limits.seconds:g} seconds")
    if code != 0:
        raise FfmpegError(_last_line(said))
    return said


def _end(process: subprocess.Popen[bytes], late: threading.Event) -> None:
    late.set()
    process.kill()


def _feed(process: subprocess.Popen[bytes], feed: Iterable[bytes]) -> None:
    """Write everything; a program that ended has said why in its log."""
    if process.stdin is None:
        raise AssertionError("the standard input is a pipe")
    with suppress(BrokenPipeError), process.stdin:
        for piece in feed:
            process.stdin.write(piece)


def _last_line(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return (lines[-1] if lines else "it ended without a word")[:_SAID_CHARACTERS]
