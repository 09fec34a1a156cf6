"""Writing a scene as SVG: text stays text, pictures are carried within."""

import base64
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape, quoteattr

from venture_core.artifacts.drawing.jpeg import is_jpeg, without_metadata
from venture_core.artifacts.drawing.scene import Box, Fill, Line, Link, Picture, Words
from venture_core.artifacts.fonts.bidi import direction_of
from venture_core.artifacts.images import inspect_image

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from venture_core.artifacts.drawing.scene import Point, Scene, Shape
    from venture_core.artifacts.ir.document import Document

_FALLBACKS: Final = {
    "Arial": "Arimo, Liberation Sans",
    "Calibri": "Carlito",
    "Cambria": "Caladea",
    "Times New Roman": "Tinos, Liberation Serif",
}
"""Free families with the same widths."""
_FROM_RIGHT: Final = "\u2067"
_END: Final = "\u2069"
_SERIF: Final = ("Cambria", "Times New Roman")


def write_svg(
    scene: Scene, document: Document, description: str, assets: Mapping[str, bytes]
) -> bytes:
    """Write the page; the document's title and `description` are what a screen reader says.

    Every text is given the width that was measured, so that it fits whatever font draws it.
    `assets` holds every picture that the scene names.
    """
    width, height = _number(scene.width), _number(scene.height)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" xml:lang="{document.language}" '
        'aria-labelledby="title description">',
        f'<title id="title">{escape(document.title)}</title>',
        f'<desc id="description">{escape(description)}</desc>',
    ]
    if scene.background is not None:
        lines.append(f'<rect width="{width}" height="{height}" fill="#{scene.background}"/>')
    for shape in scene.shapes:
        lines.extend(_shape(shape, assets))
    return "\n".join((*lines, "</svg>", "")).encode()


def _shape(shape: Shape, assets: Mapping[str, bytes]) -> Iterator[str]:
    match shape:
        case Words():
            yield _words(shape)
        case Box():
            yield _box(shape)
        case Line():
            yield _line(shape)
        case Fill():
            points = _points(shape.points)
            yield f'<polygon points="{points}" fill="#{shape.color}"{_faded(shape.opacity)}/>'
        case Picture():
            yield _picture(shape, assets[shape.asset])
        case Link():
            area = shape.area
            yield (
                f"<a href={quoteattr(shape.url)}><rect {_place(area.left, area.top)} "
                f'width="{_number(area.width)}" height="{_number(area.height)}" '
                'fill-opacity="0"/></a>'
            )


def _words(words: Words) -> str:
    family = words.family.value
    generic = "serif" if family in _SERIF else "sans-serif"
    families = ", ".join(filter(None, (family, _FALLBACKS.get(family, ""), generic)))
    weight = ' font-weight="bold"' if words.bold else ""
    anchor = f' text-anchor="{words.anchor}"' if words.anchor != "start" else ""
    # With the attribute `direction` programs would differ on where text starts.
    right = (words.direction or direction_of(words.text)) == "rtl"
    text = f"{_FROM_RIGHT}{words.text}{_END}" if right else words.text
    return (
        f'<text {_place(*words.at)} font-family="{families}" font-size="{_number(words.size)}"'
        f'{weight}{anchor} textLength="{_number(words.width)}" '
        f'lengthAdjust="spacingAndGlyphs" fill="#{words.color}">{escape(text)}</text>'
    )


def _box(box: Box) -> str:
    area = box.area
    fill = f'fill="#{box.fill}"{_faded(box.opacity)}' if box.fill else 'fill="none"'
    stroke = f' stroke="#{box.stroke}" stroke-width="{_number(box.width)}"' if box.stroke else ""
    corner = f' rx="{_number(box.radius)}"' if box.radius else ""
    return (
        f'<rect {_place(area.left, area.top)} width="{_number(area.width)}" '
        f'height="{_number(area.height)}"{corner} {fill}{stroke}/>'
    )


def _line(line: Line) -> str:
    dashes = ' stroke-dasharray="4 4"' if line.dashed else ""
    faded = f' stroke-opacity="{_number(line.opacity)}"' if line.opacity < 1 else ""
    return (
        f'<polyline points="{_points(line.points)}" fill="none" stroke="#{line.color}" '
        f'stroke-width="{_number(line.width)}" stroke-linecap="round" stroke-linejoin="round"'
        f"{dashes}{faded}/>"
    )


def _picture(picture: Picture, data: bytes) -> str:
    """Place a picture; where it is cropped, a view of its middle is shown."""
    area = picture.area
    across, along = picture.crop
    width, height = area.width / (1 - across), area.height / (1 - along)
    media_type = inspect_image(picture.asset, data).media_type
    data = without_metadata(data) if is_jpeg(data) else data
    content = base64.b64encode(data).decode("ascii")
    faded = f' opacity="{_number(picture.opacity)}"' if picture.opacity < 1 else ""
    return (
        f'<svg {_place(area.left, area.top)} width="{_number(area.width)}" '
        f'height="{_number(area.height)}"{faded}>'
        f"<image {_place(-width * across / 2, -height * along / 2)} "
        f'width="{_number(width)}" height="{_number(height)}" preserveAspectRatio="none" '
        f"aria-label={quoteattr(picture.alt_text)} "
        f'href="data:{media_type};base64,{content}"/></svg>'
    )


def _faded(opacity: float) -> str:
    return f' fill-opacity="{_number(opacity)}"' if opacity < 1 else ""


def _place(x: float, y: float) -> str:
    return f'x="{_number(x)}" y="{_number(y)}"'


def _points(points: tuple[Point, ...]) -> str:
    return " ".join(f"{_number(x)},{_number(y)}" for x, y in points)


def _number(value: float) -> str:
    """Write a length with at most two decimals."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
