"""Planning a board: the size of each node, where it stands, and the page of shapes."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from venture_core.artifacts.board.plan.layers import closing
from venture_core.artifacts.board.plan.placing import place
from venture_core.artifacts.colors import Role, color_scheme
from venture_core.artifacts.deck.plan.text import Typeface
from venture_core.artifacts.drawing.lettering import set_lines
from venture_core.artifacts.drawing.mirroring import as_read
from venture_core.artifacts.drawing.scene import Area, Box, Fill, Line, Picture, Scene
from venture_core.artifacts.fonts.fitting import break_lines, measure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from venture_core.artifacts.board.ir.document import BoardSpec, Edge, Node
    from venture_core.artifacts.colors import ColorScheme
    from venture_core.artifacts.drawing.scene import Point, Shape, Words
    from venture_core.artifacts.fonts.metrics import FontMetrics
    from venture_core.artifacts.images import ImageInfo

LABEL_POINTS: Final = 13.0
DETAIL_POINTS: Final = 11.0
EDGE_POINTS: Final = 11.0
TITLE_POINTS: Final = 22.0
MAX_PIXELS: Final = 24_000_000
"""The most pixels of a PNG."""

_FINEST: Final = 2.0
_LOGO: Final = (120.0, 36.0)
_MARGIN: Final = 36.0
_WIDEST: Final = 190.0
_NARROWEST: Final = 96.0
_SIDE: Final = 14.0
_END: Final = 10.0
_BAR: Final = 5.0
_RADIUS: Final = 6.0
_GAP: Final = 28.0
_LAYER_GAP: Final = 44.0
_ARROW: Final = 8.0
_ARROW_HALF: Final = 4.0
_EDGE_WIDTH: Final = 1.5
_LABEL_SIDE: Final = 6.0
_ROUNDING: Final = 1.02
"""Text is broken by widths a little larger than those that were measured."""
_TONES: Final = {
    "primary": Role.PRIMARY,
    "accent2": Role.ACCENT2,
    "accent3": Role.ACCENT3,
    "accent4": Role.ACCENT4,
    "accent5": Role.ACCENT5,
    "accent6": Role.ACCENT6,
    "muted": Role.MUTED,
}


@dataclass(frozen=True, slots=True)
class BoardPlan:
    """The board, placed and measured."""

    spec: BoardSpec
    scheme: ColorScheme
    scene: Scene
    problems: tuple[tuple[str, str], ...]
    """Element and reason for each text that does not fit."""

    @property
    def scale(self) -> float:
        """How many pixels a point has where it is drawn as PNG; below 1, text is hard to read."""
        most = math.sqrt(MAX_PIXELS / self.scene.width / self.scene.height)
        return min(_FINEST, math.floor(most * 100) / 100)


@dataclass(frozen=True, slots=True)
class _Text:
    """A paragraph, broken, with the size of its lines."""

    text: str
    size: float
    bold: bool
    lines: int
    width: float
    height: float
    widest: str
    fits: bool


def plan_board(spec: BoardSpec, images: Mapping[str, ImageInfo]) -> BoardPlan:
    """Measure the texts, lay out what the edges say, and draw it. `images` describes the logo."""
    scheme, typeface = color_scheme(spec.theme), Typeface.of(spec)
    drawer = _Drawer(spec, scheme, typeface, images)
    return BoardPlan(spec, scheme, drawer.scene(), tuple(drawer.problems()))


def tone_role(node: Node) -> Role:
    """Return the colour of the bar at the side of `node`."""
    return _TONES[node.tone]


class _Drawer:
    def __init__(
        self,
        spec: BoardSpec,
        scheme: ColorScheme,
        typeface: Typeface,
        images: Mapping[str, ImageInfo],
    ) -> None:
        self._spec = spec
        self._images = images
        self._scheme = scheme
        self._font = typeface.body
        self._heading = typeface.heading
        self._texts = [self._node_texts(node) for node in spec.nodes]
        self._labels = [self._edge_text(edge) for edge in spec.edges]

    def problems(self) -> Iterator[tuple[str, str]]:
        """Name what has a word that is wider than it may be, or letters that no font has."""
        for index, texts in enumerate(self._texts):
            for name, text in zip(("label", "detail"), texts, strict=False):
                yield from _misfit(f"nodes[{index}].{name}", text, self._font)
        for index, label in enumerate(self._labels):
            if label is not None:
                yield from _misfit(f"edges[{index}].label", label, self._font)
        if missing := self._heading.missing(self._spec.title):
            yield "title", f"the font has no letters for “{missing:.20}”"

    def scene(self) -> Scene:
        """Lay everything out and draw it: edges first, then labels and nodes above them."""
        sizes = [_box_size(texts) for texts in self._texts]
        numbers = {node.id: number for number, node in enumerate(self._spec.nodes)}
        ends = [(numbers[edge.source], numbers[edge.target]) for edge in self._spec.edges]
        back = closing(len(numbers), ends)
        pairs: list[tuple[int, int]] = []
        joins: list[tuple[int, ...]] = []
        label_places: dict[int, int] = {}
        for index in range(len(ends)):
            source, target = ends[index][::-1] if back[index] else ends[index]
            label = self._labels[index]
            if label is None:
                joins.append((len(pairs),))
                pairs.append((source, target))
                continue
            # A label is a stop on the way: it gets room of its own and hides nothing.
            label_places[index] = len(sizes)
            sizes.append((label.width + 2 * _LABEL_SIDE, label.height))
            joins.append((len(pairs), len(pairs) + 1))
            pairs += [(source, label_places[index]), (label_places[index], target)]
        down = self._spec.direction == "down"
        turned = sizes if down else [(height, width) for width, height in sizes]
        placed = place(turned, pairs, gap=_GAP if down else _GAP * 0.8, layer_gap=_LAYER_GAP)
        top = _MARGIN + self._title_height() + _END * 2
        origin = (_MARGIN, top)
        board = (placed.width, placed.height) if down else (placed.height, placed.width)
        width = math.ceil(max(board[0], self._title_width() + _LOGO[0]) + 2 * _MARGIN)

        def at(point: Point) -> Point:
            x, y = point if down else (point[1], point[0])
            return round(origin[0] + x, 2), round(origin[1] + y, 2)

        shapes: list[Shape] = [*self._title(), *self._logo(width)]
        for index, edge in enumerate(self._spec.edges):
            pieces = joins[index][::-1] if back[index] else joins[index]
            for number in pieces:
                route = tuple(at(point) for point in placed.routes[number])
                route = route[::-1] if back[index] else route
                shapes += self._edge(edge, route, arrow=number == pieces[-1])
        for index, number in label_places.items():
            label = self._labels[index]
            if label is not None:
                shapes += self._label(label, at(placed.centers[number]))
        for number, node in enumerate(self._spec.nodes):
            shapes += self._node(number, node, at(placed.centers[number]), sizes[number])
        height = math.ceil(top + board[1] + _MARGIN)
        background = self._scheme.values[Role.BACKGROUND]
        scene = Scene(width, height, background, tuple(shapes))
        return as_read(scene, self._spec.language)

    def _title_height(self) -> float:
        return TITLE_POINTS * self._heading.line_em

    def _title_width(self) -> float:
        return self._heading.width_em(self._spec.title, bold=True) * TITLE_POINTS * _ROUNDING

    def _title(self) -> Iterator[Shape]:
        bar = Area(_MARGIN, _MARGIN - _END * 1.4, 40, 4)
        yield Box(bar, fill=self._scheme.values[Role.PRIMARY])
        room = Area(_MARGIN, _MARGIN, self._title_width() + 1, self._title_height())
        color = self._scheme.values[Role.TEXT]
        title = self._spec.title
        yield from set_lines(title, room, self._heading, TITLE_POINTS, color, bold=True)

    def _logo(self, page: float) -> Iterator[Shape]:
        """Show the logo in the upper right corner."""
        name = self._spec.theme.logo
        if name is not None:
            image = self._images[name]
            scale = min(_LOGO[0] / image.width, _LOGO[1] / image.height)
            width, height = image.width * scale, image.height * scale
            area = Area(page - _MARGIN - width, _MARGIN - _END, width, height)
            yield Picture(name, area, "Logo")

    def _node_texts(self, node: Node) -> tuple[_Text, ...]:
        label = _measured(node.label, LABEL_POINTS, self._font, bold=True)
        if not node.detail.strip():
            return (label,)
        return label, _measured(node.detail, DETAIL_POINTS, self._font, bold=False)

    def _edge_text(self, edge: Edge) -> _Text | None:
        if not edge.label.strip():
            return None
        return _measured(edge.label, EDGE_POINTS, self._font, bold=False)

    def _node(
        self, number: int, node: Node, center: Point, size: tuple[float, float]
    ) -> Iterator[Shape]:
        values = self._scheme.values
        box = Area(center[0] - size[0] / 2, center[1] - size[1] / 2, *size)
        yield Box(
            box, fill=values[Role.SURFACE], stroke=values[Role.MUTED], width=0.75, radius=_RADIUS
        )
        bar = Area(box.left, box.top + _RADIUS, _BAR, box.height - 2 * _RADIUS)
        yield Box(bar, fill=values[tone_role(node)], radius=_BAR / 2)
        top = box.top + (box.height - sum(text.height for text in self._texts[number])) / 2
        for text, role in zip(self._texts[number], (Role.TEXT, Role.MUTED), strict=False):
            room = Area(box.left + _BAR + _SIDE, top, _inner(box.width), text.height)
            yield from self._set(text, room, values[role])
            top += text.height

    def _set(self, text: _Text, room: Area, color: str) -> Iterator[Words]:
        yield from set_lines(text.text, room, self._font, text.size, color, bold=text.bold)

    def _label(self, label: _Text, center: Point) -> Iterator[Shape]:
        values = self._scheme.values
        width = label.width + 2 * _LABEL_SIDE
        left, top = center[0] - width / 2, center[1] - label.height / 2
        yield Box(Area(left, top, width, label.height), fill=values[Role.BACKGROUND])
        yield from self._set(
            label, Area(left + _LABEL_SIDE, top, label.width, label.height), values[Role.TEXT]
        )

    def _edge(self, edge: Edge, route: tuple[Point, ...], *, arrow: bool) -> Iterator[Shape]:
        color = self._scheme.values[Role.MUTED]
        if not arrow:
            yield Line(route, color, _EDGE_WIDTH, dashed=edge.dashed)
            return
        tip, before = route[-1], route[-2]
        length = math.dist(tip, before) or 1.0
        along = ((tip[0] - before[0]) / length, (tip[1] - before[1]) / length)
        foot = (tip[0] - along[0] * _ARROW, tip[1] - along[1] * _ARROW)
        aside = (-along[1] * _ARROW_HALF, along[0] * _ARROW_HALF)
        yield Line((*route[:-1], foot), color, _EDGE_WIDTH, dashed=edge.dashed)
        corners = (
            tip,
            (foot[0] + aside[0], foot[1] + aside[1]),
            (foot[0] - aside[0], foot[1] - aside[1]),
        )
        yield Fill(tuple((round(x, 2), round(y, 2)) for x, y in corners), color)


def _inner(width: float) -> float:
    return width - _BAR - 2 * _SIDE


def _box_size(texts: tuple[_Text, ...]) -> tuple[float, float]:
    width = max(text.width for text in texts) + _BAR + 2 * _SIDE
    height = sum(text.height for text in texts) + 2 * _END
    return max(width, _NARROWEST), height


def _measured(text: str, size: float, font: FontMetrics, *, bold: bool) -> _Text:
    """Break a paragraph to the widest a node may be; it is as wide as its widest line."""
    limit = _inner(_WIDEST)
    measured = measure(text, font, bold=bold)
    lines = break_lines(text, font, limit / size, bold=bold)
    width = max(font.width_em(line, bold=bold) * size * _ROUNDING for line in lines)
    height = len(lines) * size * font.line_em
    fits = measured.widest_em * size <= limit
    return _Text(text, size, bold, len(lines), width, height, measured.widest, fits)


def _misfit(element: str, text: _Text, font: FontMetrics) -> Iterator[tuple[str, str]]:
    if not text.fits:
        yield element, f"“{text.widest:.40}” is wider than a node at {text.size:g} pt; shorten it"
    if missing := font.missing(text.text):
        yield element, f"the font has no letters for “{missing:.20}”"
