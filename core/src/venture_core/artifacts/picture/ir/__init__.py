"""ImageSpec, the document of a picture."""

from typing import Final

from venture_core.artifacts.ir.parsing import Grammar
from venture_core.artifacts.picture.ir.document import ImageSpec
from venture_core.artifacts.picture.ir.rules import RULES

GRAMMAR: Final = Grammar(ImageSpec, RULES)

__all__ = ["GRAMMAR", "ImageSpec"]
