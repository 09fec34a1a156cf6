"""Cutting large fonts down to what a PDF uses, by the pinned HarfBuzz.

fontTools takes ten seconds for a font of Chinese letters; it still cuts all others.
"""

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

LARGE_GLYPHS: Final = 3900
"""Fonts of so many glyphs are cut here: East Asian ones, and emoji."""
_DROPPED: Final = (b"BASE", b"DSIG", b"GPOS", b"GSUB", b"JSTF", b"LTSH", b"PCLT")

type Font = Any
"""weasyprint's font, which is not typed."""


def cut_large_here(
    usual: Callable[[Font, Iterable[int], bool], None],
) -> Callable[[Font, Iterable[int], bool], None]:
    """Return a way of cutting weasyprint's fonts that takes the `usual` one for small ones."""

    def cut(font: Font, to_unicode: Iterable[int], hinting: bool) -> None:
        if font.glyph_count < LARGE_GLYPHS:
            usual(font, to_unicode, hinting)
        else:
            font.file_content = _cut(font.file_content, sorted(to_unicode))

    return cut


def _cut(data: bytes, glyphs: list[int]) -> bytes:
    """Keep the glyphs and their numbers."""
    import uharfbuzz

    flags = uharfbuzz.SubsetFlags
    wanted = uharfbuzz.SubsetInput()
    wanted.flags = (
        flags.RETAIN_GIDS
        | flags.DESUBROUTINIZE
        | flags.NO_HINTING
        | flags.NOTDEF_OUTLINE
        | flags.NO_LAYOUT_CLOSURE
    )
    wanted.glyph_set.update(glyphs)
    wanted.drop_table_tag_set.update(int.from_bytes(tag, "big") for tag in _DROPPED)
    face: Any = uharfbuzz.subset(uharfbuzz.Face(data), wanted)
    return bytes(face.blob.data)
