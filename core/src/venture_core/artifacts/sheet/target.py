"""The target Xlsx: workbooks for spreadsheet programs."""

from typing import Final

from venture_core.artifacts.target import Format, Target
from venture_core.artifacts.toolchain import Toolchain

XLSX: Final = Target(
    name="Xlsx",
    formats=(Format("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),),
    toolchain=Toolchain(
        name="xlsx",
        revision=3,
        libraries=(("deflate", "0.9.0"), ("lxml", "6.1.3"), ("openpyxl", "3.1.5")),
    ),
    compilers={"SpreadsheetSpec": "venture_core.artifacts.sheet.xlsx"},
)
