"""How a document looks: a palette, optional colour changes, two font families, an optional logo."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from venture_core.artifacts.ir.values import Color, IRModel, Name


class FontFamily(StrEnum):
    """The families whose advance widths are bundled, so that text can be measured anywhere."""

    ARIAL = "Arial"
    CALIBRI = "Calibri"
    CAMBRIA = "Cambria"
    TIMES_NEW_ROMAN = "Times New Roman"
    LATO = "Lato"
    OPEN_SANS = "Open Sans"
    ROBOTO = "Roboto"
    INTER = "Inter"


class PaletteName(StrEnum):
    """The bundled palettes. Each passes the contrast gate wherever it is used."""

    HARBOR = "Harbor"
    EVERGREEN = "Evergreen"
    EMBER = "Ember"
    GRAPHITE = "Graphite"


class Fonts(IRModel):
    """The heading and body families; they become the theme fonts of the file."""

    heading: FontFamily = FontFamily.CALIBRI
    body: FontFamily = FontFamily.CALIBRI


class Colors(IRModel):
    """Changes to the palette. A colour that is absent keeps the palette's value."""

    background: Color | None = None
    """Behind everything; also text on dark areas."""
    surface: Color | None = None
    """Panels and table bands."""
    text: Color | None = None
    """Titles and body text."""
    muted: Color | None = None
    """Secondary text: subtitles, captions, footers, axis labels."""
    primary: Color | None = None
    """Title and section slides, table headers, the first chart series."""
    accents: Annotated[tuple[Color, ...], Field(min_length=5, max_length=5)] | None = None
    """The five further chart series colours, in order."""


class Theme(IRModel):
    """Everything that is the same on all slides and pages."""

    palette: PaletteName = PaletteName.HARBOR
    colors: Colors = Colors()
    fonts: Fonts = Fonts()
    logo: Name | None = None
    """Asset shown small: on the title slide and in the corner of others, at the head of pages."""
