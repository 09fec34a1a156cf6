"""The fonts for letters that the eight families lack: Noto, for scripts and signs and emoji.

They stand in a chain; a letter is drawn by the first font that has it with all its marks. Files are
read when a letter asks for them.
"""

import unicodedata
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

type Native = Any
"""An object of uharfbuzz, which is not typed."""

EMOJI: Final = "emoji"
_CHAIN: Final = (
    "latin",
    "arabic",
    "hebrew",
    "devanagari",
    "thai",
    "cjk",
    "armenian",
    "bengali",
    "ethiopic",
    "georgian",
    "gujarati",
    "gurmukhi",
    "kannada",
    "khmer",
    "lao",
    "malayalam",
    "myanmar",
    "oriya",
    "sinhala",
    "tamil",
    "telugu",
    "symbols",
    "symbols2",
    EMOJI,
)
_ONE_WEIGHT: Final = frozenset({"symbols2", EMOJI})
_PICTURES: Final = 0x1F000
"""From here on most signs are emoji."""
_AS_PICTURE: Final = "\ufe0f"
_KEYCAP: Final = "\u20e3"
_IGNORED: Final = frozenset("\ufe0e\ufe0f\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A font of the chain. There is one object for each name and weight."""

    name: str
    family: str
    """What the font calls itself."""
    postscript: str
    """The same as PDFs name it, with its weight."""
    font: Native = field(repr=False)
    """uharfbuzz's font, whose scale is its units per em."""
    codes: Native = field(repr=False)
    """The characters that it has."""
    units: int

    @property
    def pictures(self) -> bool:
        """Whether its letters are coloured pictures."""
        return self.name == EMOJI

    @property
    def cubic(self) -> bool:
        """Whether its outlines are cubic curves, which turn the other way round."""
        return self.name == "cjk"

    def has(self, letter: str) -> bool:
        """Say whether it has all that is seen of a letter with its marks."""
        return all(ord(character) in self.codes for character in letter if seen(character))


def seen(character: str) -> bool:
    """Say whether a character is drawn at all."""
    return character not in _IGNORED and unicodedata.category(character) not in ("Cf", "Cc")


def file_name(name: str, *, bold: bool) -> str:
    """Return the name of a font's file in the folder `scripts`."""
    style = "bold" if bold and name not in _ONE_WEIGHT else "regular"
    if name == EMOJI:
        return "emoji.ttf"
    return f"{name}-{style}.{'otf' if name == 'cjk' else 'ttf'}"


def chain(*, bold: bool) -> Iterator[Face]:
    """Yield all fonts in the order in which they are asked."""
    return (_face(name, bold=bold) for name in _CHAIN)


@lru_cache(maxsize=8192)
def face_for(letter: str, *, bold: bool) -> Face | None:
    """Return the first font that has a letter with its marks; None where none has."""
    if _is_picture(letter):
        emoji = _face(EMOJI, bold=False)
        if emoji.has(letter):
            return emoji
    return next((face for face in chain(bold=bold) if face.has(letter)), None)


def _is_picture(letter: str) -> bool:
    return _AS_PICTURE in letter or _KEYCAP in letter or ord(letter[0]) >= _PICTURES


def _face(name: str, *, bold: bool) -> Face:
    return _read(name, file_name(name, bold=bold))


@cache
def _read(name: str, file: str) -> Face:
    import uharfbuzz

    path = files("venture_core.artifacts.fonts") / "scripts" / file
    native = uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(path)))
    font = uharfbuzz.Font(native)
    font.scale = (native.upem, native.upem)
    names = uharfbuzz.OTNameIdPredefined
    family = native.get_name(names.FONT_FAMILY) or name
    postscript = native.get_name(names.POSTSCRIPT_NAME) or name
    return Face(name, family, postscript, font, native.unicodes, native.upem)
