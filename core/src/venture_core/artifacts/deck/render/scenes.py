"""The planned deck as pages of shapes, from the same plan as the presentation file."""

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from venture_core.artifacts.colors import Role
from venture_core.artifacts.deck.plan.geometry import EMU_PER_POINT, inches
from venture_core.artifacts.deck.plan.geometry import Box as Frame
from venture_core.artifacts.deck.plan.layouts import (
    FOOTER_POINTS,
    LEVEL_INDENT,
    Layout,
    cover_logo_box,
    footer_box,
    level_size,
    logo_box,
    number_box,
    space_before,
)
from venture_core.artifacts.deck.plan.model import (
    ChartElement,
    PictureElement,
    TableElement,
    TextElement,
)
from venture_core.artifacts.deck.plan.pictures import contain
from venture_core.artifacts.deck.plan.tables import CELL_SIDE
from venture_core.artifacts.deck.plan.text import Typeface
from venture_core.artifacts.drawing.charts import chart_shapes
from venture_core.artifacts.drawing.lettering import baseline, set_lines
from venture_core.artifacts.drawing.mirroring import as_read
from venture_core.artifacts.drawing.scene import Area, Box, Line, Mark, Picture, Scene, Words
from venture_core.artifacts.fonts.fitting import break_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from venture_core.artifacts.deck.plan.layouts import Decoration
    from venture_core.artifacts.deck.plan.model import DeckPlan, Element, Paragraph, SlidePlan
    from venture_core.artifacts.drawing.scene import Anchor, Shape
    from venture_core.artifacts.images import ImageInfo

_BULLETS: Final = ("\u2022", "\u2013", "\u00b7")
_ANCHORS: Final[dict[str, Anchor]] = {"l": "start", "ctr": "middle", "r": "end"}
_RULE_POINTS: Final = 0.5
_STRONG_RULE_POINTS: Final = 1.5
_PLATE_MARGIN: Final = inches(0.12)
_GLYPH_SCALE: Final = 1.1


def deck_scenes(plan: DeckPlan, images: Mapping[str, ImageInfo]) -> tuple[Scene, ...]:
    """Draw every slide. `images` describes each picture that the plan names."""
    typeface = Typeface.of(plan.spec)
    drawer = _Drawer(plan, typeface, images)
    return tuple(drawer.slide(slide) for slide in plan.slides)


def area_of(frame: Frame) -> Area:
    """Return a frame of the plan in points."""
    edges = (frame.left, frame.top, frame.width, frame.height)
    return Area(*(edge / EMU_PER_POINT for edge in edges))


class _Drawer:
    def __init__(self, plan: DeckPlan, typeface: Typeface, images: Mapping[str, ImageInfo]) -> None:
        self._plan = plan
        self._typeface = typeface
        self._images = images
        self._opened = False

    def slide(self, slide: SlidePlan) -> Scene:
        page = self._plan.page
        shapes = (
            *(shape for item in slide.layout.decorations for shape in self._decoration(item)),
            *self._logo(slide),
            *(shape for element in slide.elements for shape in self._element(element)),
            *self._footer(slide),
        )
        scene = Scene(
            page.width / EMU_PER_POINT,
            page.height / EMU_PER_POINT,
            self._color(slide.layout.background),
            shapes,
            (Mark(_heading(slide), self._level(slide)),),
        )
        return as_read(scene, self._plan.spec.language)

    def _level(self, slide: SlidePlan) -> int:
        """Slides stand below their section; those before the first section, beside it."""
        self._opened = self._opened or bool(slide.section)
        return int(self._opened and not slide.section)

    def _color(self, role: Role) -> str:
        return self._plan.scheme.values[role]

    def _decoration(self, item: Decoration) -> Iterator[Shape]:
        area, color = area_of(item.box), self._color(item.color)
        if not item.glyph:
            yield Box(area, fill=color, opacity=item.opacity)
            return
        font, size = self._typeface.heading, area.height * _GLYPH_SCALE
        at = (area.left, baseline(area.top, size, font))
        yield Words(item.glyph, at, font.family, size, color, bold=True)

    def _logo(self, slide: SlidePlan) -> Iterator[Shape]:
        """Show the logo in the corner of content slides, on a plate on the cover."""
        name = self._plan.spec.theme.logo
        if name is None:
            return
        image, page = self._images[name], self._plan.page
        if slide.layout.logo:
            placed = contain(image, logo_box(page))
            left = logo_box(page).right - placed.width
            yield Picture(name, area_of(replace(placed, left=left)), "Logo")
        elif slide.layout.layout is Layout.COVER:
            frame = cover_logo_box(page)
            placed = replace(contain(image, frame), left=frame.left + _PLATE_MARGIN)
            plate = Frame(
                frame.left,
                placed.top - _PLATE_MARGIN,
                placed.width + 2 * _PLATE_MARGIN,
                placed.height + 2 * _PLATE_MARGIN,
            )
            yield Box(area_of(plate), fill=self._color(Role.BACKGROUND))
            yield Picture(name, area_of(placed), "Logo")

    def _element(self, element: Element) -> Iterator[Shape]:
        match element:
            case TextElement():
                yield from self._text(element)
            case TableElement():
                yield from self._table(element)
            case ChartElement():
                yield from chart_shapes(element, self._plan.scheme, self._typeface.body)
            case PictureElement():
                area = area_of(element.box)
                yield Picture(element.asset, area, element.alt_text, element.crop)

    def _text(self, element: TextElement) -> Iterator[Shape]:
        style, area = element.style, area_of(element.box)
        font = self._typeface.of_style(style)
        shapes: list[Words] = []
        top = 0.0
        for index, paragraph in enumerate(element.paragraphs):
            if index and style.bullets:
                top += space_before(element.size, paragraph.level)
            height, words = self._paragraph(element, paragraph, area.top + top)
            shapes += words
            top += height
        free = area.height - top
        shift = {"t": 0.0, "ctr": free / 2, "b": free}[style.anchor]
        for word in shapes:
            x, y = word.at
            yield replace(word, at=(x, y + shift), family=font.family)

    def _paragraph(
        self, element: TextElement, paragraph: Paragraph, top: float
    ) -> tuple[float, list[Words]]:
        """Set one paragraph from `top`; return its height and its words."""
        style, box = element.style, area_of(element.box)
        font = self._typeface.of_style(style)
        level, bold = paragraph.level, style.bold or paragraph.bold
        size = level_size(element.size, level) if style.bullets else element.size
        indent = (level + 1) * LEVEL_INDENT / EMU_PER_POINT if style.bullets else 0.0
        room = Area(box.left + indent, top, box.width - indent, box.height)
        color = self._color(paragraph.color or style.color)
        words = list(set_lines(paragraph.text, room, font, size, color, bold=bold))
        height = len(words) * size * font.line_em
        if style.bullets:
            at = (room.left - LEVEL_INDENT / EMU_PER_POINT, words[0].at[1])
            sign = _BULLETS[level]
            words.append(Words(sign, at, font.family, size, self._color(Role.PRIMARY)))
        return height, words

    def _table(self, element: TableElement) -> Iterator[Shape]:
        """Draw head, bands, rules and total as the table style of the presentation file does."""
        area = area_of(element.box)
        top, last = area.top, len(element.rows) - 1
        for index, (cells, height) in enumerate(
            zip(element.rows, element.row_heights, strict=True)
        ):
            row = Area(area.left, top, area.width, height / EMU_PER_POINT)
            head, total = index == 0, element.total_row and index == last
            if head:
                yield Box(row, fill=self._color(Role.PRIMARY))
            elif index % 2 == 0 and not total:
                yield Box(row, fill=self._color(Role.SURFACE))
            if total:
                color, width = self._color(Role.PRIMARY), _STRONG_RULE_POINTS
                yield Line(((row.left, row.top), (row.right, row.top)), color, width)
            foot = ((row.left, row.bottom), (row.right, row.bottom))
            yield Line(foot, self._color(Role.MUTED), _RULE_POINTS, opacity=0.4)
            ink = self._plan.scheme.on_primary if head else Role.TEXT
            yield from self._cells(element, cells, row, self._color(ink), bold=head or total)
            top = row.bottom

    def _cells(
        self, element: TableElement, cells: tuple[str, ...], row: Area, color: str, *, bold: bool
    ) -> Iterator[Shape]:
        font, size = self._typeface.body, element.size
        left = row.left
        for text, column in zip(cells, element.columns, strict=True):
            width = column.width / EMU_PER_POINT
            room = Area(left, row.top, width, row.height).inset(CELL_SIDE / EMU_PER_POINT, 0)
            lines = len(break_lines(text, font, room.width / size, bold=bold))
            top = row.top + (row.height - lines * size * font.line_em) / 2
            room = replace(room, top=top)
            anchor = _ANCHORS[column.align]
            yield from set_lines(text, room, font, size, color, bold=bold, anchor=anchor)
            left += width

    def _footer(self, slide: SlidePlan) -> Iterator[Shape]:
        footer, page = self._plan.spec.footer, self._plan.page
        if not slide.layout.footer:
            return
        if footer.text.strip():
            yield self._small(footer.text, area_of(footer_box(page)), "start")
        if footer.slide_numbers:
            yield self._small(str(slide.number), area_of(number_box(page)), "end")

    def _small(self, text: str, area: Area, anchor: Anchor) -> Words:
        font = self._typeface.body
        top = area.top + (area.height - FOOTER_POINTS * font.line_em) / 2
        at = (area.right if anchor == "end" else area.left, baseline(top, FOOTER_POINTS, font))
        color = self._color(Role.MUTED)
        return Words(text, at, font.family, FOOTER_POINTS, color, anchor=anchor)


def _heading(slide: SlidePlan) -> str:
    """Return what a slide is called: its title, or the words it quotes."""
    first = next((element for element in slide.elements if isinstance(element, TextElement)), None)
    return first.paragraphs[0].text if first is not None else f"{slide.number}"
