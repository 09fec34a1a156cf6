"""From a document to the plan of its deck."""

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from venture_core.artifacts.colors import Role, color_scheme
from venture_core.artifacts.deck.ir import (
    BulletsSlide,
    ChartSlide,
    ImageSlide,
    QuoteSlide,
    SectionSlide,
    TableSlide,
    TitleSlide,
    TwoColumnsSlide,
)
from venture_core.artifacts.deck.plan import layouts as ids
from venture_core.artifacts.deck.plan.charts import has_data, plan_chart
from venture_core.artifacts.deck.plan.geometry import PAGES, Box, Page
from venture_core.artifacts.deck.plan.layouts import Layout, LayoutSpec, layouts
from venture_core.artifacts.deck.plan.model import (
    DeckPlan,
    Element,
    Paragraph,
    PictureElement,
    SlidePlan,
    TextElement,
)
from venture_core.artifacts.deck.plan.pictures import contain, cover
from venture_core.artifacts.deck.plan.tables import plan_table
from venture_core.artifacts.deck.plan.text import Typeface, fit_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from venture_core.artifacts.deck.ir import Bullet, Slide, SlideSpec
    from venture_core.artifacts.images import ImageInfo


def plan_deck(
    spec: SlideSpec, images: Mapping[str, ImageInfo], page: Page | None = None
) -> DeckPlan:
    """Place and measure everything on every slide. `images` describes each asset that is used.

    `page` is where they stand; without it, the page of the document's aspect.
    """
    page = page or PAGES[spec.aspect]
    scheme = color_scheme(spec.theme)
    specs = layouts(page, scheme.on_primary, logo=spec.theme.logo is not None)
    planner = _Planner(specs, Typeface.of(spec), images)
    slides: list[SlidePlan] = []
    section = 0
    for number, slide in enumerate(spec.slides, start=1):
        section += isinstance(slide, SectionSlide)
        layout, elements = planner.plan(slide, section)
        slides.append(
            SlidePlan(
                number,
                specs[layout],
                tuple(elements),
                slide.notes,
                slide.title if isinstance(slide, SectionSlide) else "",
            )
        )
    return DeckPlan(spec, page, scheme, specs, tuple(slides))


@dataclass(frozen=True, slots=True)
class _Planner:
    specs: Mapping[Layout, LayoutSpec]
    typeface: Typeface
    images: Mapping[str, ImageInfo]

    def plan(self, slide: Slide, section: int) -> tuple[Layout, Iterator[Element]]:
        """Choose the layout of `slide` and plan its elements; `section` counts sections so far."""
        match slide:
            case TitleSlide():
                planned = Layout.COVER, self._cover(slide)
            case SectionSlide():
                planned = Layout.SECTION, self._section(slide, section)
            case BulletsSlide():
                planned = Layout.BULLETS, self._bullets(slide)
            case TwoColumnsSlide():
                planned = Layout.TWO_COLUMNS, self._two_columns(slide)
            case TableSlide():
                planned = Layout.TABLE, self._table(slide)
            case ChartSlide():
                planned = self._chart(slide)
            case ImageSlide():
                planned = Layout.IMAGE, self._image(slide)
            case QuoteSlide():
                planned = Layout.QUOTE, self._quote(slide)
        return planned

    def _text(
        self,
        layout: Layout,
        idx: int,
        element: str,
        *paragraphs: Paragraph,
        below: tuple[TextElement, ...] = (),
    ) -> Iterator[TextElement]:
        """Fit the paragraphs that are not blank, no larger than the headings that they stand below.

        Plan nothing when all are blank.
        """
        kept = tuple(paragraph for paragraph in paragraphs if paragraph.text.strip())
        if kept:
            holder = self.specs[layout].placeholder(idx)
            most = min((heading.size for heading in below), default=math.inf)
            yield fit_text(element, kept, holder, self.typeface, most)

    def _title(self, layout: Layout, title: str) -> Iterator[TextElement]:
        yield from self._text(layout, ids.TITLE, "title", Paragraph(title))

    def _cover(self, slide: TitleSlide) -> Iterator[Element]:
        yield from self._title(Layout.COVER, slide.title)
        yield from self._text(Layout.COVER, ids.BODY, "subtitle", Paragraph(slide.subtitle))
        byline = (Paragraph(slide.presenter, bold=True), Paragraph(slide.date))
        yield from self._text(Layout.COVER, ids.CAPTION, "presenter", *byline)

    def _section(self, slide: SectionSlide, section: int) -> Iterator[Element]:
        yield from self._title(Layout.SECTION, slide.title)
        yield from self._text(Layout.SECTION, ids.BODY, "subtitle", Paragraph(slide.subtitle))
        number = Paragraph(f"{section:02d}")
        yield from self._text(Layout.SECTION, ids.NUMBER, "number", number)

    def _bullets(self, slide: BulletsSlide) -> Iterator[Element]:
        title = tuple(self._title(Layout.BULLETS, slide.title))
        yield from title
        lines = _bullet_paragraphs(slide.bullets)
        yield from self._text(Layout.BULLETS, ids.BODY, "bullets", *lines, below=title)

    def _two_columns(self, slide: TwoColumnsSlide) -> Iterator[Element]:
        layout = Layout.TWO_COLUMNS
        title = tuple(self._title(layout, slide.title))
        yield from title
        heads = tuple(
            _same_size(
                *(
                    each
                    for idx, name, column in (
                        (ids.FIRST_HEADING, "left.heading", slide.left),
                        (ids.SECOND_HEADING, "right.heading", slide.right),
                    )
                    for each in self._text(
                        layout, idx, name, Paragraph(column.heading), below=title
                    )
                )
            )
        )
        yield from heads
        left = _bullet_paragraphs(slide.left.bullets)
        right = _bullet_paragraphs(slide.right.bullets)
        yield from _same_size(
            *self._text(layout, ids.BODY, "left.bullets", *left, below=heads or title),
            *self._text(layout, ids.SECOND, "right.bullets", *right, below=heads or title),
        )

    def _table(self, slide: TableSlide) -> Iterator[Element]:
        yield from self._title(Layout.TABLE, slide.title)
        area = self._visual_area(Layout.TABLE, slide.caption)
        yield plan_table(slide.table, slide.alt_text, area, self.typeface.body)
        yield from self._text(Layout.TABLE, ids.CAPTION, "caption", Paragraph(slide.caption))

    def _chart(self, slide: ChartSlide) -> tuple[Layout, Iterator[Element]]:
        layout = Layout.CHART_TAKEAWAY if slide.takeaway.strip() else Layout.CHART
        return layout, self._chart_elements(slide, layout)

    def _chart_elements(self, slide: ChartSlide, layout: Layout) -> Iterator[Element]:
        yield from self._title(layout, slide.title)
        if has_data(slide.chart):
            box = self.specs[layout].placeholder(ids.BODY).box
            yield plan_chart(slide.chart, slide.alt_text, box, self.typeface.body)
        if layout is Layout.CHART_TAKEAWAY:
            yield from self._text(layout, ids.CAPTION, "takeaway", Paragraph(slide.takeaway))

    def _image(self, slide: ImageSlide) -> Iterator[Element]:
        yield from self._title(Layout.IMAGE, slide.title)
        frame = self._visual_area(Layout.IMAGE, slide.caption)
        image = self.images[slide.image]
        alt_text = slide.alt_text.strip()
        if slide.fit == "cover":
            yield PictureElement(slide.image, frame, cover(image, frame), alt_text)
        else:
            yield PictureElement(slide.image, contain(image, frame), (0.0, 0.0), alt_text)
        yield from self._text(Layout.IMAGE, ids.CAPTION, "caption", Paragraph(slide.caption))

    def _visual_area(self, layout: Layout, caption: str) -> Box:
        """Return the box for a table or picture; without a caption it takes that room too."""
        visual = self.specs[layout].placeholder(ids.BODY).box
        below = self.specs[layout].placeholder(ids.CAPTION).box
        if caption.strip():
            return visual
        return replace(visual, height=below.bottom - visual.top)

    def _quote(self, slide: QuoteSlide) -> Iterator[Element]:
        yield from self._text(Layout.QUOTE, ids.TITLE, "quote", Paragraph(slide.quote))
        source = (Paragraph(slide.author, bold=True), Paragraph(slide.role, color=Role.MUTED))
        yield from self._text(Layout.QUOTE, ids.BODY, "author", *source)


def _bullet_paragraphs(bullets: tuple[Bullet, ...]) -> Iterator[Paragraph]:
    for first in bullets:
        yield Paragraph(first.text)
        for second in first.items:
            yield Paragraph(second.text, level=1)
            for third in second.items:
                yield Paragraph(third.text, level=2)


def _same_size(*elements: TextElement) -> Iterator[TextElement]:
    """Set elements that stand side by side in the size at which all of them fit."""
    size = min((element.size for element in elements), default=0.0)
    for element in elements:
        yield replace(element, size=size)
