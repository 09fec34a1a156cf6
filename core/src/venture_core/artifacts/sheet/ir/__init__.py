"""SpreadsheetSpec, the document of a workbook."""

from typing import Final

from venture_core.artifacts.ir.parsing import Grammar
from venture_core.artifacts.sheet.ir.document import SpreadsheetSpec
from venture_core.artifacts.sheet.ir.rules import RULES

GRAMMAR: Final = Grammar(SpreadsheetSpec, RULES)

__all__ = ["GRAMMAR", "SpreadsheetSpec"]
