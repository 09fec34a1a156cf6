"""Pieces of DrawingML and PresentationML that several parts share."""

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

if TYPE_CHECKING:
    from venture_core.artifacts.colors import Role
    from venture_core.artifacts.deck.plan.geometry import Box
    from venture_core.artifacts.deck.plan.layouts import Decoration

CHART = "http://schemas.openxmlformats.org/drawingml/2006/chart"
DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
PRESENTATION = "http://schemas.openxmlformats.org/presentationml/2006/main"
RELATIONSHIPS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
NAMESPACES = f'xmlns:a="{DRAWING}" xmlns:r="{RELATIONSHIPS}" xmlns:p="{PRESENTATION}"'
DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

EMPTY_GROUP = (
    '<p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr>'
    '<p:grpSpPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="0" cy="0"/>'
    '<a:chOff x="0" y="0"/><a:chExt cx="0" cy="0"/></a:xfrm></p:grpSpPr>'
)
"""What every shape tree starts with."""


def fill(role: Role, opacity: float = 1.0) -> str:
    """Write a solid fill in a theme colour."""
    if opacity == 1.0:
        return f'<a:solidFill><a:schemeClr val="{role.value}"/></a:solidFill>'
    alpha = f'<a:alpha val="{round(opacity * 100_000)}"/>'
    return f'<a:solidFill><a:schemeClr val="{role.value}">{alpha}</a:schemeClr></a:solidFill>'


def background(role: Role) -> str:
    """Write a slide background in a theme colour."""
    return f"<p:bg><p:bgPr>{fill(role)}<a:effectLst/></p:bgPr></p:bg>"


def transform(box: Box) -> str:
    """Write where a shape stands."""
    return (
        f'<a:xfrm><a:off x="{box.left}" y="{box.top}"/>'
        f'<a:ext cx="{box.width}" cy="{box.height}"/></a:xfrm>'
    )


def faces(slot: str) -> str:
    """Write the fonts of a slot of the theme, `mj` or `mn`, for all kinds of letters."""
    return "".join(
        f'<a:{kind} typeface="+{slot}-{suffix}"/>'
        for kind, suffix in (("latin", "lt"), ("ea", "ea"), ("cs", "cs"))
    )


def text_size(points: float) -> str:
    """Write a font size as DrawingML does, in hundredths of a point."""
    return str(round(points * 100))


def rectangle(shape_id: int, name: str, box: Box, paint: str) -> str:
    """Write a rectangle without outline or text."""
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="{shape_id}" name={quoteattr(name)}/><p:cNvSpPr/>'
        f'<p:nvPr userDrawn="1"/></p:nvSpPr><p:spPr>{transform(box)}'
        f'<a:prstGeom prst="rect"><a:avLst/></a:prstGeom>{paint}<a:ln><a:noFill/></a:ln></p:spPr>'
        "<p:txBody><a:bodyPr/><a:lstStyle/><a:p/></p:txBody></p:sp>"
    )


def decoration(shape_id: int, item: Decoration) -> str:
    """Write a layout's decoration: a filled rectangle, or a large character."""
    if not item.glyph:
        return rectangle(shape_id, item.name, item.box, fill(item.color, item.opacity))
    size = text_size(item.box.height_points * 1.1)
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="{shape_id}" name={quoteattr(item.name)}/>'
        f'<p:cNvSpPr txBox="1"/><p:nvPr userDrawn="1"/></p:nvSpPr>'
        f'<p:spPr>{transform(item.box)}<a:prstGeom prst="rect"><a:avLst/></a:prstGeom>'
        '<a:noFill/></p:spPr><p:txBody><a:bodyPr wrap="none" lIns="0" tIns="0" rIns="0" bIns="0">'
        f'<a:noAutofit/></a:bodyPr><a:lstStyle/><a:p><a:r><a:rPr sz="{size}" b="1">'
        f'{fill(item.color)}<a:latin typeface="+mj-lt"/></a:rPr><a:t>{escape(item.glyph)}</a:t>'
        "</a:r></a:p></p:txBody></p:sp>"
    )
