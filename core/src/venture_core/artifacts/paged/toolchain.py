"""The toolchain of pages that weasyprint lays out: its libraries, our fonts, and what is native."""

from typing import Final

from venture_core.artifacts.fonts.faces import FILES_DIGEST, PAGED_DIGEST, SCRIPTS_DIGEST
from venture_core.artifacts.toolchain import FONTS, SHAPING, Toolchain

PAGED: Final = Toolchain(
    name="pages",
    revision=5,
    libraries=(
        ("cssselect2", "0.10.1"),
        ("deflate", "0.9.0"),
        ("fonttools", "4.68.0"),
        ("pillow", "13.0.0"),
        ("pydyf", "0.13.0"),
        ("pyphen", "0.18.1"),
        ("tinycss2", "1.5.1"),
        ("tinyhtml5", "2.1.0"),
        ("weasyprint", "70.0"),
        *SHAPING,
    ),
    fonts=f"{FONTS}-{FILES_DIGEST}-{PAGED_DIGEST}-{SCRIPTS_DIGEST}",
    native="pango",
)
