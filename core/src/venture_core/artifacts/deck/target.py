"""The target Pptx: slide decks for presentation programs."""

from typing import Final

from venture_core.artifacts.fonts.faces import SCRIPTS_DIGEST
from venture_core.artifacts.target import Format, Target
from venture_core.artifacts.toolchain import FONTS, SHAPING, Toolchain

PPTX: Final = Target(
    name="Pptx",
    formats=(
        Format("application/vnd.openxmlformats-officedocument.presentationml.presentation", "pptx"),
    ),
    toolchain=Toolchain(
        name="pptx",
        revision=6,
        libraries=(
            ("deflate", "0.9.0"),
            ("lxml", "6.1.3"),
            ("pillow", "13.0.0"),
            ("python-pptx", "1.0.2"),
            ("xlsxwriter", "3.3.1"),
            *SHAPING,
        ),
        fonts=f"{FONTS}-{SCRIPTS_DIGEST}",
    ),
    compilers={"SlideSpec": "venture_core.artifacts.deck.pptx"},
)
