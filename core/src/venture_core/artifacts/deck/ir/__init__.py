"""SlideSpec, the document of a slide deck."""

from typing import Final

from venture_core.artifacts.deck.ir.document import MAX_SLIDES, Footer, SlideSpec
from venture_core.artifacts.deck.ir.rules import RULES
from venture_core.artifacts.deck.ir.slides import (
    Bullet,
    BulletsSlide,
    ChartSlide,
    Column,
    ImageSlide,
    QuoteSlide,
    SectionSlide,
    Slide,
    TableSlide,
    TitleSlide,
    TwoColumnsSlide,
)
from venture_core.artifacts.ir.parsing import Grammar

GRAMMAR: Final = Grammar(SlideSpec, RULES)

__all__ = [
    "GRAMMAR",
    "MAX_SLIDES",
    "Bullet",
    "BulletsSlide",
    "ChartSlide",
    "Column",
    "Footer",
    "ImageSlide",
    "QuoteSlide",
    "SectionSlide",
    "Slide",
    "SlideSpec",
    "TableSlide",
    "TitleSlide",
    "TwoColumnsSlide",
]
