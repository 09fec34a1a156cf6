"""Rows that an asset holds, as CSV."""

import csv
import io
from typing import TYPE_CHECKING, Final

from venture_core.artifacts.images import InvalidAssetError
from venture_core.artifacts.sheet.ir.cells import problem_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from venture_core.artifacts.sheet.ir.cells import Value
    from venture_core.artifacts.sheet.ir.document import Sheet, SheetColumn

MAX_TEXT: Final = 2000
_LARGEST: Final = 1e15
_FLAGS: Final = {"true": True, "false": False}


def read_rows(asset: str, data: bytes, sheet: Sheet, most: int) -> list[list[Value]]:
    """Read at most so many rows of a sheet.

    Raises `InvalidAssetError` with the line and the column.
    """
    columns = [column for column in sheet.columns if column.formula is None]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidAssetError(asset, f"byte {error.start} is not UTF-8") from None
    try:
        return list(_rows(asset, text, columns, most))
    except csv.Error as error:
        raise InvalidAssetError(asset, f"not CSV: {error}") from None


def _rows(asset: str, text: str, columns: list[SheetColumn], most: int) -> Iterator[list[Value]]:
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    names = [column.name for column in columns]
    if next(lines, None) != names:
        raise InvalidAssetError(asset, f"its first line has to be {','.join(names)}"[:300])
    for count, line in enumerate(lines, start=1):
        if count > most:
            message = f"it has more than {most:,} rows, for which the workbook has room"
            raise InvalidAssetError(asset, message)
        if len(line) != len(columns):
            where = f"line {lines.line_num}"
            message = f"{where} has {len(line)} values, {len(columns)} are wanted"
            raise InvalidAssetError(asset, message)
        row = [_value(text, column) for text, column in zip(line, columns, strict=True)]
        for value, column in zip(row, columns, strict=True):
            if wrong := _wrong(value, column):
                where = f"line {lines.line_num}, column {column.name}"
                raise InvalidAssetError(asset, f"{where}: expected {wrong}")
        yield row


def _value(text: str, column: SheetColumn) -> Value:
    if text == "":
        return None
    match column.type:
        case "number":
            try:
                return float(text)
            except ValueError:
                return text
        case "boolean":
            return _FLAGS.get(text, text)
        case _:
            return text


def _wrong(value: Value, column: SheetColumn) -> str:
    if isinstance(value, str) and (len(value) > MAX_TEXT or not value.isprintable()):
        return f"at most {MAX_TEXT} characters in one line, none of them a control"
    if isinstance(value, float) and not -_LARGEST <= value <= _LARGEST:
        return f"a number within {_LARGEST:g}"
    return problem_of(value, column)
