"""The fonts that pages of HTML are set in: those of this package, and none of the machine."""

import atexit
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from venture_core.artifacts.fonts import faces
from venture_core.artifacts.fonts.fallbacks import chain
from venture_core.artifacts.ir.theme import FontFamily

if TYPE_CHECKING:
    from collections.abc import Mapping

MONOSPACE: Final = "Cousine"
"""For lines of programs: it has the widths of Courier New."""
_OWN_NAMES: Final[Mapping[FontFamily, str]] = {
    FontFamily.ARIAL: "Arimo",
    FontFamily.CALIBRI: "Carlito",
    FontFamily.CAMBRIA: "Caladea",
    FontFamily.TIMES_NEW_ROMAN: "Tinos",
}
"""What the free fonts call themselves that stand for others."""


_SCALED: Final = (
    '<match target="font"><test name="outline"><bool>false</bool></test>'
    '<edit name="pixelsizefixupfactor" mode="assign"><divide>'
    '<name target="pattern">pixelsize</name><name target="font">pixelsize</name>'
    "</divide></edit>"
    '<edit name="matrix" mode="assign"><times><name>matrix</name><matrix>'
    "<name>pixelsizefixupfactor</name><double>0</double>"
    "<double>0</double><name>pixelsizefixupfactor</name>"
    "</matrix></times></edit>"
    '<edit name="size" mode="assign"><divide>'
    "<name>size</name><name>pixelsizefixupfactor</name></divide></edit></match>"
)
"""Pictures of letters, which come in one size, are as large as the letters around them."""


def _emoji() -> str:
    """Have emoji drawn by the font of emoji, though another font has plain ones."""
    emoji = next(face.family for face in chain(bold=False) if face.pictures)
    return (
        '<match target="pattern"><test name="family"><string>emoji</string></test>'
        '<edit name="family" mode="prepend" binding="strong">'
        f"<string>{escape(emoji)}</string></edit></match>"
    )


def _chain() -> str:
    """Have the fonts of the chain asked in its order for letters that a family lacks."""
    families = "".join(f"<string>{escape(face.family)}</string>" for face in chain(bold=False))
    return (
        '<match target="pattern"><edit name="family" mode="append" binding="strong">'
        f"{families}</edit></match>"
    )


def own_name(family: FontFamily) -> str:
    """Return the name by which a stylesheet finds the files of a family."""
    return _OWN_NAMES.get(family, family.value)


@cache
def show_only_ours() -> Path:
    """Have fontconfig read our folders and nothing else, in this process, for as long as it lives.

    Outlines are not fitted to pixels: widths are those of the files.
    """
    folder = Path(tempfile.mkdtemp(prefix="venture-fonts-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    folders = "".join(f"<dir>{escape(str(each))}</dir>" for each in faces.folders())
    settings = "".join(
        f'<edit name="{name}" mode="assign"><bool>false</bool></edit>'
        for name in ("hinting", "autohint", "embeddedbitmap")
    )
    configuration = folder / "fonts.conf"
    configuration.write_text(
        f'<?xml version="1.0"?><fontconfig>{folders}'
        f"<cachedir>{escape(str(folder))}/cache</cachedir>"
        f'<match target="pattern">{settings}</match>'
        f"{_emoji()}{_chain()}{_SCALED}</fontconfig>",
        encoding="utf-8",
    )
    os.environ["FONTCONFIG_FILE"] = str(configuration)
    return configuration
