"""The second half of a layered layout: where vertices stand and which way edges run."""

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from venture_core.artifacts.board.plan.layers import arrange

if TYPE_CHECKING:
    from collections.abc import Sequence

    from venture_core.artifacts.board.plan.layers import Layered, Pair
    from venture_core.artifacts.drawing.scene import Point

_SWEEPS: Final = 16
_PASSING: Final = 10.0
"""Width that an edge takes where it passes a layer."""
_CURVE_POINTS: Final = 12
_PORT_SHARE: Final = 0.8
"""Share of a vertex's side over which its edges are spread."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A layout whose layers follow each other downwards."""

    centers: tuple[Point, ...]
    """Of each vertex that was given."""
    routes: tuple[tuple[Point, ...], ...]
    """Of each edge, from its source to its target."""
    width: float
    height: float


def place(
    sizes: Sequence[tuple[float, float]], edges: Sequence[Pair], *, gap: float, layer_gap: float
) -> Placed:
    """Lay out vertices of these widths and heights, at least `gap` apart within a layer.

    The edges must have no cycle.
    """
    layered = arrange(len(sizes), edges)
    widths = {vertex: width for vertex, (width, _) in enumerate(sizes)}
    xs = _across(layered, widths, gap)
    tops, heights = _downwards(layered, sizes, layer_gap)
    left = min(x - widths.get(vertex, _PASSING) / 2 for vertex, x in xs.items())
    right = max(x + widths.get(vertex, _PASSING) / 2 for vertex, x in xs.items())
    xs = {vertex: x - left for vertex, x in xs.items()}
    middles = {
        vertex: tops[rank] + heights[rank] / 2
        for rank, layer in enumerate(layered.layers)
        for vertex in layer
    }
    routes = _routes(layered, sizes, xs, middles)
    centers = tuple((xs[vertex], middles[vertex]) for vertex in range(len(sizes)))
    return Placed(centers, routes, right - left, tops[-1] + heights[-1])


def _downwards(
    layered: Layered, sizes: Sequence[tuple[float, float]], layer_gap: float
) -> tuple[list[float], list[float]]:
    """Return the upper edge and the height of each layer."""
    heights = [
        max((sizes[vertex][1] for vertex in layer if vertex < len(sizes)), default=0.0)
        for layer in layered.layers
    ]
    tops = [0.0]
    for height in heights[:-1]:
        tops.append(tops[-1] + height + layer_gap)
    return tops, heights


def _across(layered: Layered, widths: dict[int, float], gap: float) -> dict[int, float]:
    """Choose where vertices stand across, near the middle of what they are joined with."""
    neighbours: dict[int, list[int]] = {}
    for chain in layered.chains:
        for upper, lower in pairwise(chain):
            neighbours.setdefault(upper, []).append(lower)
            neighbours.setdefault(lower, []).append(upper)
    ranks = {vertex: rank for rank, layer in enumerate(layered.layers) for vertex in layer}
    xs: dict[int, float] = {}
    for layer in layered.layers:
        xs.update(zip(layer, _spread(layer, [0.0] * len(layer), widths, gap), strict=True))
    count = len(layered.layers)
    for sweep in range(_SWEEPS):
        # The last sweeps look both ways, so that neither end of the board leads.
        both = sweep >= _SWEEPS - 4
        order = range(count) if sweep % 2 == 0 else range(count - 1, -1, -1)
        step = -1 if sweep % 2 == 0 else 1
        for rank in order:
            layer = layered.layers[rank]
            wanted = []
            for vertex in layer:
                near = [
                    (xs[other], _stiffness(vertex in widths, other in widths))
                    for other in neighbours.get(vertex, ())
                    if both or ranks[other] == rank + step
                ]
                weight = sum(stiff for _, stiff in near)
                pull = sum(x * stiff for x, stiff in near)
                wanted.append(pull / weight if weight else xs[vertex])
            xs.update(zip(layer, _spread(layer, wanted, widths, gap), strict=True))
    return xs


def _stiffness(one: bool, other: bool) -> float:
    """Say how much a piece of an edge wants to be straight: most where it only passes layers."""
    return (8.0, 2.0, 1.0)[one + other]


def _spread(
    layer: Sequence[int], wanted: Sequence[float], widths: dict[int, float], gap: float
) -> list[float]:
    """Return the places nearest to those `wanted`, by least squares, in order and not too close.

    Vertices that push each other form a block, which stands at the mean of its members' wishes.
    """
    offsets = [0.0]
    for left, right in pairwise(layer):
        half = (widths.get(left, _PASSING) + widths.get(right, _PASSING)) / 2
        offsets.append(offsets[-1] + half + gap)
    blocks: list[tuple[float, int]] = []
    for wish, offset in zip(wanted, offsets, strict=True):
        total, members = wish - offset, 1
        while blocks and blocks[-1][0] / blocks[-1][1] > total / members:
            before, more = blocks.pop()
            total, members = total + before, members + more
        blocks.append((total, members))
    starts = [total / members for total, members in blocks for _ in range(members)]
    return [start + offset for start, offset in zip(starts, offsets, strict=True)]


def _routes(
    layered: Layered,
    sizes: Sequence[tuple[float, float]],
    xs: dict[int, float],
    middles: dict[int, float],
) -> tuple[tuple[Point, ...], ...]:
    """Draw every edge as curves from layer to layer; those of one vertex share its side."""
    leaving: dict[int, list[int]] = {}
    entering: dict[int, list[int]] = {}
    for number, chain in enumerate(layered.chains):
        leaving.setdefault(chain[0], []).append(number)
        entering.setdefault(chain[-1], []).append(number)
    starts: dict[int, Point] = {}
    ends: dict[int, Point] = {}
    for ports, numbers_of, inner, side in (
        (starts, leaving, 1, 1.0),
        (ends, entering, -2, -1.0),
    ):
        for vertex, numbers in numbers_of.items():
            width, height = sizes[vertex]
            ordered = sorted(numbers, key=lambda number: xs[layered.chains[number][inner]])
            for place_, number in enumerate(ordered, start=1):
                shift = width * (place_ / (len(ordered) + 1) - 0.5) * _PORT_SHARE
                ports[number] = (xs[vertex] + shift, middles[vertex] + side * height / 2)
    routes: list[tuple[Point, ...]] = []
    for number, chain in enumerate(layered.chains):
        passed = [(xs[vertex], middles[vertex]) for vertex in chain[1:-1]]
        routes.append(_curved([starts[number], *passed, ends[number]]))
    return tuple(routes)


def _curved(points: Sequence[Point]) -> tuple[Point, ...]:
    """Join points by curves that leave and arrive downwards, as short straight pieces."""
    route = [points[0]]
    for (x0, y0), (x1, y1) in pairwise(points):
        if abs(x1 - x0) < 1:
            route.append((x1, y1))
            continue
        middle = (y0 + y1) / 2
        for piece in range(1, _CURVE_POINTS + 1):
            t = piece / _CURVE_POINTS
            s = 1 - t
            x = s**3 * x0 + 3 * s * s * t * x0 + 3 * s * t * t * x1 + t**3 * x1
            y = s**3 * y0 + 3 * s * s * t * middle + 3 * s * t * t * middle + t**3 * y1
            route.append((round(x, 2), round(y, 2)))
    return tuple(route)
