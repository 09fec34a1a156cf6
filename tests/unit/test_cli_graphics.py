"""Pictures on terminals: what a terminal says it can, and what it is then sent."""

import base64
import io
import os
import pty
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from venture_cli.views.graphics import protocol, sequence

if TYPE_CHECKING:
    from pathlib import Path

ATTRIBUTES = b"\x1b[?62;22c"


@pytest.mark.parametrize(
    ("answers", "spoken"),
    [
        (b"\x1b_Gi=31;OK\x1b\\" + ATTRIBUTES, "kitty"),
        (b"\x1b_Gi=31;ENOTSUP\x1b\\" + ATTRIBUTES, None),
        (b"\x1b]1337;Capabilities=T3CwLrMSc7UUw9Ts3BFGsSyHNoSxF\x1b\\" + ATTRIBUTES, "iterm"),
        (b"\x1b]1337;Capabilities=T3Cw\x1b\\" + ATTRIBUTES, None),
        (b"\x1b[?62;4;22c", "sixel"),
        (b"\x1b[?4;6c", None),
        (b"\x1b[?64;14;24c", None),
        (ATTRIBUTES, None),
        (b"", None),
        (b"\x1b[?62;4", None),
    ],
)
def test_only_what_a_terminal_says_counts(answers: bytes, spoken: str | None) -> None:
    assert protocol(answers) == spoken


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def picture(width: int = 70, height: int = 45) -> Image.Image:
    """Return one with few colours, none of which sixel has to make another of."""
    image = Image.new("RGB", (width, height), "white")
    image.paste((255, 0, 0), (3, 4, 40, 20))
    image.paste((0, 0, 0), (30, 17, width, height - 1))
    return image


def test_kitty_gets_the_file_in_pieces() -> None:
    data = png(Image.effect_noise((120, 120), 90))
    pieces = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", sequence("kitty", data, 80))
    assert base64.b64decode("".join(text for _, text in pieces)) == data
    assert pieces[0][0] == "a=T,f=100,q=2,c=80,m=1"
    assert [keys for keys, _ in pieces[1:]] == ["m=1"] * (len(pieces) - 2) + ["m=0"]
    assert max(len(text) for _, text in pieces) <= 4096


def test_iterm_gets_the_file_whole() -> None:
    data = png(picture())
    found = re.fullmatch(
        r"\x1b\]1337;File=inline=1;size=(\d+);width=80:(.*)\x07", sequence("iterm", data, 80)
    )
    assert found is not None
    assert (int(found[1]), base64.b64decode(found[2])) == (len(data), data)


def unsixeled(text: str) -> Image.Image:
    """Read a sixel picture as a terminal does."""
    head = re.match(r'\x1bPq"1;1;(\d+);(\d+)', text)
    assert head is not None
    image = Image.new("RGB", (int(head[1]), int(head[2])))
    colors: dict[int, tuple[int, ...]] = {}
    x = top = color = 0
    words = r"#(\d+)(?:;2;(\d+);(\d+);(\d+))?|!(\d+)([?-~])|([?-~])|([$-])"
    for each in re.finditer(words, text[head.end() : -2]):
        if each[2]:
            colors[int(each[1])] = tuple(
                round(int(part) * 255 / 100) for part in each.group(2, 3, 4)
            )
        elif each[1]:
            color = int(each[1])
        elif each[8]:
            x, top = 0, top + (6 if each[8] == "-" else 0)
        else:
            times, bits = int(each[5] or 1), ord(each[6] or each[7]) - 63
            for at in range(x, x + times):
                for row in range(6):
                    if bits >> row & 1:
                        image.putpixel((at, top + row), colors[color])
            x += times
    return image


@pytest.mark.parametrize("size", [(70, 45), (70, 48), (1, 1)])
def test_sixel_gets_every_pixel(size: tuple[int, int]) -> None:
    image = picture(*size)
    shown = unsixeled(sequence("sixel", png(image), 80))
    assert shown.size == image.size
    assert shown.tobytes() == image.tobytes()


def test_what_is_transparent_is_white_in_sixel() -> None:
    shown = unsixeled(sequence("sixel", png(Image.new("RGBA", (4, 4), (255, 0, 0, 0))), 80))
    assert shown.getpixel((2, 2)) == (255, 255, 255)


PROGRAM = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from venture_cli.app import main
sys.argv = ["venture", "artifact", "preview", "picture.png"]
main()
"""


@pytest.mark.parametrize(
    ("answers", "sent"),
    [
        (b"\x1b_Gi=31;OK\x1b\\" + ATTRIBUTES, rb"\x1b_Ga=T,f=100,q=2,c=\d+,m=0;"),
        (b"\x1b[?62;4c", rb'\x1bPq"1;1;70;45'),
        (ATTRIBUTES, rb"saved 1 page in picture-pages"),
    ],
)
def test_a_terminal_is_asked_and_gets_what_it_can_show(
    answers: bytes, sent: bytes, tmp_path: Path
) -> None:
    (tmp_path / "picture.png").write_bytes(png(picture()))
    ours, theirs = pty.openpty()
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TERM": "xterm"}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=tmp_path,
        env=environment,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        shown = b""
        try:
            # Linux says so when nobody has the other end any more.
            while data := os.read(ours, 1 << 16):
                shown += data
                if b"\x1b[c" in data:
                    os.write(ours, answers)
        except OSError:
            pass
        os.close(ours)
        assert process.wait() == 0, shown
    assert re.search(sent, shown), shown
    assert (tmp_path / "picture-pages").exists() == (answers == ATTRIBUTES)
