"""What changed between two documents, part by part and field by field."""

import json
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final

from venture_cli.domain.stretches import stretches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from venture_cli.domain.parts import Divided, Part

WHOLE: Final = "document"
"""What no part holds is said of the document."""

type Path = tuple[str | int, ...]
type Pair = tuple[int | None, int | None]


@dataclass(frozen=True, slots=True)
class Detail:
    """A field that has another value. None: it was not there, or is there no more."""

    path: Path
    """Its place within the part; numbers count from 1, as they are after the change."""
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Change:
    """A part that is not as it was."""

    noun: str
    title: str
    before: int | None
    """Its number before, counted from 1; None where it is new, or for the whole document."""
    after: int | None
    """Its number after; None where it is gone, or for the whole document."""
    moved: bool = False
    """It stands elsewhere among the others."""
    details: tuple[Detail, ...] = ()


def compare(before: Divided, after: Divided) -> list[Change]:
    """Return what changed: of the whole first, then in the order of the parts as they are now."""
    whole = tuple(_details((), before.head, after.head))
    changes = [Change(WHOLE, "", None, None, details=whole)] if whole else []
    for old, new in zip(before.parts, after.parts, strict=True):
        changes += _compare_parts(old, new)
    return changes


def _compare_parts(old: Sequence[Part], new: Sequence[Part]) -> Iterator[Change]:
    pairs = _pairs(old, new)
    moved = _moved(pairs)
    for i, j in sorted(pairs, key=_order(pairs)):
        if i is None and j is not None:
            yield Change(new[j].noun, new[j].title, None, j + 1)
        elif i is not None and j is None:
            yield Change(old[i].noun, old[i].title, i + 1, None)
        elif i is not None and j is not None:
            details = tuple(_details((), old[i].value, new[j].value))
            if details or (i, j) in moved:
                ends = (i + 1, j + 1)
                yield Change(new[j].noun, new[j].title, *ends, (i, j) in moved, details)


def _pairs(old: Sequence[Part], new: Sequence[Part]) -> list[Pair]:
    """Say which part became which: the same one, else one of the same name, else of its place."""
    gaps = list(stretches([part.key for part in old], [part.key for part in new]))
    left = dict.fromkeys(i for gap, _ in gaps for i in gap)
    right = dict.fromkeys(j for _, gap in gaps for j in gap)
    stayed = zip(
        (i for i in range(len(old)) if i not in left),
        (j for j in range(len(new)) if j not in right),
        strict=True,
    )
    pairs: list[Pair] = list(stayed)

    def match(olds: list[int], news: list[int], same: Callable[[Part], object]) -> None:
        waiting = defaultdict[object, list[int]](list)
        for j in reversed(news):
            waiting[same(new[j])].append(j)
        for i in olds:
            if found := waiting[same(old[i])]:
                pairs.append((i, j := found.pop()))
                del left[i], right[j]

    match(list(left), list(right), lambda part: part.key)
    named = [i for i in left if old[i].title], [j for j in right if new[j].title]
    match(*named, lambda part: (part.form, part.title))
    for olds, news in gaps:
        still = [i for i in olds if i in left], [j for j in news if j in right]
        match(*still, lambda part: part.form)
    pairs += [(i, None) for i in left]
    pairs += [(None, j) for j in right]
    return pairs


def _moved(pairs: list[Pair]) -> set[Pair]:
    """Return the fewest pairs that have to move for the rest to keep their order."""
    both = sorted((i, j) for i, j in pairs if i is not None and j is not None)
    ends: list[int] = []
    lengths = []
    for _, j in both:
        at = bisect_left(ends, j)
        ends[at : at + 1] = [j]
        lengths.append(at + 1)
    wanted, moved = len(ends), set[Pair]()
    for pair, length in zip(reversed(both), reversed(lengths), strict=True):
        if length == wanted:
            wanted -= 1
        else:
            moved.add(pair)
    return moved


def _order(pairs: list[Pair]) -> Callable[[Pair], tuple[float, int]]:
    """Order parts as they are now; what is gone stands behind what it stood behind."""
    now = {i: j for i, j in pairs if i is not None and j is not None}

    def place(pair: Pair) -> tuple[float, int]:
        i, j = pair
        if j is not None:
            return float(j), -1
        before = [now[each] for each in range(i or 0) if each in now]
        return (before[-1] if before else -1) + 0.5, i or 0

    return place


def _details(path: Path, before: Any, after: Any) -> Iterator[Detail]:  # noqa: ANN401  JSON
    if before == after and type(before) is type(after):
        return
    if isinstance(before, dict) and isinstance(after, dict) and _same_form(before, after):
        for key in dict.fromkeys((*before, *after)):
            yield from _details((*path, key), before.get(key), after.get(key))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _items(path, before, after)
    else:
        yield Detail(path, before, after)


def _same_form(before: dict[str, Any], after: dict[str, Any]) -> bool:
    return before.get("type") == after.get("type")


def _items(path: Path, before: list[Any], after: list[Any]) -> Iterator[Detail]:
    keys = ([json.dumps(each, sort_keys=True) for each in values] for values in (before, after))
    for olds, news in stretches(*keys):
        for i, j in zip_longest(olds, news):
            if j is None:
                yield Detail((*path, i + 1), before[i], None)
            elif i is None:
                yield Detail((*path, j + 1), None, after[j])
            else:
                yield from _details((*path, j + 1), before[i], after[j])
