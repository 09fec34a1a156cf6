"""The table style that the deck's tables use and that new tables in it get."""

from venture_core.artifacts.colors import Role
from venture_core.artifacts.deck.render.markup import DRAWING, fill

STYLE_ID = "{5B0B54D4-53F5-4C5B-9C3E-2B6D7A1F0E11}"

_RULE, _STRONG_RULE = 6350, 19050
"""Widths in EMU: half a point and one and a half."""
_RULE_FILL = (
    f'<a:solidFill><a:schemeClr val="{Role.SURFACE.value}"><a:lumMod val="88000"/></a:schemeClr>'
    "</a:solidFill>"
)


def table_styles_xml(on_primary: Role) -> str:
    """Write the part: rules between rows, banded rows, header in the primary colour, bold total."""
    thin = _line(_RULE, _RULE_FILL)
    strong = _line(_STRONG_RULE, fill(Role.PRIMARY))
    none = "<a:ln><a:noFill/></a:ln>"
    whole = _borders(left=none, right=none, top=none, bottom=thin, insideH=thin, insideV=none)
    return (
        f'<a:tblStyleLst xmlns:a="{DRAWING}" def="{STYLE_ID}">'
        f'<a:tblStyle styleId="{STYLE_ID}" styleName="Venture">'
        f"<a:wholeTbl>{_text(Role.TEXT)}<a:tcStyle>{whole}<a:fill><a:noFill/></a:fill></a:tcStyle>"
        "</a:wholeTbl>"
        f"<a:band2H><a:tcStyle><a:tcBdr/><a:fill>{fill(Role.SURFACE)}</a:fill></a:tcStyle>"
        "</a:band2H>"
        f"<a:lastRow>{_text(Role.TEXT, bold=True)}<a:tcStyle>{_borders(top=strong)}"
        f"<a:fill>{fill(Role.BACKGROUND)}</a:fill></a:tcStyle></a:lastRow>"
        f"<a:firstRow>{_text(on_primary, bold=True)}<a:tcStyle><a:tcBdr/>"
        f"<a:fill>{fill(Role.PRIMARY)}</a:fill></a:tcStyle></a:firstRow>"
        "</a:tblStyle></a:tblStyleLst>"
    )


def _text(role: Role, *, bold: bool = False) -> str:
    weight = ' b="on"' if bold else ""
    return (
        f'<a:tcTxStyle{weight}><a:fontRef idx="minor"><a:prstClr val="black"/></a:fontRef>'
        f'<a:schemeClr val="{role.value}"/></a:tcTxStyle>'
    )


def _line(width: int, paint: str) -> str:
    return f'<a:ln w="{width}" cmpd="sng">{paint}</a:ln>'


def _borders(**edges: str) -> str:
    lines = "".join(f"<a:{edge}>{line}</a:{edge}>" for edge, line in edges.items())
    return f"<a:tcBdr>{lines}</a:tcBdr>"
