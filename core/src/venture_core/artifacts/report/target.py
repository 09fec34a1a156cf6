"""The target Pdf: drawn by reportlab from our own plans, or laid out by weasyprint from HTML."""

from typing import Final

from venture_core.artifacts.fonts.faces import FILES_DIGEST, SCRIPTS_DIGEST
from venture_core.artifacts.paged.toolchain import PAGED
from venture_core.artifacts.target import Format, Target
from venture_core.artifacts.toolchain import FONTS, SHAPING, Toolchain

PDF: Final = Target(
    name="Pdf",
    formats=(Format("application/pdf", "pdf"),),
    toolchain=Toolchain(
        name="pdf",
        revision=5,
        libraries=(
            ("deflate", "0.9.0"),
            ("pillow", "13.0.0"),
            ("fonttools", "4.68.0"),
            ("reportlab", "5.1.0"),
            *SHAPING,
        ),
        fonts=f"{FONTS}-{FILES_DIGEST}-{SCRIPTS_DIGEST}",
    ),
    others={"DocSpec": PAGED, "HtmlSpec": PAGED},
    compilers={
        "DocSpec": "venture_core.artifacts.doc.pdf",
        "HtmlSpec": "venture_core.artifacts.html.pdf",
        "ReportSpec": "venture_core.artifacts.report.pdf",
        "SlideSpec": "venture_core.artifacts.deck.pdf",
    },
)
