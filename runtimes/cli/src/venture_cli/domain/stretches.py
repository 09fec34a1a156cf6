"""Where two lists differ: the stretches between what stayed, found in bounded time."""

from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

type Stretch = tuple[range, range]
"""Places in the list before, and those in the list after that stand in their stead."""

_MOST: Final = 4_000_000
"""How many pairs are looked at. Longer lists that differ in many places are compared in order."""


def stretches(before: Sequence[str], after: Sequence[str]) -> Iterator[Stretch]:
    """Yield where the lists differ, in order."""
    start = _common(before, after)
    end = _common(before[start:][::-1], after[start:][::-1])
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    if len(old) * len(new) > _MOST or not (old and new):
        if old or new:
            yield range(start, start + len(old)), range(start, start + len(new))
        return
    for tag, i, to_i, j, to_j in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            yield range(start + i, start + to_i), range(start + j, start + to_j)


def _common(before: Sequence[str], after: Sequence[str]) -> int:
    """Return how many items at the beginning are the same."""
    same = 0
    for old, new in zip(before, after, strict=False):
        if old != new:
            break
        same += 1
    return same
