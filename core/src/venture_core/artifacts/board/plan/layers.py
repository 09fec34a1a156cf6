"""The first half of a layered layout: which layer a vertex is in, and its place within the layer.

The steps are those of Sugiyama, Tagawa and Toda: find the edges that close a cycle, give each
vertex the layer of its longest path, cut edges into pieces of one layer, and sort every layer by
the middle of its neighbours until no edge less crosses another.
"""

from bisect import bisect_right, insort
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_SWEEPS: Final = 12

type Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Layered:
    """Vertices in layers: those that were given, and after them one for each layer in between."""

    layers: tuple[tuple[int, ...], ...]
    """Vertices of each layer, in order."""
    chains: tuple[tuple[int, ...], ...]
    """For each edge that was given, the vertices it passes, from its source to its target."""


def arrange(count: int, edges: Sequence[Pair]) -> Layered:
    """Put vertices 0 to `count` - 1 into layers. The edges must have no cycle."""
    ranks = _ranks(count, edges)
    chains: list[tuple[int, ...]] = []
    layers: list[list[int]] = [[] for _ in range(max(ranks, default=0) + 1)]
    for vertex, rank in enumerate(ranks):
        layers[rank].append(vertex)
    following = count
    for source, target in edges:
        between = range(ranks[source] + 1, ranks[target])
        passed = list(range(following, following + len(between)))
        for vertex, rank in zip(passed, between, strict=True):
            layers[rank].append(vertex)
        following += len(passed)
        chains.append((source, *passed, target))
    ordered = _untangle(layers, chains)
    return Layered(tuple(map(tuple, ordered)), tuple(chains))


def closing(count: int, edges: Sequence[Pair]) -> list[bool]:
    """Say of each edge whether it closes a cycle when vertices are visited in their order.

    Turned around, these edges leave no cycle.
    """
    leaving: list[list[int]] = [[] for _ in range(count)]
    for number, (source, _) in enumerate(edges):
        leaving[source].append(number)
    found = [False] * len(edges)
    fresh, open_, done = 0, 1, 2
    state = [fresh] * count
    for root in range(count):
        if state[root] != fresh:
            continue
        state[root] = open_
        path = [(root, iter(leaving[root]))]
        while path:
            vertex, rest = path[-1]
            number = next(rest, -1)
            if number < 0:
                state[vertex] = done
                path.pop()
                continue
            target = edges[number][1]
            if state[target] == open_:
                found[number] = True
            elif state[target] == fresh:
                state[target] = open_
                path.append((target, iter(leaving[target])))
    return found


def _ranks(count: int, edges: Sequence[Pair]) -> list[int]:
    """Give each vertex the length of the longest path to it; then draw sources to their targets."""
    entering = [0] * count
    leaving: list[list[int]] = [[] for _ in range(count)]
    for source, target in edges:
        entering[target] += 1
        leaving[source].append(target)
    order = [vertex for vertex in range(count) if not entering[vertex]]
    ranks = [0] * count
    for vertex in order:
        for target in leaving[vertex]:
            ranks[target] = max(ranks[target], ranks[vertex] + 1)
            entering[target] -= 1
            if not entering[target]:
                order.append(target)
    targets = {target for _, target in edges}
    for vertex in range(count):
        if vertex not in targets and leaving[vertex]:
            ranks[vertex] = min(ranks[target] for target in leaving[vertex]) - 1
    return ranks


def _untangle(layers: list[list[int]], chains: Sequence[tuple[int, ...]]) -> list[list[int]]:
    """Sort the layers again and again, downwards and upwards, and keep the best order seen."""
    above: dict[int, list[int]] = {}
    below: dict[int, list[int]] = {}
    for chain in chains:
        for upper, lower in pairwise(chain):
            below.setdefault(upper, []).append(lower)
            above.setdefault(lower, []).append(upper)
    best, fewest = [list(layer) for layer in layers], _crossings(layers, below)
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        downwards = sweep % 2 == 0
        numbers = range(1, len(layers)) if downwards else range(len(layers) - 2, -1, -1)
        for number in numbers:
            fixed = layers[number - 1 if downwards else number + 1]
            _sort(layers[number], fixed, above if downwards else below)
        crossings = _crossings(layers, below)
        if crossings < fewest:
            best, fewest = [list(layer) for layer in layers], crossings
    return best


def _sort(layer: list[int], fixed: Sequence[int], neighbours: dict[int, list[int]]) -> None:
    """Sort by the mean place of each vertex's neighbours; one without any keeps its place."""
    places = {vertex: place for place, vertex in enumerate(fixed)}
    wanted = {
        vertex: _mean([places[each] for each in neighbours.get(vertex, ())], place)
        for place, vertex in enumerate(layer)
    }
    layer.sort(key=lambda vertex: wanted[vertex])


def _mean(places: list[int], otherwise: float) -> float:
    return sum(places) / len(places) if places else otherwise


def _crossings(layers: Sequence[Sequence[int]], below: dict[int, list[int]]) -> int:
    """Count the pairs of edges that cross between neighbouring layers."""
    count = 0
    for upper, lower in pairwise(layers):
        places = {vertex: place for place, vertex in enumerate(lower)}
        seen: list[int] = []
        for vertex in upper:
            ends = sorted(places[each] for each in below.get(vertex, ()))
            count += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return count
