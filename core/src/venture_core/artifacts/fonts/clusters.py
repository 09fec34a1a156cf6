"""What readers see as one letter, and where words end in scripts that put no space between them."""

import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_JOINER: Final = "\u200d"
_KEYCAP: Final = "\u20e3"
_EXTENDING: Final = ("Mn", "Me", "Mc")
_STACKERS: Final = frozenset("\u1039\u17d2")
"""Signs after which Burmese and Khmer put the next consonant below the last."""
_KILLERS: Final = frozenset("\u103a\u17cd")
"""Signs by which a consonant ends its syllable; it stands with what is before it."""
_NO_START: Final = frozenset(
    "\u3001\u3002\uff0c\uff0e\uff1a\uff1b\uff1f\uff01\uff09\uff3d\uff5d\u3009\u300b\u300d\u300f"
    "\u3011\u3015\u3017\u3019\u301f\u2019\u201d\u2026\u30fc\u3005\u303b\u30fb\u3063\u30c3"
    "\u3083\u3085\u3087\u30e3\u30e5\u30e7\uff05%)]},.!?:;"
)
"""What begins no line of East Asian text: closing signs, small kana, marks of length."""
_NO_END: Final = frozenset(
    "\uff08\uff3b\uff5b\u3008\u300a\u300c\u300e\u3010\u3014\u3016\u3018\u301d\u2018\u201c"
    "\uffe5\uff04([{"
)
"""What ends no line of East Asian text: opening signs."""
_THAI: Final = ("\u0e00", "\u0e7f")
_SYLLABLES: Final = (("\u0e80", "\u0eff"), ("\u1000", "\u109f"), ("\u1780", "\u17ff"))
"""Lao, Burmese and Khmer."""
_LEADING: Final = frozenset("\u0ec0\u0ec1\u0ec2\u0ec3\u0ec4")
"""Vowels of Lao that are written before their consonant."""


def clusters(text: str) -> Iterator[str]:
    """Cut `text` into what readers take for one letter: a base with its marks, or one emoji."""
    current = ""
    for character in text:
        if current and not _joins(current, character):
            yield current
            current = ""
        current += character
    if current:
        yield current


def _joins(before: str, character: str) -> bool:
    """Say whether `character` belongs to the letter that `before` begins."""
    if before[-1] == _JOINER or character in (_JOINER, "\u200c", _KEYCAP):
        return True
    if unicodedata.category(character) in _EXTENDING:
        return True
    if "\U0001f3fb" <= character <= "\U0001f3ff" or "\U000e0020" <= character <= "\U000e007f":
        return True
    # Two letters of a country are one flag.
    return _regional(character) and len(before) == 1 and _regional(before)


def _regional(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def unbroken(word: str) -> list[str]:
    """Cut a word, which has no white space, where a line may end within it."""
    if word.isascii():
        return [word]
    parts: list[str] = []
    for piece, script in _by_script(word):
        if script == "thai":
            cut = _thai_words(piece)
        elif script == "syllables":
            cut = _syllables(piece)
        else:
            cut = _wide(piece)
        if parts and cut and not _may_end(parts[-1], cut[0]):
            parts[-1] += cut.pop(0)
        parts += cut
    return parts or [""]


def _by_script(word: str) -> Iterator[tuple[str, str]]:
    current, script = "", ""
    for cluster in clusters(word):
        own = "other"
        if _THAI[0] <= cluster[0] <= _THAI[1]:
            own = "thai"
        elif any(low <= cluster[0] <= high for low, high in _SYLLABLES):
            own = "syllables"
        if current and own != script:
            yield current, script
            current = ""
        current, script = current + cluster, own
    if current:
        yield current, script


def _may_end(before: str, after: str) -> bool:
    """Say whether a line may end between two letters, of which one may be East Asian."""
    if before[-1] in _NO_END or after[0] in _NO_START:
        return False
    return _is_wide(before) or _is_wide(after)


def _is_wide(cluster: str) -> bool:
    return any(unicodedata.east_asian_width(character) in "WF" for character in cluster)


def _wide(text: str) -> list[str]:
    """Cut between wide letters, where East Asian text may break, and between emoji."""
    parts: list[str] = []
    before = ""
    for cluster in clusters(text):
        if parts and not _may_end(before, cluster):
            parts[-1] += cluster
        else:
            parts.append(cluster)
        before = cluster
    return parts


def _thai_words(text: str) -> list[str]:
    return [word for word in _thai_parser().parse(text) if word]


@cache
def _thai_parser() -> _Parser:
    import budoux

    parser: _Parser = budoux.load_default_thai_parser()
    return parser


def _syllables(text: str) -> list[str]:
    """Cut before each consonant that begins a syllable. Not every such place is a word's end."""
    parts: list[str] = []
    for cluster in clusters(text):
        stays = parts and (
            parts[-1][-1] in _STACKERS
            or parts[-1][-1] in _LEADING
            or any(sign in _KILLERS for sign in cluster)
            or not unicodedata.category(cluster[0]).startswith("L")
        )
        if stays:
            parts[-1] += cluster
        else:
            parts.append(cluster)
    return parts


if TYPE_CHECKING:
    from typing import Protocol

    class _Parser(Protocol):
        def parse(self, sentence: str) -> list[str]: ...
