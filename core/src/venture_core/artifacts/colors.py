"""Colour roles, the bundled palettes, and contrast as WCAG 2.2 defines it."""

import math
from dataclasses import dataclass
from enum import Enum

from venture_core.artifacts.ir.theme import PaletteName, Theme

NORMAL_TEXT_RATIO = 4.5
LARGE_TEXT_RATIO = 3.0
GRAPHICS_RATIO = 3.0
SERIES_DIFFERENCE = 0.05
"""Marks of a chart whose colours differ by less look the same."""
LARGE_POINTS = 18.0
LARGE_BOLD_POINTS = 14.0
RATIO_DIGITS = 2
"""Ratios are compared with the precision in which they are published."""

_LINEAR_BELOW = 0.04045
_LIGHT_ABOVE = 0.4
"""The luminance from which a background counts as light."""


class Role(Enum):
    """What a colour is for. The value is its name in a slide's DrawingML."""

    BACKGROUND = "bg1"
    TEXT = "tx1"
    SURFACE = "bg2"
    MUTED = "tx2"
    PRIMARY = "accent1"
    ACCENT2 = "accent2"
    ACCENT3 = "accent3"
    ACCENT4 = "accent4"
    ACCENT5 = "accent5"
    ACCENT6 = "accent6"


SERIES_ROLES = (
    Role.PRIMARY,
    Role.ACCENT2,
    Role.ACCENT3,
    Role.ACCENT4,
    Role.ACCENT5,
    Role.ACCENT6,
)
"""Colours of chart series, in order."""


@dataclass(frozen=True, slots=True)
class ColorScheme:
    """A hexadecimal sRGB value (six digits, no #) for every role."""

    values: dict[Role, str]

    def contrast(self, one: Role, other: Role) -> float:
        """Return the contrast ratio of two roles, between 1 and 21."""
        return contrast(self.values[one], self.values[other])

    @property
    def on_primary(self) -> Role:
        """The role for text on the primary colour: background or text, whichever stands out."""
        background = self.contrast(Role.BACKGROUND, Role.PRIMARY)
        text = self.contrast(Role.TEXT, Role.PRIMARY)
        return Role.BACKGROUND if background >= text else Role.TEXT


_PALETTES = {
    PaletteName.HARBOR: "FFFFFF 13233A F1F5F9 51607A 1B4B8F 0E7C7B C2570C 7A3E9D B42355 52657F",
    PaletteName.EVERGREEN: "FFFFFF 17261E F1F6F2 53655A 1F6B45 1D5C8A B4560E 6B4E9B A63D57 5F6F65",
    PaletteName.EMBER: "FFFDFA 2B1A12 FAF1E8 6E5548 A23A17 8A5A00 22616B 6A3F7E 9A2F4B 6B6258",
    PaletteName.GRAPHITE: "12161D F2F5F9 1E2530 A9B4C4 2E66CC 35B8A9 F0A04B B98AF0 F0708C 93A3B8",
}
"""Background, text, surface, muted, primary and five accents of each palette."""

_ORDER = (Role.BACKGROUND, Role.TEXT, Role.SURFACE, Role.MUTED, *SERIES_ROLES)


def color_scheme(theme: Theme) -> ColorScheme:
    """Resolve the theme's palette and the document's changes to it."""
    values = dict(zip(_ORDER, _PALETTES[theme.palette].split(), strict=True))
    changes = theme.colors
    for role, color in (
        (Role.BACKGROUND, changes.background),
        (Role.TEXT, changes.text),
        (Role.SURFACE, changes.surface),
        (Role.MUTED, changes.muted),
        (Role.PRIMARY, changes.primary),
        *zip(SERIES_ROLES[1:], changes.accents or (), strict=False),
    ):
        if color is not None:
            values[role] = color.removeprefix("#")
    return ColorScheme(values)


def on_paper(scheme: ColorScheme) -> ColorScheme:
    """Return the scheme for white paper: a dark one gives up its background and keeps its hues."""
    values = dict(scheme.values)
    if luminance(values[Role.BACKGROUND]) >= _LIGHT_ABOVE:
        return scheme
    paper = color_scheme(Theme())
    for role in (Role.BACKGROUND, Role.SURFACE, Role.MUTED):
        values[role] = paper.values[role]
    values[Role.TEXT] = scheme.values[Role.BACKGROUND]
    for role in SERIES_ROLES:
        while contrast(values[role], values[Role.BACKGROUND]) < NORMAL_TEXT_RATIO:
            values[role] = _darker(values[role])
    return ColorScheme(values)


def _darker(color: str) -> str:
    return "".join(f"{int(color[at : at + 2], 16) * 15 // 16:02X}" for at in (0, 2, 4))


def luminance(color: str) -> float:
    """Return the relative luminance of a hexadecimal sRGB value: 0 for black, 1 for white."""
    red, green, blue = (_linear(int(color[at : at + 2], 16) / 255) for at in (0, 2, 4))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= _LINEAR_BELOW else ((channel + 0.055) / 1.055) ** 2.4


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two hexadecimal sRGB values, between 1 and 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def difference(one: str, other: str) -> float:
    """Return how far apart two colours look: 0 for the same, 1 for black and white (in OKLab)."""
    pairs = zip(_oklab(one), _oklab(other), strict=True)
    return math.sqrt(sum((a - b) ** 2 for a, b in pairs))


def _oklab(color: str) -> tuple[float, float, float]:
    red, green, blue = (_linear(int(color[at : at + 2], 16) / 255) for at in (0, 2, 4))
    cones = (
        0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue,
        0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue,
        0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue,
    )
    long, medium, short = (math.cbrt(each) for each in cones)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def required_ratio(size_points: float, *, bold: bool) -> float:
    """Return the contrast that text of this size needs."""
    large = size_points >= LARGE_POINTS or (bold and size_points >= LARGE_BOLD_POINTS)
    return LARGE_TEXT_RATIO if large else NORMAL_TEXT_RATIO
