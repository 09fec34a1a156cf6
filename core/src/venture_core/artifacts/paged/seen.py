"""What is seen of pages as they were laid out: no room, no letters, colours too close.

It looks at the boxes that will be drawn, so that no cascade and no line breaking is done twice.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from venture_core.artifacts.colors import RATIO_DIGITS, contrast, required_ratio
from venture_core.artifacts.fonts.metrics import load_metrics
from venture_core.artifacts.gates import CONTRAST, OVERFLOW
from venture_core.artifacts.ir.theme import FontFamily
from venture_core.artifacts.paged.fonts import MONOSPACE, own_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from venture_core.artifacts.paged.pdf import Pages

type Box = Any
"""A box of weasyprint, which is not typed. Its lengths are in pixels of CSS."""

_POINTS_IN_PIXEL: Final = 0.75
_TOLERANCE: Final = 1.0
_BOLD: Final = 600
_FAMILIES: Final = {own_name(family): family for family in FontFamily} | {
    MONOSPACE: FontFamily.ARIAL
}
"""Whose metrics know the letters of which font; Cousine has those of Arimo."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One thing that is wrong with a page."""

    gate: str
    page: int
    element: str
    message: str


@dataclass(frozen=True, slots=True)
class _Around:
    """What is around a box."""

    element: str
    paper: str
    """The colour behind it, six hexadecimal digits."""
    left: float
    right: float
    bottom: float
    """Where the room for its words ends."""


def look(pages: Pages, line_attribute: str) -> Iterator[Seen]:
    """Look at every page. Each thing is told once, on the first page where it is seen."""
    told: set[tuple[str, str, str]] = set()
    for number, page in enumerate(pages.native.pages, start=1):
        box = page._page_box
        around = _Around(
            "page",
            _color(box.style["background_color"]) or "FFFFFF",
            box.content_box_x(),
            box.content_box_x() + box.width,
            box.content_box_y() + box.height,
        )
        for gate, element, message in _Look(line_attribute).children(box, around):
            if (gate, element, message) not in told:
                told.add((gate, element, message))
                yield Seen(gate, number, element, message)


class _Look:
    """Walks the boxes of a page."""

    def __init__(self, line_attribute: str) -> None:
        self._line = line_attribute

    def children(self, box: Box, around: _Around) -> Iterator[tuple[str, str, str]]:
        for child in getattr(box, "children", ()):
            yield from self._box(child, around)

    def _box(self, box: Box, outer: _Around) -> Iterator[tuple[str, str, str]]:
        from weasyprint.formatting_structure import boxes

        box = getattr(box, "_box", box)  # a placeholder of what is placed elsewhere
        if isinstance(box, boxes.TextBox):
            if box.text.strip():
                yield from _words(box, outer)
            return
        around = self._around(box, outer, is_room=isinstance(box, boxes.BlockContainerBox))
        if isinstance(box, boxes.ReplacedBox):
            yield from _room(box, around, "the picture")
        yield from self.children(box, around)

    def _around(self, box: Box, outer: _Around, *, is_room: bool) -> _Around:
        left, right, bottom = outer.left, outer.right, outer.bottom
        if is_room:
            left = box.content_box_x()
            right = left + box.width
        if type(box).__name__ == "MarginBox":
            bottom = box.content_box_y() + box.height
        paper = _color(box.style["background_color"]) or outer.paper
        return _Around(self._name(box, outer.element), paper, left, right, bottom)

    def _name(self, box: Box, outer: str) -> str:
        element = box.element
        line = element.get(self._line) if element is not None else None
        if line is None:
            return "page.header or page.footer" if type(box).__name__ == "MarginBox" else outer
        return f"html, line {line}, <{element.tag}>"


def _words(box: Box, around: _Around) -> Iterator[tuple[str, str, str]]:
    shown = " ".join(box.text.split())
    family = _FAMILIES.get(box.style["font_family"][0], FontFamily.ARIAL)
    if missing := load_metrics(family).missing(box.text.replace("\n", "")):
        message = f"the font has no letters for \u201c{missing:.20}\u201d"
        yield OVERFLOW, around.element, message
    yield from _room(box, around, f"\u201c{shown:.40}\u201d")
    ink = _color(box.style["color"]) or "000000"
    size = box.style["font_size"] * _POINTS_IN_PIXEL
    needed = required_ratio(size, bold=box.style["font_weight"] >= _BOLD)
    ratio = round(contrast(ink, around.paper), RATIO_DIGITS)
    if ratio < needed:
        yield (
            CONTRAST,
            around.element,
            f"{size:g} pt text #{ink} on #{around.paper} has a contrast of {ratio:.2f}:1 and "
            f"needs {needed:g}:1",
        )


def _room(box: Box, around: _Around, what: str) -> Iterator[tuple[str, str, str]]:
    left, right = box.position_x, box.position_x + box.width
    if left < around.left - _TOLERANCE or right > around.right + _TOLERANCE:
        yield OVERFLOW, around.element, f"{what} is wider than its room"
    elif box.position_y + box.height > around.bottom + _TOLERANCE:
        yield OVERFLOW, around.element, f"{what} runs over the foot of the page"


def _color(value: Any) -> str | None:  # noqa: ANN401 - tinycss2's colour, or a keyword
    """Return a colour that covers what is behind it as six digits, None for any other."""
    if isinstance(value, str) or value is None:
        return None
    *channels, alpha = value.to("srgb")
    if alpha < 1:
        return None
    return "".join(f"{round(channel * 255):02X}" for channel in channels)
