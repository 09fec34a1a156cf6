"""The font files that PDFs and pictures are drawn with: those whose widths the tables hold.

All are free (SIL Open Font License 1.1 or Apache 2.0), under the metrics of the family they stand
for: Arimo for Arial, Carlito for Calibri, Caladea for Cambria, Tinos for Times New Roman.
"""

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from venture_core.artifacts.ir.theme import FontFamily

FILES_DIGEST: Final = "1f74cf02e7897276"
"""First 16 hexadecimal digits of the SHA-256 over all files in the order of their names."""
PAGED_DIGEST: Final = "c8ba7c0a0c31f212"
"""The same over the files in `paged`: italics and type of one width, for pages of HTML."""

SCRIPTS_DIGEST: Final = "81893f3f87c6cd80"
"""The same over the files in `scripts`: Noto, for letters that the families lack, and emoji."""


def face_bytes(family: FontFamily, *, bold: bool) -> bytes:
    """Read the TrueType file of a family in regular or bold."""
    style = "bold" if bold else "regular"
    name = f"{family.value.lower().replace(' ', '-')}-{style}.ttf"
    return (files("venture_core.artifacts.fonts") / "files" / name).read_bytes()


def folders() -> tuple[Path, ...]:
    """Return the folders with all font files, for programs that find fonts by themselves."""
    root = files("venture_core.artifacts.fonts")
    return tuple(Path(str(root / name)) for name in ("files", "paged", "scripts"))
