"""HtmlSpec, the document of pages written as HTML."""

from typing import Final

from venture_core.artifacts.html.ir.document import HtmlSpec
from venture_core.artifacts.html.ir.rules import RULES
from venture_core.artifacts.ir.parsing import Grammar

GRAMMAR: Final = Grammar(HtmlSpec, RULES)

__all__ = ["GRAMMAR", "HtmlSpec"]
