"""From the plan of a workbook to openpyxl's, row by row."""

from typing import TYPE_CHECKING

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.utils import get_column_letter
from openpyxl.workbook.defined_name import DefinedName

from venture_core.artifacts.sheet.ir.cells import parsed_date
from venture_core.artifacts.sheet.plan.model import FIRST_ROW
from venture_core.artifacts.sheet.render.charts import add_charts
from venture_core.artifacts.sheet.render.formulas import column_range, row_formula, total_formula
from venture_core.artifacts.sheet.render.package import pack_workbook
from venture_core.artifacts.sheet.render.styles import ColumnStyles, column_styles, highlight

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from venture_core.artifacts.sheet.ir.cells import Value
    from venture_core.artifacts.sheet.ir.document import SheetColumn
    from venture_core.artifacts.sheet.plan.model import PlannedSheet, SheetPlan
    from venture_core.artifacts.sheet.render.native import Native

_LIKE_FORMULAS = ("=", "+", "-", "@")


def render_xlsx(plan: SheetPlan) -> bytes:
    """Write the workbook."""
    book = Workbook(write_only=True)
    sheets = {planned.sheet.name: planned for planned in plan.sheets}
    for planned in plan.sheets:
        native = book.create_sheet(planned.sheet.title)
        _set_up(native, planned, plan)
        for row in _rows(native, planned, plan, sheets):
            native.append(row)
        _name_columns(book, planned)
    return pack_workbook(book, plan)


def _set_up(native: Native, planned: PlannedSheet, plan: SheetPlan) -> None:
    """Set all that comes before the rows, and the charts beside them."""
    columns = planned.sheet.columns
    native.freeze_panes = f"A{FIRST_ROW}"
    native.sheet_view.rightToLeft = plan.rtl
    native.print_title_rows = "1:1"
    native.page_setup.orientation, native.page_setup.fitToHeight = "landscape", 0
    native.sheet_properties.pageSetUpPr.fitToPage = True
    for at, width in enumerate(planned.widths, start=1):
        native.column_dimensions[get_column_letter(at)].width = width
    if planned.sheet.filter:
        native.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{planned.last_row}"
    for at, column in enumerate(columns, start=1):
        letter = get_column_letter(at)
        rule = highlight(column, plan.scheme)
        if rule is not None:
            cells = f"{letter}{FIRST_ROW}:{letter}{planned.last_row}"
            native.conditional_formatting.add(cells, rule)
    add_charts(native, planned, plan.scheme)


def _rows(
    native: Native, planned: PlannedSheet, plan: SheetPlan, sheets: Mapping[str, PlannedSheet]
) -> Iterator[list[Native]]:
    columns = planned.sheet.columns
    fonts = plan.spec.theme.fonts
    styles = [
        column_styles(native, column, width, plan.scheme, fonts)
        for column, width in zip(columns, planned.widths, strict=True)
    ]
    formulas = [
        "" if column.formula is None else f"={row_formula(column.formula, planned, sheets)}"
        for column in columns
    ]
    together = list(zip(columns, styles, formulas, strict=True))
    yield [_text(native, column.header, each.head) for column, each, _ in together]
    # A row is written before the next is asked for: making cells anew takes a third of the time.
    cells = [WriteOnlyCell(native) for _ in columns]
    for line, row in enumerate(planned.rows, start=FIRST_ROW):
        yield [
            _filled(cell, "f", formula.replace("#", str(line)), each.cell)
            if formula
            else _value(cell, value, column, each)
            for cell, value, (column, each, formula) in zip(cells, row, together, strict=True)
        ]
    if planned.totals:
        yield [
            _cell_of(native, _total(column, at, planned), each.foot)
            for at, (column, each, _) in enumerate(together, start=1)
        ]


def _value(cell: Native, value: Value, column: SheetColumn, styles: ColumnStyles) -> Native:
    """Have a cell hold a value of its column; None for nothing."""
    if value is None:
        return None
    if isinstance(value, bool):
        return _filled(cell, "b", value, styles.cell)
    if not isinstance(value, str):
        return _filled(cell, "n", value, styles.cell)
    if column.type == "date":
        return _filled(cell, "d", parsed_date(value), styles.cell)
    if column.type == "link":
        linked = _text(cell.parent, value, styles.cell)
        linked.hyperlink = value
        linked._style = styles.cell
        return linked
    like = value.startswith(_LIKE_FORMULAS)
    return _filled(cell, "s", value, styles.quoted if like else styles.cell)


def _filled(cell: Native, kind: str, value: object, style: Native) -> Native:
    """Have a cell hold a value of which openpyxl need not find out what it is."""
    cell._value, cell.data_type, cell._style = value, kind, style
    return cell


def _text(native: Native, value: str, style: Native) -> Native:
    """Make a cell of text, whatever it begins with: what people write never is a formula."""
    cell = _cell_of(native, value, style)
    cell.data_type = "s"
    return cell


def _cell_of(native: Native, value: object, style: Native) -> Native:
    cell = WriteOnlyCell(native, value)
    cell._style = style
    return cell


def _total(column: SheetColumn, at: int, planned: PlannedSheet) -> str | None:
    if column.total is None:
        return None
    return total_formula(column.total, get_column_letter(at), planned)


def _name_columns(book: Workbook, planned: PlannedSheet) -> None:
    """Name each column of numbers, such as `costs_amount`, for whoever adds formulas."""
    for at, column in enumerate(planned.sheet.columns, start=1):
        if column.type == "number":
            name = f"{planned.sheet.name}_{column.name}".replace("-", "_")
            name = f"_{name}" if name[0].isdigit() else name
            where = column_range(planned, get_column_letter(at))
            book.defined_names[name] = DefinedName(name, attr_text=where)
