"""Packing a workbook: with the values of its formulas, without times, the same bytes every time."""

import re
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from openpyxl.writer.excel import ExcelWriter

from venture_core.artifacts.packaging.archive import write_zip
from venture_core.artifacts.packaging.opc import DECLARATION, PACKAGE
from venture_core.artifacts.sheet.render.formulas import number

if TYPE_CHECKING:
    from venture_core.artifacts.sheet.ir.cells import Value
    from venture_core.artifacts.sheet.plan.model import PlannedSheet, SheetPlan
    from venture_core.artifacts.sheet.render.native import Native

_FORMULA_CELL = re.compile(
    rb'<c r="([A-Z]+[0-9]+)"( s="[0-9]+")?><f>([^<]*)</f><v ?(?:/>|></v>)</c>'
)
_CHART = re.compile(rb'(<(?:xdr:)?cNvPr id="[0-9]+" name="Chart [0-9]+")\s*/>')
_FONT = re.compile(rb"<font>(.*?)</font>", re.DOTALL)
_FONT_PROPERTY = re.compile(rb"<([A-Za-z]+)[^>]*/>")
_FONT_ORDER = (
    b"b i strike condense extend outline shadow u vertAlign sz color name family charset scheme"
).split()
"""As the standard lists what a font has; openpyxl writes it in an order of its own."""
_TYPES = "[Content_Types].xml"


def pack_workbook(book: Native, plan: SheetPlan) -> bytes:
    """Return the file."""
    parts = _Parts()
    ExcelWriter(book, parts).save()
    members = parts.members
    members["docProps/core.xml"] = _core_properties(plan).encode()
    members["xl/styles.xml"] = _FONT.sub(_in_order, members["xl/styles.xml"])
    for index, planned in enumerate(plan.sheets, start=1):
        name = f"xl/worksheets/sheet{index}.xml"
        members[name] = _with_values(members[name], planned)
    charted = [planned for planned in plan.sheets if planned.sheet.charts]
    for index, planned in enumerate(charted, start=1):
        name = f"xl/drawings/drawing{index}.xml"
        members[name] = _with_descriptions(members[name], planned)
    return write_zip([(_TYPES, members.pop(_TYPES)), *sorted(members.items())])


def _in_order(font: re.Match[bytes]) -> bytes:
    """Write the properties of a font in the order of the standard, which validators hold to."""
    found = sorted(_FONT_PROPERTY.finditer(font[1]), key=lambda each: _FONT_ORDER.index(each[1]))
    return b"<font>" + b"".join(each[0] for each in found) + b"</font>"


class _Parts:
    """Takes the parts of a workbook where openpyxl wants a zip file.

    Python's own asks the clock and the environment for times, and fails at those before 1980.
    """

    def __init__(self) -> None:
        self.members: dict[str, bytes] = {}

    def writestr(self, name: str, data: str | bytes) -> None:
        """Take a part."""
        self.members[name] = data.encode() if isinstance(data, str) else data

    def write(self, file: str, name: str) -> None:
        """Take a part from a file: a sheet, as it was written row by row."""
        self.members[name] = Path(file).read_bytes()

    def namelist(self) -> list[str]:
        """Return the names of the parts so far."""
        return list(self.members)

    def close(self) -> None:
        """Do nothing: all is there."""


def _with_values(data: bytes, planned: PlannedSheet) -> bytes:
    """Put what each formula comes to beside it: openpyxl writes either, and viewers want both."""
    computed = [at for at, column in enumerate(planned.sheet.columns) if column.formula]
    values: list[Value] = [row[at] for row in planned.rows for at in computed]
    values += [
        value
        for column, value in zip(planned.sheet.columns, planned.totals, strict=False)
        if column.total is not None
    ]
    given = iter(values)

    def fill(found: re.Match[bytes]) -> bytes:
        value = next(given)
        if isinstance(value, float):
            kind, text = b"", number(value)
        else:
            kind, text = b' t="e"', str(value or "#DIV/0!")
        place, style, formula = found[1], found[2] or b"", found[3]
        start = b'<c r="' + place + b'"' + style + kind
        return start + b"><f>" + formula + b"</f><v>" + text.encode() + b"</v></c>"

    filled, count = _FORMULA_CELL.subn(fill, data)
    if count != len(values):
        raise RuntimeError(f"{count} formulas were written, {len(values)} were computed")
    return filled


def _with_descriptions(data: bytes, planned: PlannedSheet) -> bytes:
    """Say in words what each chart shows: openpyxl has no place for it."""
    texts = iter([chart.alt_text for chart in planned.sheet.charts])

    def describe(found: re.Match[bytes]) -> bytes:
        return found[1] + b" descr=" + quoteattr(next(texts)).encode() + b"/>"

    return _CHART.sub(describe, data)


def _core_properties(plan: SheetPlan) -> str:
    """Title, author and language. Times are left out: the same workbook has no time of its own."""
    spec = plan.spec
    creator = f"<dc:creator>{escape(spec.author)}</dc:creator>" if spec.author.strip() else ""
    return (
        f'{DECLARATION}<cp:coreProperties xmlns:cp="{PACKAGE}/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title>{escape(spec.title)}</dc:title>{creator}"
        f"<dc:language>{spec.language}</dc:language></cp:coreProperties>"
    )
