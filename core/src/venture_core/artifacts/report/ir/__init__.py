"""ReportSpec, the document of a report."""

from typing import Final

from venture_core.artifacts.ir.parsing import Grammar
from venture_core.artifacts.report.ir.document import ReportSpec
from venture_core.artifacts.report.ir.rules import RULES

GRAMMAR: Final = Grammar(ReportSpec, RULES)

__all__ = ["GRAMMAR", "ReportSpec"]
