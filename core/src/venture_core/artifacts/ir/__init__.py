"""What all documents share: values, theme, text, tables, charts, and how they are read."""

from venture_core.artifacts.ir.charts import Chart
from venture_core.artifacts.ir.document import Document, InlineAsset
from venture_core.artifacts.ir.parsing import MAX_IR_BYTES, Grammar, check_assets
from venture_core.artifacts.ir.problems import InvalidIRError, Problem
from venture_core.artifacts.ir.theme import FontFamily, PaletteName, Theme

__all__ = [
    "MAX_IR_BYTES",
    "Chart",
    "Document",
    "FontFamily",
    "Grammar",
    "InlineAsset",
    "InvalidIRError",
    "PaletteName",
    "Problem",
    "Theme",
    "check_assets",
]
