"""How cells look: styles that all cells of a column share."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from openpyxl.cell import WriteOnlyCell
from openpyxl.formatting.rule import CellIsRule, ColorScaleRule, DataBarRule
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

from venture_core.artifacts.colors import Role
from venture_core.artifacts.numbers import number_code

if TYPE_CHECKING:
    from venture_core.artifacts.colors import ColorScheme
    from venture_core.artifacts.ir.theme import Fonts
    from venture_core.artifacts.sheet.ir.document import SheetColumn
    from venture_core.artifacts.sheet.render.native import Native

_DATE = "yyyy-mm-dd"
_POINTS = 10.5
_BOOLEAN = '"TRUE";"TRUE";"FALSE"'
"""For programs that would show numbers."""
_SIDES = {"number": "right", "date": "right", "boolean": "center"}
_WRAPS_FROM = 60.0
"""Characters: text of wider columns goes on in the next line."""


@dataclass(frozen=True, slots=True)
class ColumnStyles:
    """The styles of a column's head, cells and foot."""

    head: Native
    cell: Native
    quoted: Native
    """Of text that begins like a formula: it stays text when somebody edits it."""
    foot: Native


def column_styles(
    native: Native, column: SheetColumn, width: float, scheme: ColorScheme, fonts: Fonts
) -> ColumnStyles:
    """Make the styles of a column."""
    color = scheme.values
    side = _SIDES.get(column.type, "left")
    indent = int(side == "left")
    link = column.type == "link"
    ink = color[Role.PRIMARY if link else Role.TEXT]
    underline = "single" if link else None
    body = {
        "font": Font(name=fonts.body.value, size=_POINTS, color=ink, underline=underline),
        "alignment": Alignment(
            horizontal=side, vertical="top", indent=indent, wrap_text=width >= _WRAPS_FROM
        ),
        "number_format": _format(column),
    }
    foot = {
        "font": Font(name=fonts.body.value, size=_POINTS, bold=True, color=color[Role.TEXT]),
        "alignment": Alignment(horizontal=side, indent=indent),
        "number_format": "#,##0" if column.total == "count" else _format(column),
        "fill": PatternFill("solid", start_color=color[Role.SURFACE]),
        "border": Border(top=Side(style="medium", color=color[Role.PRIMARY])),
    }
    on_head = color[scheme.on_primary]
    head = {
        "font": Font(name=fonts.heading.value, size=_POINTS, bold=True, color=on_head),
        "alignment": Alignment(horizontal=side, vertical="center", indent=indent, wrap_text=True),
        "fill": PatternFill("solid", start_color=color[Role.PRIMARY]),
    }
    return ColumnStyles(
        _style(native, head),
        _style(native, body),
        _style(native, body | {"quotePrefix": True}),
        _style(native, foot),
    )


def highlight(column: SheetColumn, scheme: ColorScheme) -> Native | None:
    """Return the rule of a column's conditional format, None where it has none."""
    color = scheme.values
    pale = _pale(color[Role.PRIMARY])
    match column.highlight:
        case "none":
            return None
        case "scale":
            start = color[Role.BACKGROUND]
            return ColorScaleRule(
                start_type="min", start_color=start, end_type="max", end_color=pale
            )
        case "bars":
            return DataBarRule("num", 0, "max", None, color=pale)
        case "negative":
            font = Font(color=color[Role.ACCENT5], bold=True)
            return CellIsRule(operator="lessThan", formula=["0"], font=font)


def _pale(color: str) -> str:
    """Mix a colour with white by half: text on it stays legible."""
    return "".join(f"{(int(color[at : at + 2], 16) + 255) // 2:02X}" for at in (0, 2, 4))


def _format(column: SheetColumn) -> str:
    match column.type:
        case "number":
            return number_code(column.format)
        case "date":
            return _DATE
        case "boolean":
            return _BOOLEAN
        case "text" | "link":
            return "General"


def _style(native: Native, properties: dict[str, Any]) -> Native:
    prototype = WriteOnlyCell(native)
    for name, value in properties.items():
        setattr(prototype, name, value)
    return prototype._style
