"""The empty deck: presentation, theme, slide master and layouts, written from the layout specs."""

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from venture_core.artifacts.colors import Role
from venture_core.artifacts.deck.plan.layouts import (
    BODY_STYLE,
    FOOTER_POINTS,
    LEVEL_INDENT,
    TITLE_STYLE,
    Kind,
    LayoutSpec,
    Placeholder,
    TextStyle,
    body_box,
    footer_box,
    level_size,
    number_box,
    space_before,
    title_box,
)
from venture_core.artifacts.deck.render.markup import (
    DECLARATION,
    EMPTY_GROUP,
    NAMESPACES,
    RELATIONSHIPS,
    background,
    decoration,
    faces,
    fill,
    text_size,
    transform,
)
from venture_core.artifacts.deck.render.tablestyle import table_styles_xml
from venture_core.artifacts.packaging.archive import write_zip
from venture_core.artifacts.packaging.officetheme import theme_xml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from venture_core.artifacts.deck.ir import SlideSpec
    from venture_core.artifacts.deck.plan.geometry import Box
    from venture_core.artifacts.deck.plan.model import DeckPlan

FOOTER_IDX = 10
NUMBER_IDX = 11
SLIDE_NUMBER_FIELD = "{B6F15528-21DE-4FAA-801E-634DDDAF4B2B}"

_FIRST_LAYOUT_ID = 2_147_483_649
_MASTER_ID = _FIRST_LAYOUT_ID - 1
_PACKAGE_TYPES = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "application/vnd.openxmlformats-officedocument"
_PML = f"{_OFFICE}.presentationml"
_CORE_TYPE = "application/vnd.openxmlformats-package.core-properties+xml"
_BULLETS = ("\u2022", "\u2013", "\u00b7")
_LAYOUT_TYPES = {
    "Cover": "title",
    "Section": "secHead",
    "Bullets": "obj",
    "Two columns": "twoTxTwoObj",
    "Table": "tbl",
    "Chart": "chart",
    "Image": "picTx",
}
_COLOR_MAP = (
    '<p:clrMap bg1="lt1" tx1="dk1" bg2="lt2" tx2="dk2" accent1="accent1" accent2="accent2" '
    'accent3="accent3" accent4="accent4" accent5="accent5" accent6="accent6" hlink="hlink" '
    'folHlink="folHlink"/>'
)


def template(plan: DeckPlan) -> bytes:
    """Write the deck without slides, as a package that python-pptx opens."""
    return write_zip((name, (DECLARATION + text).encode()) for name, text in _parts(plan))


def _parts(plan: DeckPlan) -> Iterator[tuple[str, str]]:
    specs = tuple(plan.layouts.values())
    count = len(specs)
    yield "[Content_Types].xml", _content_types(count)
    yield (
        "_rels/.rels",
        _relationships(
            [
                ("officeDocument", "ppt/presentation.xml"),
                ("metadata/core-properties", "docProps/core.xml"),
                ("extended-properties", "docProps/app.xml"),
            ]
        ),
    )
    yield "docProps/app.xml", _app_properties()
    yield "docProps/core.xml", _core_properties(plan.spec)
    yield "ppt/presentation.xml", _presentation(plan)
    yield (
        "ppt/_rels/presentation.xml.rels",
        _relationships(
            [
                ("slideMaster", "slideMasters/slideMaster1.xml"),
                ("presProps", "presProps.xml"),
                ("viewProps", "viewProps.xml"),
                ("theme", "theme/theme1.xml"),
                ("tableStyles", "tableStyles.xml"),
            ]
        ),
    )
    yield "ppt/presProps.xml", f"<p:presentationPr {NAMESPACES}/>"
    yield "ppt/viewProps.xml", f"<p:viewPr {NAMESPACES}/>"
    yield "ppt/tableStyles.xml", table_styles_xml(plan.scheme.on_primary)
    yield "ppt/theme/theme1.xml", theme_xml(plan.spec.theme, plan.scheme, plan.spec.language)
    yield "ppt/slideMasters/slideMaster1.xml", _master(plan, count)
    targets = [("slideLayout", f"../slideLayouts/slideLayout{n}.xml") for n in range(1, count + 1)]
    targets.append(("theme", "../theme/theme1.xml"))
    yield "ppt/slideMasters/_rels/slideMaster1.xml.rels", _relationships(targets)
    back = _relationships([("slideMaster", "../slideMasters/slideMaster1.xml")])
    for number, spec in enumerate(specs, start=1):
        yield f"ppt/slideLayouts/slideLayout{number}.xml", _layout(plan, spec)
        yield f"ppt/slideLayouts/_rels/slideLayout{number}.xml.rels", back


def _content_types(layouts: int) -> str:
    overrides = [
        ("/docProps/app.xml", f"{_OFFICE}.extended-properties+xml"),
        ("/docProps/core.xml", _CORE_TYPE),
        ("/ppt/presentation.xml", f"{_PML}.presentation.main+xml"),
        ("/ppt/presProps.xml", f"{_PML}.presProps+xml"),
        ("/ppt/viewProps.xml", f"{_PML}.viewProps+xml"),
        ("/ppt/tableStyles.xml", f"{_PML}.tableStyles+xml"),
        ("/ppt/theme/theme1.xml", f"{_OFFICE}.theme+xml"),
        ("/ppt/slideMasters/slideMaster1.xml", f"{_PML}.slideMaster+xml"),
    ]
    overrides += [
        (f"/ppt/slideLayouts/slideLayout{number}.xml", f"{_PML}.slideLayout+xml")
        for number in range(1, layouts + 1)
    ]
    rows = "".join(
        f'<Override PartName="{name}" ContentType="{kind}"/>' for name, kind in overrides
    )
    return (
        f'<Types xmlns="{_PACKAGE_TYPES}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{rows}</Types>'
    )


def _relationships(targets: Iterable[tuple[str, str]]) -> str:
    rows = "".join(
        f'<Relationship Id="rId{number}" Type="{_relationship_type(kind)}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, start=1)
    )
    return f'<Relationships xmlns="{_PACKAGE_TYPES}/relationships">{rows}</Relationships>'


def _relationship_type(kind: str) -> str:
    if kind.startswith("metadata/"):
        return f"{_PACKAGE_TYPES}/relationships/{kind}"
    return f"{RELATIONSHIPS}/{kind}"


def _app_properties() -> str:
    return (
        '<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/'
        'extended-properties"><Application>Venture</Application></Properties>'
    )


def _core_properties(spec: SlideSpec) -> str:
    """Title, author and language. Times are left out: the same deck has no time of its own."""
    creator = f"<dc:creator>{escape(spec.author)}</dc:creator>" if spec.author.strip() else ""
    return (
        f'<cp:coreProperties xmlns:cp="{_PACKAGE_TYPES}/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title>{escape(spec.title)}</dc:title>{creator}"
        f"<dc:language>{spec.language}</dc:language></cp:coreProperties>"
    )


def _presentation(plan: DeckPlan) -> str:
    levels = "".join(
        f'<a:lvl{level}pPr marL="{(level - 1) * 457200}"><a:defRPr sz="1800">{fill(Role.TEXT)}'
        f"{faces('mn')}</a:defRPr></a:lvl{level}pPr>"
        for level in range(1, 10)
    )
    language = plan.spec.language
    return (
        f'<p:presentation {NAMESPACES} saveSubsetFonts="1">'
        f'<p:sldMasterIdLst><p:sldMasterId id="{_MASTER_ID}" r:id="rId1"/></p:sldMasterIdLst>'
        f'<p:sldSz cx="{plan.page.width}" cy="{plan.page.height}"/>'
        '<p:notesSz cx="6858000" cy="9144000"/><p:defaultTextStyle><a:defPPr>'
        f'<a:defRPr lang="{language}"/></a:defPPr>{levels}</p:defaultTextStyle></p:presentation>'
    )


def _master(plan: DeckPlan, layouts: int) -> str:
    page = plan.page
    logo = plan.spec.theme.logo is not None
    title = Placeholder(0, Kind.TITLE, "Title", title_box(page, logo=logo), TITLE_STYLE)
    body = Placeholder(1, Kind.BODY, "Text", body_box(page), BODY_STYLE)
    shapes = _placeholder(2, title) + _placeholder(3, body) + _footer_shapes(plan, 4, "")
    layout_ids = "".join(
        f'<p:sldLayoutId id="{_FIRST_LAYOUT_ID + index}" r:id="rId{index + 1}"/>'
        for index in range(layouts)
    )
    return (
        f"<p:sldMaster {NAMESPACES}><p:cSld>{background(Role.BACKGROUND)}"
        f"<p:spTree>{EMPTY_GROUP}{shapes}</p:spTree></p:cSld>{_COLOR_MAP}"
        f"<p:sldLayoutIdLst>{layout_ids}</p:sldLayoutIdLst>"
        f'<p:hf hdr="0" dt="0"/><p:txStyles><p:titleStyle>{_levels(TITLE_STYLE)}</p:titleStyle>'
        f"<p:bodyStyle>{_levels(BODY_STYLE)}</p:bodyStyle>"
        f"<p:otherStyle>{_plain_level(FOOTER_POINTS, Role.TEXT)}</p:otherStyle></p:txStyles>"
        "</p:sldMaster>"
    )


def _layout(plan: DeckPlan, spec: LayoutSpec) -> str:
    shapes: list[str] = []
    for item in spec.decorations:
        shapes.append(decoration(len(shapes) + 2, item))
    for holder in spec.placeholders:
        shapes.append(_placeholder(len(shapes) + 2, holder))
    if spec.footer:
        shapes.append(_footer_shapes(plan, len(shapes) + 2, plan.spec.footer.text))
    kind = _LAYOUT_TYPES.get(spec.layout.value)
    attributes = f' type="{kind}"' if kind else ' userDrawn="1"'
    if not spec.logo:
        attributes += ' showMasterSp="0"'
    paint = "" if spec.background is Role.BACKGROUND else background(spec.background)
    return (
        f'<p:sldLayout {NAMESPACES}{attributes} preserve="1">'
        f"<p:cSld name={quoteattr(spec.layout.value)}>{paint}"
        f"<p:spTree>{EMPTY_GROUP}{''.join(shapes)}</p:spTree></p:cSld>"
        "<p:clrMapOvr><a:masterClrMapping/></p:clrMapOvr></p:sldLayout>"
    )


def _placeholder(shape_id: int, holder: Placeholder) -> str:
    index = f' idx="{holder.idx}"' if holder.idx else ""
    style = holder.style
    prompt = f"Click to edit {holder.name.lower()}"
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="{shape_id}" name={quoteattr(holder.name)}/>'
        '<p:cNvSpPr><a:spLocks noGrp="1"/></p:cNvSpPr>'
        f'<p:nvPr><p:ph type="{holder.kind.value}"{index}/></p:nvPr></p:nvSpPr>'
        f'<p:spPr>{transform(holder.box)}<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></p:spPr>'
        f"<p:txBody>{_body_properties(style.anchor)}<a:lstStyle>{_levels(style)}</a:lstStyle>"
        f"<a:p><a:r><a:t>{escape(prompt)}</a:t></a:r></a:p></p:txBody></p:sp>"
    )


def _body_properties(anchor: str) -> str:
    """No inner margins, so that text stands on the grid; shrinks when a user types more."""
    return (
        f'<a:bodyPr vert="horz" wrap="square" lIns="0" tIns="0" rIns="0" bIns="0" '
        f'anchor="{anchor}"><a:normAutofit/></a:bodyPr>'
    )


def _levels(style: TextStyle) -> str:
    """Write the paragraph properties of a style's levels: one, or three with bullets."""
    size = style.sizes[0]
    family = "mj" if style.heading else "mn"
    if not style.bullets:
        return _plain_level(size, style.color, bold=style.bold, family=family)
    return "".join(
        f'<a:lvl{level + 1}pPr marL="{LEVEL_INDENT * (level + 1)}" indent="-{LEVEL_INDENT}" '
        'algn="l"><a:lnSpc><a:spcPct val="100000"/></a:lnSpc>'
        f'<a:spcBef><a:spcPts val="{text_size(space_before(size, level))}"/></a:spcBef>'
        f'<a:buClr><a:schemeClr val="{Role.PRIMARY.value}"/></a:buClr>'
        f'<a:buFont typeface="Arial"/><a:buChar char="{bullet}"/>'
        f'<a:defRPr sz="{text_size(level_size(size, level))}" b="0">{fill(style.color)}'
        f"{faces(family)}</a:defRPr></a:lvl{level + 1}pPr>"
        for level, bullet in enumerate(_BULLETS)
    )


def _plain_level(
    size: float, color: Role, *, bold: bool = False, family: str = "mn", align: str = "l"
) -> str:
    return (
        f'<a:lvl1pPr marL="0" indent="0" algn="{align}"><a:lnSpc><a:spcPct val="100000"/></a:lnSpc>'
        '<a:spcBef><a:spcPts val="0"/></a:spcBef><a:buNone/>'
        f'<a:defRPr sz="{text_size(size)}" b="{int(bold)}">{fill(color)}'
        f"{faces(family)}</a:defRPr></a:lvl1pPr>"
    )


def _footer_shapes(plan: DeckPlan, first_id: int, text: str) -> str:
    """Write the footer and slide number placeholders of the master or of a layout."""
    footer = _footer_shape(
        first_id,
        f'type="ftr" sz="quarter" idx="{FOOTER_IDX}"',
        "Footer",
        footer_box(plan.page),
        "l",
        f"<a:r><a:t>{escape(text)}</a:t></a:r>" if text else "",
    )
    number = _footer_shape(
        first_id + 1,
        f'type="sldNum" sz="quarter" idx="{NUMBER_IDX}"',
        "Slide number",
        number_box(plan.page),
        "r",
        f'<a:fld id="{SLIDE_NUMBER_FIELD}" type="slidenum"><a:rPr/>'
        "<a:t>\u2039#\u203a</a:t></a:fld>",
    )
    return footer + number


def _footer_shape(
    shape_id: int, attributes: str, name: str, box: Box, align: str, content: str
) -> str:
    style = _plain_level(FOOTER_POINTS, Role.MUTED, align=align)
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="{shape_id}" name="{name}"/>'
        '<p:cNvSpPr><a:spLocks noGrp="1"/></p:cNvSpPr>'
        f"<p:nvPr><p:ph {attributes}/></p:nvPr></p:nvSpPr>"
        f'<p:spPr>{transform(box)}<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></p:spPr>'
        '<p:txBody><a:bodyPr vert="horz" wrap="square" lIns="0" tIns="0" rIns="0" bIns="0" '
        f'anchor="ctr"/><a:lstStyle>{style}</a:lstStyle><a:p>{content}</a:p></p:txBody></p:sp>'
    )
