"""The theme part: colours, fonts and effects that an office program can restyle."""

from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

from venture_core.artifacts.colors import Role
from venture_core.artifacts.officetext import SCRIPT_FONTS, complex_font, east_asian_font

if TYPE_CHECKING:
    from venture_core.artifacts.colors import ColorScheme
    from venture_core.artifacts.ir.theme import Theme

_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
_SLOTS = (
    ("dk1", Role.TEXT),
    ("lt1", Role.BACKGROUND),
    ("dk2", Role.MUTED),
    ("lt2", Role.SURFACE),
    ("accent1", Role.PRIMARY),
    ("accent2", Role.ACCENT2),
    ("accent3", Role.ACCENT3),
    ("accent4", Role.ACCENT4),
    ("accent5", Role.ACCENT5),
    ("accent6", Role.ACCENT6),
    ("hlink", Role.PRIMARY),
    ("folHlink", Role.MUTED),
)
"""The slots of a theme's colours, in the order the format asks for.

A dark palette keeps its light text in dk1: charts, tables and placeholders then all resolve the
same slots, with no second colour map that one of them might ignore.
"""

_PLACEHOLDER_FILL = '<a:solidFill><a:schemeClr val="phClr"/></a:solidFill>'
_LINES = "".join(
    f'<a:ln w="{width}" cap="flat" cmpd="sng" algn="ctr">{_PLACEHOLDER_FILL}'
    '<a:prstDash val="solid"/></a:ln>'
    for width in (6350, 12700, 19050)
)
_EFFECTS = "<a:effectStyle><a:effectLst/></a:effectStyle>" * 3


def theme_xml(theme: Theme, scheme: ColorScheme, language: str) -> str:
    """Write the theme part."""
    name = quoteattr(f"Venture {theme.palette.value}")
    colors = "".join(
        f'<a:{slot}><a:srgbClr val="{scheme.values[role]}"/></a:{slot}>' for slot, role in _SLOTS
    )
    return (
        f'<a:theme xmlns:a="{_DRAWING}" name={name}><a:themeElements>'
        f"<a:clrScheme name={name}>{colors}</a:clrScheme>"
        f"<a:fontScheme name={name}>{_font('majorFont', theme.fonts.heading.value, language)}"
        f"{_font('minorFont', theme.fonts.body.value, language)}</a:fontScheme>"
        f"<a:fmtScheme name={name}><a:fillStyleLst>{_PLACEHOLDER_FILL * 3}</a:fillStyleLst>"
        f"<a:lnStyleLst>{_LINES}</a:lnStyleLst><a:effectStyleLst>{_EFFECTS}</a:effectStyleLst>"
        f"<a:bgFillStyleLst>{_PLACEHOLDER_FILL * 3}</a:bgFillStyleLst></a:fmtScheme>"
        "</a:themeElements><a:objectDefaults/><a:extraClrSchemeLst/></a:theme>"
    )


def _font(slot: str, family: str, language: str) -> str:
    """Name the family, the fonts for East Asia and for complex scripts, and more by script."""
    others = "".join(
        f'<a:font script="{script}" typeface={quoteattr(name)}/>' for script, name in SCRIPT_FONTS
    )
    return (
        f"<a:{slot}><a:latin typeface={quoteattr(family)}/>"
        f"<a:ea typeface={quoteattr(east_asian_font(language))}/>"
        f"<a:cs typeface={quoteattr(complex_font(language))}/>{others}</a:{slot}>"
    )
