"""The empty package: every part of a text but its words."""

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from venture_core.artifacts.doc.ir.blocks import ListBlock
from venture_core.artifacts.doc.render.markup import (
    NAMESPACES,
    field,
    paragraph,
    run,
    tab_stops,
)
from venture_core.artifacts.doc.render.styles import numbering_xml, styles_xml
from venture_core.artifacts.ir.theme import FontFamily
from venture_core.artifacts.packaging.archive import write_zip
from venture_core.artifacts.packaging.officetheme import theme_xml
from venture_core.artifacts.packaging.opc import (
    DECLARATION,
    PACKAGE,
    RELATIONSHIPS,
    content_types,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from venture_core.artifacts.doc.plan.model import DocPlan
    from venture_core.artifacts.ir.text import Source
    from venture_core.artifacts.ir.theme import Fonts

_WML = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_FONT_KINDS = {FontFamily.CAMBRIA: "roman", FontFamily.TIMES_NEW_ROMAN: "roman"}
"""Of the families with serifs; the others have none."""
_HEADER_SPACE = 600
"""Twips from the edge of the paper to header and footer."""
_DOCUMENT_PARTS = (
    ("styles", "styles.xml"),
    ("numbering", "numbering.xml"),
    ("settings", "settings.xml"),
    ("footnotes", "footnotes.xml"),
    ("header", "header1.xml"),
    ("footer", "footer1.xml"),
    ("header", "header2.xml"),
    ("fontTable", "fontTable.xml"),
    ("theme", "theme/theme1.xml"),
)
_TYPES = {
    "/docProps/app.xml": "application/vnd.openxmlformats-officedocument.extended-properties+xml",
    "/docProps/core.xml": "application/vnd.openxmlformats-package.core-properties+xml",
    "/word/document.xml": f"{_WML}.document.main+xml",
    **{f"/word/{name}": f"{_WML}.{kind}+xml" for kind, name in _DOCUMENT_PARTS},
    "/word/theme/theme1.xml": "application/vnd.openxmlformats-officedocument.theme+xml",
}


def template(plan: DocPlan) -> bytes:
    """Return the package with an empty body."""
    members = [(name, f"{DECLARATION}{text}".encode()) for name, text in _members(plan)]
    return write_zip([("[Content_Types].xml", content_types(_TYPES)), *members])


def _members(plan: DocPlan) -> Iterator[tuple[str, str]]:
    spec = plan.spec
    yield (
        "_rels/.rels",
        _relationships(
            [
                (f"{RELATIONSHIPS}/officeDocument", "word/document.xml"),
                (f"{PACKAGE}/relationships/metadata/core-properties", "docProps/core.xml"),
                (f"{RELATIONSHIPS}/extended-properties", "docProps/app.xml"),
            ]
        ),
    )
    yield (
        "word/_rels/document.xml.rels",
        _relationships((f"{RELATIONSHIPS}/{kind}", name) for kind, name in _DOCUMENT_PARTS),
    )
    creator = f"<dc:creator>{escape(spec.author)}</dc:creator>" if spec.author.strip() else ""
    yield (
        "docProps/core.xml",
        f'<cp:coreProperties xmlns:cp="{PACKAGE}/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title>{escape(spec.title)}</dc:title>{creator}"
        f"<dc:language>{spec.language}</dc:language></cp:coreProperties>",
    )
    yield (
        "docProps/app.xml",
        '<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/'
        'extended-properties"><Application>Venture</Application></Properties>',
    )
    lists = sum(
        isinstance(each.block, ListBlock) and each.block.style == "numbers" for each in plan.blocks
    )
    yield "word/styles.xml", styles_xml(plan)
    yield "word/numbering.xml", numbering_xml(lists)
    yield "word/settings.xml", _settings(spec.language)
    yield "word/footnotes.xml", _footnotes(plan.notes)
    yield "word/fontTable.xml", _font_table(spec.theme.fonts)
    yield "word/theme/theme1.xml", theme_xml(spec.theme, plan.scheme, spec.language)
    head = spec.page.header.strip() or spec.title
    yield "word/header1.xml", _header(run(head))
    yield "word/header2.xml", _header("")
    yield "word/footer1.xml", _footer(plan)
    yield "word/document.xml", document_xml(plan)


def _relationships(targets: Iterable[tuple[str, str]]) -> str:
    rows = "".join(
        f'<Relationship Id="rId{number}" Type="{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, start=1)
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{rows}</Relationships>'


def _settings(language: str) -> str:
    return (
        f'<w:settings {NAMESPACES}><w:zoom w:percent="100"/><w:defaultTabStop w:val="720"/>'
        '<w:characterSpacingControl w:val="doNotCompress"/><w:footnotePr>'
        '<w:footnote w:id="-1"/><w:footnote w:id="0"/></w:footnotePr><w:compat>'
        '<w:compatSetting w:name="compatibilityMode" '
        'w:uri="http://schemas.microsoft.com/office/word" w:val="15"/></w:compat>'
        f'<w:themeFontLang w:val="{language}"/><w:clrSchemeMapping w:bg1="light1" w:t1="dark1" '
        'w:bg2="light2" w:t2="dark2" w:accent1="accent1" w:accent2="accent2" w:accent3="accent3" '
        'w:accent4="accent4" w:accent5="accent5" w:accent6="accent6" w:hyperlink="hyperlink" '
        'w:followedHyperlink="followedHyperlink"/></w:settings>'
    )


def _font_table(fonts: Fonts) -> str:
    """Write what kind of letters each font has: what stands in for one that is not there."""
    kinds = {
        family.value: _FONT_KINDS.get(family, "swiss") for family in (fonts.heading, fonts.body)
    }
    rows = "".join(
        f'<w:font w:name="{name}"><w:charset w:val="00"/><w:family w:val="{kind}"/>'
        '<w:pitch w:val="variable"/></w:font>'
        for name, kind in sorted(kinds.items())
    )
    return f"<w:fonts {NAMESPACES}>{rows}</w:fonts>"


def _footnotes(notes: Iterable[Source]) -> str:
    lines = "".join(
        f'<w:footnote w:type="{kind}" w:id="{number}"><w:p><w:pPr><w:spacing w:after="0" '
        f'w:line="240" w:lineRule="auto"/></w:pPr><w:r><w:{mark}/></w:r></w:p></w:footnote>'
        for number, kind, mark in (
            (-1, "separator", "separator"),
            (0, "continuationSeparator", "continuationSeparator"),
        )
    )
    reference = '<w:r><w:rPr><w:rStyle w:val="FootnoteReference"/></w:rPr><w:footnoteRef/></w:r>'
    texts = "".join(
        f'<w:footnote w:id="{number}">'
        f"{paragraph('FootnoteText', reference + run(' ' + _note(source)))}</w:footnote>"
        for number, source in enumerate(notes, start=1)
    )
    return f"<w:footnotes {NAMESPACES}>{lines}{texts}</w:footnotes>"


def _note(source: Source) -> str:
    if source.link is None or source.link.startswith("#"):
        return source.text
    return f"{source.text} {source.link.removeprefix('mailto:')}"


def _header(content: str) -> str:
    return f"<w:hdr {NAMESPACES}>{paragraph('Header', content)}</w:hdr>"


def _footer(plan: DocPlan) -> str:
    page = plan.spec.page
    content = run(page.footer) if page.footer.strip() else ""
    if page.page_numbers:
        content += "<w:r><w:tab/></w:r>" + field("PAGE", "1") + run(" / ") + field("NUMPAGES", "1")
    return f"<w:ftr {NAMESPACES}>{paragraph('Footer', content, tab_stops(plan))}</w:ftr>"


def document_xml(plan: DocPlan, body: str = "") -> str:
    """Write the part with the words, whose blocks are `body`."""
    paper = plan.paper
    bidi = "<w:bidi/>" if plan.rtl else ""
    names = [name for _, name in _DOCUMENT_PARTS]
    header, footer, first = (
        f"rId{names.index(name) + 1}" for name in ("header1.xml", "footer1.xml", "header2.xml")
    )
    return (
        f"<w:document {NAMESPACES}><w:body>{body}<w:sectPr>"
        f'<w:headerReference w:type="default" r:id="{header}"/>'
        f'<w:headerReference w:type="first" r:id="{first}"/>'
        f'<w:footerReference w:type="default" r:id="{footer}"/>'
        f'<w:footerReference w:type="first" r:id="{footer}"/>'
        f'<w:pgSz w:w="{paper.width}" w:h="{paper.height}"/>'
        f'<w:pgMar w:top="{paper.margin}" w:right="{paper.margin}" w:bottom="{paper.margin}" '
        f'w:left="{paper.margin}" w:header="{_HEADER_SPACE}" w:footer="{_HEADER_SPACE}" '
        f'w:gutter="0"/><w:titlePg/>{bidi}</w:sectPr></w:body></w:document>'
    )
