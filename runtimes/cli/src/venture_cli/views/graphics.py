"""Pictures on a terminal, by the protocol that the terminal says it speaks, and by none else."""

import os
import re
import select
import sys
import time
from base64 import b64encode
from typing import TYPE_CHECKING, Final, Literal

from venture_cli.views.terminal import is_plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from PIL.Image import Image

type Protocol = Literal["kitty", "iterm", "sixel"]

ANSWER_SECONDS: Final = 2.0
"""How long a terminal has to say what it can. Every terminal answers the last question."""
COLUMNS: Final = 100
"""A page is at most so wide."""
_QUESTIONS: Final = b"\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\x1b]1337;Capabilities\x07\x1b[c"
_LAST_ANSWER: Final = re.compile(rb"\x1b\[\?([0-9;]*)c")
_KITTY: Final = re.compile(rb"\x1b_Gi=31;OK\x1b\\")
_ITERM: Final = re.compile(rb"\x1b\]1337;Capabilities=[A-Za-z0-9]*F")
_SIXEL: Final = b"4"
_CHUNK: Final = 4096
_COLORS: Final = 255
_BAND: Final = 6
_FIRST: Final = 63
"""Sixel writes six pixels as a character, counted from `?`."""
_RUN: Final = re.compile(r"(.)\1{3,}", re.DOTALL)


def spoken() -> Protocol | None:
    """Return the protocol by which the terminal shows pictures, None where it says of none."""
    if is_plain() or not sys.stdin.isatty():
        return None
    try:
        return protocol(_ask())
    except OSError:
        return None


def protocol(answers: bytes) -> Protocol | None:
    """Return what a terminal's answers mean."""
    if _KITTY.search(answers):
        return "kitty"
    if _ITERM.search(answers):
        return "iterm"
    last = _LAST_ANSWER.search(answers)
    return "sixel" if last and _SIXEL in last[1].split(b";")[1:] else None


def _ask() -> bytes:
    """Ask the terminal what it can, and return all that it answers."""
    import termios
    import tty

    terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    before = termios.tcgetattr(terminal)
    answers = b""
    try:
        tty.setcbreak(terminal)
        os.write(terminal, _QUESTIONS)
        until = time.monotonic() + ANSWER_SECONDS
        while not _LAST_ANSWER.search(answers):
            ready, _, _ = select.select([terminal], [], [], max(0.0, until - time.monotonic()))
            if not ready:
                break
            answers += os.read(terminal, _CHUNK)
    except termios.error as error:
        raise OSError(str(error)) from error
    finally:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
        os.close(terminal)
    return answers


def sequence(how: Protocol, png: bytes, columns: int) -> str:
    """Return what makes a terminal show the picture, so many columns wide."""
    match how:
        case "kitty":
            return "".join(_kitty(b64encode(png).decode(), columns))
        case "iterm":
            data = b64encode(png).decode()
            return f"\x1b]1337;File=inline=1;size={len(png)};width={columns}:{data}\x07"
        case "sixel":
            return _sixel(_few_colors(png))


def _kitty(data: str, columns: int) -> Iterable[str]:
    first = f"a=T,f=100,q=2,c={columns},"
    for at in range(0, len(data), _CHUNK):
        more = int(at + _CHUNK < len(data))
        yield f"\x1b_G{first if at == 0 else ''}m={more};{data[at : at + _CHUNK]}\x1b\\"


def _few_colors(png: bytes) -> Image:
    """Decode a page, with as few colours as sixel has."""
    from PIL import Image

    from venture_cli.services.pagepixels import on_white

    return on_white(png).quantize(_COLORS, dither=Image.Dither.NONE)


def _sixel(image: Image) -> str:
    palette = image.getpalette() or []
    pixels, width = image.tobytes(), image.width
    colors = zip(*[iter(palette)] * 3, strict=False)
    parts = [f'\x1bPq"1;1;{width};{image.height}']
    for number, color in enumerate(colors):
        shares = ";".join(str(round(value * 100 / 255)) for value in color)
        parts.append(f"#{number};2;{shares}")
    rows = [pixels[at : at + width] for at in range(0, len(pixels), width)]
    for top in range(0, len(rows), _BAND):
        band = rows[top : top + _BAND]
        parts += [
            "$".join(f"#{color}{_line(band, color)}" for color in sorted(set(b"".join(band)))),
            "-",
        ]
    return "".join([*parts, "\x1b\\"])


def _line(band: list[bytes], color: int) -> str:
    """Return where a colour is in six rows of pixels."""
    bits = 0
    for row, pixels in enumerate(band):
        mask = bytearray(256)
        mask[color] = 1 << row
        bits |= int.from_bytes(pixels.translate(mask))
    shown = bytes(value + _FIRST for value in bits.to_bytes(len(band[0]))).decode()
    return _RUN.sub(lambda run: f"!{len(run[0])}{run[1]}", shown)
