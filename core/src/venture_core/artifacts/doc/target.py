"""The target Docx: texts for word processors."""

from typing import Final

from venture_core.artifacts.fonts.faces import SCRIPTS_DIGEST
from venture_core.artifacts.target import Format, Target
from venture_core.artifacts.toolchain import FONTS, SHAPING, Toolchain

DOCX: Final = Target(
    name="Docx",
    formats=(
        Format("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
    ),
    toolchain=Toolchain(
        name="docx",
        revision=4,
        libraries=(
            ("deflate", "0.9.0"),
            ("lxml", "6.1.3"),
            ("pillow", "13.0.0"),
            ("python-docx", "1.2.0"),
            ("python-pptx", "1.0.2"),
            ("xlsxwriter", "3.3.1"),
            *SHAPING,
        ),
        fonts=f"{FONTS}-{SCRIPTS_DIGEST}",
    ),
    compilers={"DocSpec": "venture_core.artifacts.doc.docx"},
)
