"""Turning a deck round for languages that are read from the right.

What began at the left, begins at the right. Pictures keep their own looks; the axes of charts are
turned where they are styled.
"""

from typing import TYPE_CHECKING, Final

from venture_core.artifacts.deck.render.markup import DRAWING, PRESENTATION

if TYPE_CHECKING:
    from venture_core.artifacts.deck.plan.geometry import Page
    from venture_core.artifacts.deck.render.native import Native

_SIDES: Final = {"l": "r", "r": "l"}
_PARAGRAPHS: Final = frozenset(f"{{{DRAWING}}}lvl{level}pPr" for level in range(1, 10))
_PARAGRAPH: Final = f"{{{DRAWING}}}pPr"
_TABLE: Final = f"{{{DRAWING}}}tblPr"
_PLACES: Final = (f"{{{DRAWING}}}xfrm", f"{{{PRESENTATION}}}xfrm")


def turn_round(presentation: Native, page: Page) -> None:
    """Turn the master, the layouts and the slides."""
    parts = [presentation.slide_master, *presentation.slide_layouts, *presentation.slides]
    for part in parts:
        for element in part._element.iter():
            if element.tag in _PARAGRAPHS:
                element.set("rtl", "1")
                _change_side(element)
            elif element.tag == _PARAGRAPH:
                _change_side(element)
            elif element.tag == _TABLE:
                element.set("rtl", "1")
            elif element.tag in _PLACES:
                _move(element, page.width)


def _change_side(properties: Native) -> None:
    side = properties.get("algn")
    if side in _SIDES:
        properties.set("algn", _SIDES[side])


def _move(place: Native, width: int) -> None:
    """Move a shape to the other side. That of the tree itself is as wide as nothing."""
    offset, extent = place.find(f"{{{DRAWING}}}off"), place.find(f"{{{DRAWING}}}ext")
    if offset is not None and extent is not None and int(extent.get("cx")):
        offset.set("x", str(width - int(offset.get("x")) - int(extent.get("cx"))))
