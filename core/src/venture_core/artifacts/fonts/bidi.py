"""The order in which text of both directions is drawn (Unicode Standard Annex 9)."""

import unicodedata
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

type Direction = Literal["ltr", "rtl"]

_RIGHT: Final = frozenset({"R", "AL", "AN", "RLE", "RLO", "RLI", "FSI"})
_STRONG: Final[Mapping[str, Direction]] = {"L": "ltr", "R": "rtl", "AL": "rtl"}
_ISOLATES: Final = str.maketrans({"\u2066": "\u202a", "\u2067": "\u202b", "\u2069": "\u202c"})
"""Isolates become embeddings, which the library knows."""
_FIRST_STRONG: Final = "\u2068"


def runs_right(text: str) -> bool:
    """Say whether some of `text` runs from the right, or asks for it."""
    return not text.isascii() and any(
        unicodedata.bidirectional(character) in _RIGHT for character in text
    )


def direction_of(text: str, otherwise: Direction = "ltr") -> Direction:
    """Return the direction of the first letter that has one; `otherwise` where none has."""
    for character in text:
        if direction := _STRONG.get(unicodedata.bidirectional(character)):
            return direction
    return otherwise


def levels(text: str, direction: Direction) -> list[int]:
    """Return for each character of a line how deep it is embedded: odd levels run from the right.

    What has no level of its own, such as a joiner, has that of the character before it.
    """
    base = int(direction == "rtl")
    if not base and not runs_right(text):
        return [0] * len(text)
    from bidi import algorithm

    storage: Any = algorithm.get_empty_storage()
    storage["base_level"], storage["base_dir"] = base, "LR"[base]
    algorithm.get_embedding_levels(_embedded(text), storage)
    for place, character in enumerate(storage["chars"]):
        character["place"] = place
    algorithm.explicit_embed_and_overrides(storage)
    algorithm.resolve_weak_types(storage)
    algorithm.resolve_neutral_types(storage, None)
    algorithm.resolve_implicit_levels(storage, None)
    known = {character["place"]: character["level"] for character in storage["chars"]}
    result: list[int] = []
    for place in range(len(text)):
        result.append(known.get(place, result[-1] if result else base))
    _trailing(text, result, base)
    return result


def _embedded(text: str) -> str:
    parts = []
    direction: Direction = "ltr"
    # From the end, so that the first letter after each place is known.
    for character in reversed(text):
        direction = direction_of(character, direction)
        if character == _FIRST_STRONG:
            parts.append("\u202b" if direction == "rtl" else "\u202a")
        elif not unicodedata.bidirectional(character):
            parts.append("a")  # No letter of this version of Unicode: from the left, like most.
        else:
            parts.append(character)
    return "".join(reversed(parts)).translate(_ISOLATES)


def _trailing(text: str, result: list[int], base: int) -> None:
    """White space at the end of a line has the level of the line (rule L1)."""
    for place in range(len(text) - 1, -1, -1):
        if unicodedata.bidirectional(text[place]) not in ("WS", "BN", "S"):
            return
        result[place] = base


def in_visual_order[T](items: Sequence[tuple[int, T]]) -> list[T]:
    """Put what has levels into the order in which it is drawn from the left (rule L2)."""
    ordered = list(items)
    highest = max((level for level, _ in ordered), default=0)
    for level in range(highest, 0, -1):
        start = 0
        while start < len(ordered):
            end = start
            while end < len(ordered) and ordered[end][0] >= level:
                end += 1
            ordered[start:end] = ordered[start:end][::-1]
            start = end + 1
    return [item for _, item in ordered]


def mirrored(text: str) -> str:
    """Return neutral text as it is drawn from the left where it runs from the right."""
    from bidi.mirror import MIRRORED

    return "".join(MIRRORED.get(character, character) for character in reversed(text))
