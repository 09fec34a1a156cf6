"""TimelineSpec, the document of a video."""

from typing import Final

from venture_core.artifacts.ir.parsing import Grammar
from venture_core.artifacts.video.ir.document import TimelineSpec
from venture_core.artifacts.video.ir.rules import RULES

GRAMMAR: Final = Grammar(TimelineSpec, RULES)

__all__ = ["GRAMMAR", "TimelineSpec"]
