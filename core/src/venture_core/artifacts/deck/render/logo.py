"""The logo: in the corner of content slides through the master, on a plate on the title slide."""

import io
from typing import TYPE_CHECKING

from pptx.oxml import parse_xml

from venture_core.artifacts.colors import Role
from venture_core.artifacts.deck.plan.geometry import Box, inches
from venture_core.artifacts.deck.plan.layouts import Layout, cover_logo_box, logo_box
from venture_core.artifacts.deck.plan.pictures import contain
from venture_core.artifacts.deck.render.markup import NAMESPACES, fill, rectangle, transform

if TYPE_CHECKING:
    from venture_core.artifacts.deck.plan.geometry import Page
    from venture_core.artifacts.deck.render.native import Native
    from venture_core.artifacts.images import ImageInfo

_PLATE_MARGIN = inches(0.12)


def add_logo(presentation: Native, page: Page, data: bytes, image: ImageInfo) -> None:
    """Put the logo on the master and on the cover layout of `presentation`."""
    corner = contain(image, logo_box(page))
    corner = Box(logo_box(page).right - corner.width, corner.top, corner.width, corner.height)
    _append_picture(presentation.slide_master, corner, data)

    frame = cover_logo_box(page)
    placed = contain(image, frame)
    placed = Box(frame.left + _PLATE_MARGIN, placed.top, placed.width, placed.height)
    plate = Box(
        frame.left,
        placed.top - _PLATE_MARGIN,
        placed.width + 2 * _PLATE_MARGIN,
        placed.height + 2 * _PLATE_MARGIN,
    )
    cover = next(
        layout for layout in presentation.slide_layouts if layout.name == Layout.COVER.value
    )
    tree = cover.shapes._spTree
    shape = rectangle(tree.max_shape_id + 1, "Logo plate", plate, fill(Role.BACKGROUND))
    tree.append(parse_xml(shape.replace("<p:sp>", f"<p:sp {NAMESPACES}>", 1)))
    _append_picture(cover, placed, data)


def _append_picture(holder: Native, box: Box, data: bytes) -> None:
    """Append the logo to a master or layout."""
    _, relationship = holder.part.get_or_add_image_part(io.BytesIO(data))
    tree = holder.shapes._spTree
    tree.append(
        parse_xml(
            f'<p:pic {NAMESPACES}><p:nvPicPr><p:cNvPr id="{tree.max_shape_id + 1}" name="Logo" '
            'descr="Logo"/><p:cNvPicPr><a:picLocks noChangeAspect="1"/></p:cNvPicPr>'
            f'<p:nvPr userDrawn="1"/></p:nvPicPr><p:blipFill><a:blip r:embed="{relationship}"/>'
            f"<a:stretch><a:fillRect/></a:stretch></p:blipFill><p:spPr>{transform(box)}"
            '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></p:spPr></p:pic>'
        )
    )
