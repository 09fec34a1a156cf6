"""The native libraries that set the text of pages of HTML, found as the renderer will find them."""

import ctypes
from typing import Final

PANGO: Final = ("libpango-1.0.so.0", "libpangoft2-1.0.so.0")
_NEXT: Final = "install the Debian package libpangoft2-1.0-0, or what your system calls it"


class MissingLibraryError(RuntimeError):
    """A native library that a target needs is not on this machine."""


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
    return ", ".join(told)
