"""DocSpec, the document of a text."""

from typing import Final

from venture_core.artifacts.doc.ir.document import DocSpec
from venture_core.artifacts.doc.ir.rules import RULES
from venture_core.artifacts.ir.parsing import Grammar

GRAMMAR: Final = Grammar(DocSpec, RULES)

__all__ = ["GRAMMAR", "DocSpec"]
