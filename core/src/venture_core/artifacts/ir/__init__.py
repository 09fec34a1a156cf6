"""The intermediate representation: what agents and people write, and the compiler reads."""

from venture_core.artifacts.ir.document import MAX_SLIDES, Footer, InlineAsset, SlideSpec
from venture_core.artifacts.ir.parsing import MAX_IR_BYTES, check_assets, parse_ir
from venture_core.artifacts.ir.problems import InvalidIRError, Problem
from venture_core.artifacts.ir.slides import (
    Bullet,
    BulletsSlide,
    Chart,
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
from venture_core.artifacts.ir.theme import FontFamily, PaletteName, Theme

__all__ = [
    "MAX_IR_BYTES",
    "MAX_SLIDES",
    "Bullet",
    "BulletsSlide",
    "Chart",
    "ChartSlide",
    "Column",
    "FontFamily",
    "Footer",
    "ImageSlide",
    "InlineAsset",
    "InvalidIRError",
    "PaletteName",
    "Problem",
    "QuoteSlide",
    "SectionSlide",
    "Slide",
    "SlideSpec",
    "TableSlide",
    "Theme",
    "TitleSlide",
    "TwoColumnsSlide",
    "check_assets",
    "parse_ir",
]
