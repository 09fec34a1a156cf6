"""BoardSpec, the document of nodes and what leads from one to another."""

from typing import Final

from venture_core.artifacts.board.ir.document import BoardSpec
from venture_core.artifacts.board.ir.rules import RULES
from venture_core.artifacts.ir.parsing import Grammar

GRAMMAR: Final = Grammar(BoardSpec, RULES)

__all__ = ["GRAMMAR", "BoardSpec"]
