"""What targets need of the machine besides Python, found as the renderer will find it."""

import ctypes
import shutil
import subprocess
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PANGO: Final = ("libpango-1.0.so.0", "libpangoft2-1.0.so.0")
_NEXT: Final = "install the Debian package libpangoft2-1.0-0, or what your system calls it"
ENCODERS: Final = ("libx264", "aac", "mov_text")
_FFMPEG_NEXT: Final = "install the Debian package ffmpeg, or what your system calls it"
_ASKED_SECONDS: Final = 20


class MissingLibraryError(RuntimeError):
    """A native library or program that a target needs is not on this machine."""


def require(native: str) -> None:
    """Raise `MissingLibraryError`, with what helps, unless what a toolchain names is here."""
    _NEEDED[native][0]()


def versions(native: str) -> str:
    """Say which native programs decide the bytes, such as `set by Pango 1.57.0, …`."""
    return _NEEDED[native][1]()


def require_pango() -> None:
    """Raise `MissingLibraryError`, with what helps, unless Pango can be loaded."""
    for name in PANGO:
        try:
            ctypes.CDLL(name)
        except OSError:
            message = f"this document is set by Pango, and {name} is not on this machine: {_NEXT}"
            raise MissingLibraryError(message) from None


def pango_versions() -> str:
    """Say which libraries decide what is drawn, such as `Pango 1.57.0, HarfBuzz 12.3.0`."""
    require_pango()
    pango, harfbuzz = ctypes.CDLL(PANGO[0]), ctypes.CDLL("libharfbuzz.so.0")
    told = []
    for name, ask in (
        ("Pango", pango.pango_version_string),
        ("HarfBuzz", harfbuzz.hb_version_string),
    ):
        ask.restype = ctypes.c_char_p
        told.append(f"{name} {ask().decode()}")
    return f"set by {', '.join(told)}"


def require_ffmpeg() -> None:
    """Raise `MissingLibraryError`, with what helps, unless ffmpeg is here and can encode."""
    program = shutil.which("ffmpeg")
    if program is None:
        message = "this document is encoded by ffmpeg, which is not on this machine"
        raise MissingLibraryError(f"{message}: {_FFMPEG_NEXT}")
    known = _asked(program, "-encoders").split()
    if lacking := [each for each in ENCODERS if each not in known]:
        message = f"the ffmpeg of this machine cannot write {', '.join(lacking)}"
        raise MissingLibraryError(f"{message}: {_FFMPEG_NEXT}, with libx264")


def ffmpeg_versions() -> str:
    """Say which ffmpeg encodes, such as `encoded by ffmpeg 9.0.2-4`."""
    require_ffmpeg()
    words = _asked(shutil.which("ffmpeg") or "", "-version").split()
    return f"encoded by ffmpeg {words[2]}"


@cache
def _asked(program: str, what: str) -> str:
    asked = subprocess.run(  # noqa: S603  no shell
        [program, "-hide_banner", what],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=_ASKED_SECONDS,
    )
    return asked.stdout


_NEEDED: Final[Mapping[str, tuple[Callable[[], None], Callable[[], str]]]] = {
    "pango": (require_pango, pango_versions),
    "ffmpeg": (require_ffmpeg, ffmpeg_versions),
}
"""For each thing that a toolchain can name: what looks for it, and what tells its version."""
