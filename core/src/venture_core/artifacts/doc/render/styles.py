"""The styles, lists and settings of a text: what its author can change in one place."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from venture_core.artifacts.colors import Role
from venture_core.artifacts.doc.plan.tables import PAD
from venture_core.artifacts.doc.render.markup import NAMESPACES, attribute
from venture_core.artifacts.officetext import complex_font, east_asian_font

if TYPE_CHECKING:
    from venture_core.artifacts.doc.plan.model import DocPlan

_MONOSPACE = "Courier New"
_INDENT = 360
"""Twips by which each level of a list is set in."""
_BULLETS = ("\u2022", "\u2013", "\u00b7")
_NUMBERS = ("decimal", "lowerLetter", "lowerRoman")
_HEADINGS = ((20, 360, 120), (15, 280, 80), (12.5, 220, 60), (11, 180, 40))
"""Size in points, and room before and after in twips, of each level."""


def styles_xml(plan: DocPlan) -> str:
    """Write the styles."""
    look = _Look.of(plan)
    return (
        f"<w:styles {NAMESPACES}>{_defaults(plan)}"
        '<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/>'
        "<w:qFormat/></w:style>"
        f"{_headings(look)}{_contents()}{_opening(look)}{_blocks(look)}{_set_apart(look)}"
        f"{_edges(look)}{_characters(look)}{_table_style(plan)}</w:styles>"
    )


@dataclass(frozen=True, slots=True)
class _Look:
    """What the styles of a text share."""

    face: str
    """The fonts of headings, as run properties."""
    mono: str
    primary: str
    muted: str
    surface: str
    accent: str
    side: str
    """Where lines begin."""

    @classmethod
    def of(cls, plan: DocPlan) -> Self:
        color = plan.scheme.values
        heading = attribute(plan.spec.theme.fonts.heading.value)
        return cls(
            face=_fonts(heading, plan.spec.language),
            mono=f'<w:rFonts w:ascii="{_MONOSPACE}" w:hAnsi="{_MONOSPACE}" w:cs="{_MONOSPACE}"/>',
            primary=color[Role.PRIMARY],
            muted=color[Role.MUTED],
            surface=color[Role.SURFACE],
            accent=color[Role.ACCENT3],
            side="right" if plan.rtl else "left",
        )

    def head(self, size: float) -> str:
        """Return the run properties of a heading."""
        return f'{self.face}<w:b/><w:bCs/><w:color w:val="{self.primary}"/>{_size(size)}'

    def quiet(self, size: float) -> str:
        """Return the run properties of what stands back."""
        return f'<w:color w:val="{self.muted}"/>{_size(size)}'

    def bar(self, color: str, space: int) -> str:
        """Return a bar beside the text."""
        return (
            f'<w:pBdr><w:{self.side} w:val="single" w:sz="24" w:space="{space}" '
            f'w:color="{color}"/></w:pBdr>'
        )


def _fonts(family: str, language: str) -> str:
    """Name the fonts; those for East Asian and for complex letters where the language has them."""
    east, complex_ = east_asian_font(language), complex_font(language)
    asian = f" w:eastAsia={attribute(east)}" if east else ""
    others = attribute(complex_) if complex_ else family
    return f"<w:rFonts w:ascii={family} w:hAnsi={family}{asian} w:cs={others}/>"


def _defaults(plan: DocPlan) -> str:
    body = attribute(plan.spec.theme.fonts.body.value)
    lang, text = plan.spec.language, plan.scheme.values[Role.TEXT]
    rtl = "<w:rtl/>" if plan.rtl else ""
    bidi = "<w:bidi/>" if plan.rtl else ""
    return (
        f"<w:docDefaults><w:rPrDefault><w:rPr>{_fonts(body, lang)}"
        f'<w:color w:val="{text}"/><w:sz w:val="22"/><w:szCs w:val="22"/>'
        f'{rtl}<w:lang w:val="{lang}" w:eastAsia="{lang}" w:bidi="{lang}"/></w:rPr></w:rPrDefault>'
        f'<w:pPrDefault><w:pPr>{bidi}<w:spacing w:after="120" w:line="276" w:lineRule="auto"/>'
        "</w:pPr></w:pPrDefault></w:docDefaults>"
    )


def _headings(look: _Look) -> str:
    return "".join(
        _style(
            f"Heading{level}",
            f"heading {level}",
            f'<w:keepNext/><w:keepLines/><w:spacing w:before="{before}" w:after="{after}"/>'
            f'<w:outlineLvl w:val="{level - 1}"/>',
            look.head(size),
            next_="Normal",
        )
        for level, (size, before, after) in enumerate(_HEADINGS, start=1)
    )


def _contents() -> str:
    return "".join(
        _style(
            f"TOC{level}",
            f"toc {level}",
            f'<w:spacing w:after="60"/><w:ind w:left="{(level - 1) * _INDENT}"/>',
            "",
        )
        for level in (1, 2, 3)
    )


def _opening(look: _Look) -> str:
    """Write the styles of what a text begins with."""
    return (
        _style("Title", "Title", '<w:spacing w:after="80" w:line="240" w:lineRule="auto"/>',
               look.head(28), next_="Normal")
        + _style("Subtitle", "Subtitle", '<w:spacing w:after="80"/>', look.quiet(14),
                 next_="Normal")
        + _style("Byline", "Byline", f'<w:pBdr><w:bottom w:val="single" w:sz="8" w:space="10" '
                 f'w:color="{look.primary}"/></w:pBdr><w:spacing w:after="360"/>',
                 look.quiet(10))
        + _style("Lead", "Lead", '<w:spacing w:after="200"/>', _size(13))
        + _style("TOCHeading", "TOC Heading", '<w:keepNext/>'
                 '<w:spacing w:before="120" w:after="120"/>', look.head(15))
    )  # fmt: skip


def _blocks(look: _Look) -> str:
    return (
        _style("ListParagraph", "List Paragraph", '<w:spacing w:after="60"/>', "")
        + _style("Caption", "caption", '<w:keepLines/><w:spacing w:before="60" w:after="240"/>',
                 look.quiet(9.5))
        + _style("TableCaption", "Table Caption",
                 '<w:keepNext/><w:keepLines/><w:spacing w:before="200" w:after="80"/>',
                 look.quiet(9.5))
        + _style("TableText", "Table Text",
                 '<w:spacing w:before="40" w:after="40" w:line="240" w:lineRule="auto"/>',
                 _size(9.5))
    )  # fmt: skip


def _set_apart(look: _Look) -> str:
    """Write the styles of quotes, code and notes."""
    quote = look.bar(look.primary, 12)
    return (
        _style("Quote", "Quote", f'{quote}<w:spacing w:before="120" w:after="60"/>'
               '<w:ind w:left="360" w:right="360"/>', f"<w:i/><w:iCs/>{_size(13)}")
        + _style("QuoteAuthor", "Quote Author", f'{quote}<w:spacing w:after="240"/>'
                 '<w:ind w:left="360" w:right="360"/>', look.quiet(10))
        + _style("Code", "Code", f'<w:shd w:val="clear" w:color="auto" '
                 f'w:fill="{look.surface}"/><w:spacing w:before="60" w:after="200" '
                 'w:line="252" w:lineRule="auto"/><w:ind w:left="120" w:right="120"/>',
                 f"{look.mono}{_size(9)}")
        + _style("Note", "Note", f'<w:keepLines/>{look.bar(look.accent, 10)}<w:shd w:val="clear" '
                 f'w:color="auto" w:fill="{look.surface}"/><w:spacing w:before="120" '
                 'w:after="200"/><w:ind w:left="240" w:right="120"/>', "")
    )  # fmt: skip


def _edges(look: _Look) -> str:
    """Write the styles of what stands at the edges of a page."""
    return (
        _style("Header", "header", '<w:spacing w:after="0"/>', look.quiet(9))
        + _style("Footer", "footer", '<w:spacing w:after="0"/>', look.quiet(9))
        + _style("FootnoteText", "footnote text", '<w:spacing w:after="40" w:line="240" '
                 'w:lineRule="auto"/>', _size(9))
    )  # fmt: skip


def _characters(look: _Look) -> str:
    return (
        f'<w:style w:type="character" w:styleId="Hyperlink"><w:name w:val="Hyperlink"/><w:rPr>'
        f'<w:color w:val="{look.primary}"/><w:u w:val="single"/></w:rPr></w:style>'
        '<w:style w:type="character" w:styleId="FootnoteReference"><w:name '
        'w:val="footnote reference"/><w:rPr><w:vertAlign w:val="superscript"/></w:rPr></w:style>'
        f'<w:style w:type="character" w:styleId="CodeText"><w:name w:val="Code Text"/><w:rPr>'
        f'{look.mono}<w:sz w:val="20"/></w:rPr></w:style>'
    )


def _style(
    style_id: str, name: str, paragraph: str, characters: str, *, next_: str | None = None
) -> str:
    after = f'<w:next w:val="{next_}"/>' if next_ else ""
    return (
        f'<w:style w:type="paragraph" w:styleId="{style_id}"><w:name w:val="{name}"/>'
        f'<w:basedOn w:val="Normal"/>{after}<w:qFormat/><w:pPr>{paragraph}</w:pPr>'
        f"<w:rPr>{characters}</w:rPr></w:style>"
    )


def _size(points: float) -> str:
    half = round(points * 2)
    return f'<w:sz w:val="{half}"/><w:szCs w:val="{half}"/>'


def _table_style(plan: DocPlan) -> str:
    """Write the look of tables: a coloured head, bands, thin lines, a total set apart."""
    color = plan.scheme.values
    line, surface = color[Role.MUTED], color[Role.SURFACE]
    ink = color[plan.scheme.on_primary]
    return (
        '<w:style w:type="table" w:styleId="VentureTable"><w:name w:val="Venture Table"/><w:tblPr>'
        '<w:tblStyleRowBandSize w:val="1"/><w:tblBorders>'
        f'<w:bottom w:val="single" w:sz="8" w:space="0" w:color="{color[Role.PRIMARY]}"/>'
        f'<w:insideH w:val="single" w:sz="4" w:space="0" w:color="{_lighter(line)}"/>'
        "</w:tblBorders>"
        f'<w:tblCellMar><w:left w:w="{PAD}" w:type="dxa"/><w:right w:w="{PAD}" w:type="dxa"/>'
        "</w:tblCellMar></w:tblPr>"
        f'<w:tblStylePr w:type="firstRow"><w:rPr><w:b/><w:bCs/><w:color w:val="{ink}"/></w:rPr>'
        f'<w:tcPr><w:shd w:val="clear" w:color="auto" w:fill="{color[Role.PRIMARY]}"/></w:tcPr>'
        "</w:tblStylePr>"
        '<w:tblStylePr w:type="lastRow"><w:rPr><w:b/><w:bCs/></w:rPr><w:tcPr><w:tcBorders>'
        f'<w:top w:val="single" w:sz="8" w:space="0" w:color="{color[Role.PRIMARY]}"/>'
        "</w:tcBorders></w:tcPr></w:tblStylePr>"
        '<w:tblStylePr w:type="band2Horz"><w:tcPr>'
        f'<w:shd w:val="clear" w:color="auto" w:fill="{surface}"/></w:tcPr></w:tblStylePr>'
        "</w:style>"
    )


def _lighter(color: str) -> str:
    """Mix a colour with three parts of white: for lines that part, not words."""
    return "".join(f"{(int(color[at : at + 2], 16) + 3 * 255) // 4:02X}" for at in (0, 2, 4))


def numbering_xml(lists: int) -> str:
    """Write the lists: bullets are number 1, and each of the `lists` counts from 1 on its own."""
    bullets = "".join(
        _level(level, "bullet", sign, _INDENT * (level + 1)) for level, sign in enumerate(_BULLETS)
    )
    numbers = "".join(
        _level(level, form, f"%{level + 1}.", _INDENT * (level + 1))
        for level, form in enumerate(_NUMBERS)
    )
    restarts = "".join(
        f'<w:num w:numId="{number + 1}"><w:abstractNumId w:val="1"/><w:lvlOverride w:ilvl="0">'
        '<w:startOverride w:val="1"/></w:lvlOverride></w:num>'
        for number in range(1, lists + 1)
    )
    return (
        f"<w:numbering {NAMESPACES}>"
        f'<w:abstractNum w:abstractNumId="0"><w:multiLevelType w:val="multilevel"/>{bullets}'
        f'</w:abstractNum><w:abstractNum w:abstractNumId="1"><w:multiLevelType w:val="multilevel"/>'
        f'{numbers}</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
        f"{restarts}</w:numbering>"
    )


def _level(level: int, form: str, text: str, indent: int) -> str:
    return (
        f'<w:lvl w:ilvl="{level}"><w:start w:val="1"/><w:numFmt w:val="{form}"/>'
        f'<w:lvlText w:val="{text}"/><w:lvlJc w:val="left"/><w:pPr>'
        f'<w:ind w:left="{indent}" w:hanging="{_INDENT}"/></w:pPr></w:lvl>'
    )
