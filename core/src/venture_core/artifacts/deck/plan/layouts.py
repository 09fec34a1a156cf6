"""The slide layouts: where each placeholder stands and how its text looks.

One description serves both sides: the file's layouts are written from it, and the planner fits
text into its boxes, so that what was measured is what the viewer draws.
"""

from dataclasses import dataclass, replace
from enum import Enum
from functools import cache

from venture_core.artifacts.colors import Role
from venture_core.artifacts.deck.plan.geometry import Box, Page, inches, points


class Layout(Enum):
    """The layouts of a deck. The value is the name that the presentation program shows."""

    COVER = "Cover"
    SECTION = "Section"
    BULLETS = "Bullets"
    TWO_COLUMNS = "Two columns"
    TABLE = "Table"
    CHART = "Chart"
    CHART_TAKEAWAY = "Chart and takeaway"
    IMAGE = "Image"
    QUOTE = "Quote"


class Kind(Enum):
    """What a placeholder takes. The value is its type in the file."""

    TITLE = "title"
    CENTER_TITLE = "ctrTitle"
    SUBTITLE = "subTitle"
    BODY = "body"
    TABLE = "tbl"
    CHART = "chart"
    PICTURE = "pic"


@dataclass(frozen=True, slots=True)
class TextStyle:
    """How text looks, and the sizes it may shrink to."""

    sizes: tuple[float, ...]
    """Sizes in points, from the one that is wanted to the smallest that is still readable."""
    color: Role
    on: Role
    """What is behind the text."""
    heading: bool = False
    """Set in the heading family, else in the body family."""
    bold: bool = False
    bullets: bool = False
    anchor: str = "t"
    """Vertical place in the box: t(op), ctr or b(ottom)."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One placeholder of a layout."""

    idx: int
    """Its number, by which slides refer to it; the title has 0."""
    kind: Kind
    name: str
    box: Box
    style: TextStyle


@dataclass(frozen=True, slots=True)
class Decoration:
    """A shape that all slides of a layout show."""

    name: str
    box: Box
    color: Role
    opacity: float = 1.0
    glyph: str = ""
    """A character drawn in the colour instead of a filled rectangle."""


@dataclass(frozen=True, slots=True)
class LayoutSpec:
    """One layout."""

    layout: Layout
    background: Role
    placeholders: tuple[Placeholder, ...]
    decorations: tuple[Decoration, ...] = ()
    footer: bool = False
    """Shows the footer text and the slide number."""
    logo: bool = True
    """Shows the logo in the upper right corner."""

    def placeholder(self, idx: int) -> Placeholder:
        """Return the placeholder with the number `idx`."""
        return next(item for item in self.placeholders if item.idx == idx)


TITLE = 0
BODY = 1
SECOND = 2
FIRST_HEADING = 13
SECOND_HEADING = 14
CAPTION = 15
NUMBER = 16

FOOTER_POINTS = 10.0
TITLE_SIZES = (28.0, 26.0, 24.0, 22.0)
BODY_SIZES = (24.0, 22.0, 20.0, 18.0, 16.0, 14.0)
COLUMN_SIZES = (22.0, 20.0, 18.0, 16.0, 14.0)

_TITLE_TOP = inches(0.7)
_TITLE_HEIGHT = inches(0.9)
_BODY_TOP = inches(1.82)
_BODY_BOTTOM = inches(6.72)
_FOOTER_TOP = inches(6.98)
_FOOTER_HEIGHT = inches(0.26)
_GUTTER = inches(0.5)

LEVEL_INDENT = points(20)
"""Each level of bullets stands this much further to the right."""


def level_size(size: float, level: int) -> float:
    """Return the size of bullets at `level` (0 to 2) under first-level text of `size` points."""
    return max(12.0, size - 2 * level)


def space_before(size: float, level: int) -> float:
    """Return the space above a bullet, in points, in a list whose first level has `size` points."""
    return round(size * (0.6, 0.3, 0.2)[level])


def logo_box(page: Page) -> Box:
    """Return where the logo stands on content slides: the upper right corner."""
    width, height = inches(1.4), inches(0.42)
    return Box(page.width - page.margin - width, inches(0.36), width, height)


def cover_logo_box(page: Page) -> Box:
    """Return where the logo stands on the title slide, on a plate in the background colour."""
    return Box(page.margin, inches(0.7), inches(2.2), inches(0.66))


def footer_box(page: Page) -> Box:
    """Return where the footer text stands: at the lower left."""
    return Box(page.margin, _FOOTER_TOP, page.inner - inches(1.2), _FOOTER_HEIGHT)


def number_box(page: Page) -> Box:
    """Return where the slide number stands: at the lower right."""
    width = inches(1.0)
    return Box(page.width - page.margin - width, _FOOTER_TOP, width, _FOOTER_HEIGHT)


def title_box(page: Page, *, logo: bool) -> Box:
    """Return where the title of content slides stands; it leaves room for a logo."""
    width = page.inner - (inches(1.7) if logo else 0)
    return Box(page.margin, _TITLE_TOP, width, _TITLE_HEIGHT)


def body_box(page: Page) -> Box:
    """Return the area of a content slide's body."""
    return Box(page.margin, _BODY_TOP, page.inner, _BODY_BOTTOM - _BODY_TOP)


TITLE_STYLE = TextStyle(TITLE_SIZES, Role.TEXT, Role.BACKGROUND, heading=True, bold=True)
BODY_STYLE = TextStyle(BODY_SIZES, Role.TEXT, Role.BACKGROUND, bullets=True)
_COLUMN_STYLE = replace(BODY_STYLE, sizes=COLUMN_SIZES)
_COLUMN_HEADING_STYLE = TextStyle(
    (22.0, 20.0, 18.0, 16.0, 14.0),
    Role.PRIMARY,
    Role.BACKGROUND,
    heading=True,
    bold=True,
    anchor="b",
)
_CAPTION_STYLE = TextStyle((14.0, 13.0, 12.0), Role.MUTED, Role.BACKGROUND)
_VISUAL_STYLE = TextStyle((18.0,), Role.MUTED, Role.BACKGROUND)


@cache
def layouts(page: Page, on_primary: Role, *, logo: bool) -> dict[Layout, LayoutSpec]:
    """Lay out every kind of slide on this page, in the order in which the file lists them.

    `on_primary` is the colour role of text on the primary colour; `logo` says whether the deck
    has one.
    """
    title = Placeholder(TITLE, Kind.TITLE, "Title", title_box(page, logo=logo), TITLE_STYLE)
    specs = (
        _cover(page, on_primary),
        _section(page, on_primary),
        _content(
            Layout.BULLETS,
            page,
            title,
            Placeholder(BODY, Kind.BODY, "Bullets", body_box(page), BODY_STYLE),
        ),
        _two_columns(page, title),
        _captioned(Layout.TABLE, Kind.TABLE, page, title),
        _content(
            Layout.CHART,
            page,
            title,
            Placeholder(BODY, Kind.CHART, "Chart", body_box(page), _VISUAL_STYLE),
        ),
        _chart_takeaway(page, title),
        _captioned(Layout.IMAGE, Kind.PICTURE, page, title),
        _quote(page),
    )
    return {spec.layout: spec for spec in specs}


def _accent_bar(page: Page) -> Decoration:
    box = Box(page.margin, inches(0.5), inches(0.6), inches(0.07))
    return Decoration("Accent bar", box, Role.PRIMARY)


def _content(
    layout: Layout,
    page: Page,
    title: Placeholder,
    *body: Placeholder,
    decorations: tuple[Decoration, ...] = (),
) -> LayoutSpec:
    """Lay out a content slide: accent bar, title, and whatever fills the body."""
    return LayoutSpec(
        layout,
        Role.BACKGROUND,
        (title, *body),
        (_accent_bar(page), *decorations),
        True,
    )


def _cover(page: Page, on_primary: Role) -> LayoutSpec:
    """Lay out the opening: full-bleed primary colour, rising columns tone on tone."""
    columns = tuple(
        Decoration(
            f"Column {index + 1}",
            Box(
                page.width - page.margin - inches(0.62) * (3 - index) + inches(0.12),
                page.height - inches(rise),
                inches(0.5),
                inches(rise),
            ),
            on_primary,
            opacity,
        )
        for index, (rise, opacity) in enumerate(((1.6, 0.12), (2.9, 0.2), (4.4, 0.3)))
    )
    width = page.inner - inches(2.3)
    bar = Decoration(
        "Accent bar", Box(page.margin, inches(4.24), inches(0.9), inches(0.08)), on_primary
    )
    title = TextStyle(
        (44.0, 40.0, 36.0, 32.0, 28.0),
        on_primary,
        Role.PRIMARY,
        heading=True,
        bold=True,
        anchor="b",
    )
    subtitle = TextStyle((22.0, 20.0, 18.0), on_primary, Role.PRIMARY)
    byline = TextStyle((16.0, 14.0, 12.0), on_primary, Role.PRIMARY, anchor="b")
    return LayoutSpec(
        Layout.COVER,
        Role.PRIMARY,
        (
            Placeholder(
                TITLE,
                Kind.CENTER_TITLE,
                "Title",
                Box(page.margin, inches(1.6), width, inches(2.44)),
                title,
            ),
            Placeholder(
                BODY,
                Kind.SUBTITLE,
                "Subtitle",
                Box(page.margin, inches(4.55), width, inches(1.2)),
                subtitle,
            ),
            Placeholder(
                CAPTION,
                Kind.BODY,
                "Presenter and date",
                Box(page.margin, inches(6.0), width, inches(0.85)),
                byline,
            ),
        ),
        (*columns, bar),
        logo=False,
    )


def _section(page: Page, on_primary: Role) -> LayoutSpec:
    """Set the section's number on a panel at the left, its title at the right."""
    panel = Box(0, 0, round(page.width * 0.31), page.height)
    left = panel.right + inches(0.7)
    width = page.width - page.margin - left
    number = TextStyle((88.0,), on_primary, Role.PRIMARY, heading=True, bold=True, anchor="b")
    title = TextStyle(
        (38.0, 34.0, 30.0, 26.0), Role.TEXT, Role.BACKGROUND, heading=True, bold=True, anchor="b"
    )
    subtitle = TextStyle((20.0, 18.0, 16.0), Role.MUTED, Role.BACKGROUND)
    return LayoutSpec(
        Layout.SECTION,
        Role.BACKGROUND,
        (
            Placeholder(
                TITLE, Kind.TITLE, "Title", Box(left, inches(1.9), width, inches(2.14)), title
            ),
            Placeholder(
                BODY, Kind.BODY, "Subtitle", Box(left, inches(4.5), width, inches(1.5)), subtitle
            ),
            Placeholder(
                NUMBER,
                Kind.BODY,
                "Section number",
                Box(page.margin, inches(2.5), panel.width - page.margin, inches(1.82)),
                number,
            ),
        ),
        (
            Decoration("Panel", panel, Role.PRIMARY),
            Decoration(
                "Accent bar", Box(left, inches(4.24), inches(0.9), inches(0.08)), Role.PRIMARY
            ),
        ),
        logo=False,
    )


def _two_columns(page: Page, title: Placeholder) -> LayoutSpec:
    """Set two columns, each under a heading and a rule."""
    body = body_box(page)
    width = (body.width - _GUTTER) // 2
    heading_height, rule_height = inches(0.62), inches(0.045)
    columns: list[Placeholder] = []
    rules: list[Decoration] = []
    for name, left, heading_idx, idx, color in (
        ("Left", body.left, FIRST_HEADING, BODY, Role.PRIMARY),
        ("Right", body.right - width, SECOND_HEADING, SECOND, Role.ACCENT2),
    ):
        heading = Box(left, body.top, width, heading_height)
        rule = Box(left, heading.bottom + inches(0.08), width, rule_height)
        text_top = rule.bottom + inches(0.14)
        text = Box(left, text_top, width, body.bottom - text_top)
        style = replace(_COLUMN_HEADING_STYLE, color=color)
        columns.append(Placeholder(heading_idx, Kind.BODY, f"{name} heading", heading, style))
        columns.append(Placeholder(idx, Kind.BODY, f"{name} bullets", text, _COLUMN_STYLE))
        rules.append(Decoration(f"{name} rule", rule, color))
    return _content(Layout.TWO_COLUMNS, page, title, *columns, decorations=tuple(rules))


def _captioned(layout: Layout, kind: Kind, page: Page, title: Placeholder) -> LayoutSpec:
    """Set a table or picture with a caption below."""
    body = body_box(page)
    caption_height = inches(0.5)
    visual = Box(body.left, body.top, body.width, body.height - caption_height - inches(0.12))
    caption = Box(body.left, body.bottom - caption_height, body.width, caption_height)
    return _content(
        layout,
        page,
        title,
        Placeholder(BODY, kind, layout.value, visual, _VISUAL_STYLE),
        Placeholder(CAPTION, Kind.BODY, "Caption", caption, replace(_CAPTION_STYLE, anchor="b")),
    )


def _chart_takeaway(page: Page, title: Placeholder) -> LayoutSpec:
    """Set a chart beside a panel that says what it means."""
    body = body_box(page)
    panel_width = round(body.width * 0.27)
    panel = Box(body.right - panel_width, body.top, panel_width, body.height)
    edge = Box(panel.left, panel.top, inches(0.07), panel.height)
    pad = inches(0.25)
    text = Box(
        edge.right + pad,
        panel.top + pad,
        panel.right - edge.right - 2 * pad,
        panel.height - 2 * pad,
    )
    style = TextStyle(
        (22.0, 20.0, 18.0, 16.0, 14.0), Role.TEXT, Role.SURFACE, heading=True, anchor="ctr"
    )
    chart = Box(body.left, body.top, panel.left - body.left - inches(0.35), body.height)
    return _content(
        Layout.CHART_TAKEAWAY,
        page,
        title,
        Placeholder(BODY, Kind.CHART, "Chart", chart, _VISUAL_STYLE),
        Placeholder(CAPTION, Kind.BODY, "Takeaway", text, style),
        decorations=(
            Decoration("Panel", panel, Role.SURFACE),
            Decoration("Panel edge", edge, Role.PRIMARY),
        ),
    )


def _quote(page: Page) -> LayoutSpec:
    """Set large words on the surface colour; the quotation is the slide's title."""
    left = page.margin + inches(0.9)
    width = page.width - left - page.margin - inches(0.4)
    quote = TextStyle(
        (34.0, 30.0, 28.0, 26.0, 24.0, 22.0, 20.0, 18.0),
        Role.TEXT,
        Role.SURFACE,
        heading=True,
        anchor="b",
    )
    source = TextStyle((18.0, 16.0, 14.0), Role.TEXT, Role.SURFACE)
    return LayoutSpec(
        Layout.QUOTE,
        Role.SURFACE,
        (
            Placeholder(
                TITLE, Kind.TITLE, "Quotation", Box(left, inches(1.9), width, inches(2.84)), quote
            ),
            Placeholder(
                BODY, Kind.BODY, "Source", Box(left, inches(5.2), width, inches(0.85)), source
            ),
        ),
        (
            Decoration(
                "Quotation mark",
                Box(page.margin - inches(0.06), inches(2.05), inches(0.9), inches(1.4)),
                Role.PRIMARY,
                glyph="\u201c",
            ),
            Decoration(
                "Accent bar", Box(left, inches(4.94), inches(0.9), inches(0.08)), Role.PRIMARY
            ),
        ),
        True,
        logo=False,
    )
