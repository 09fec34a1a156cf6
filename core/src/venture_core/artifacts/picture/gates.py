"""The quality gates of pictures, run over a plan before anything is written."""

from typing import TYPE_CHECKING, Final

from venture_core.artifacts.colors import RATIO_DIGITS, contrast, required_ratio
from venture_core.artifacts.gates import ALT_TEXT, CONTRAST, OVERFLOW, Finding
from venture_core.artifacts.ir.values import is_blank

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from PIL.Image import Image

    from venture_core.artifacts.picture.plan.picture import PicturePlan

_POINTS_PER_PIXEL: Final = 0.75
"""As CSS counts them: what is large is said in points."""
_LEAST_READABLE_SHARE: Final = 0.05
"""So much of what is behind a text may stand out less: a few pixels hide no letter."""
_OPAQUE: Final = 255
_GROUNDS: Final = (0, 255)
"""Black and white, which may be behind a picture that is transparent."""


def _contrast(plan: PicturePlan) -> Iterator[Finding]:
    """Look at what is behind each text: colours, pictures, both."""
    # Imported here: drawing costs what a build without this gate need not pay.
    from venture_core.artifacts.drawing.raster import grounds

    names = {id(words): name for name, words in plan.texts}
    said: set[str] = set()
    for words, behind in grounds(plan.scene, plan.assets, 1.0):
        name = names[id(words)]
        size = words.size * _POINTS_PER_PIXEL
        needed = required_ratio(size, bold=words.bold)
        ratio = round(_least(words.color, behind), RATIO_DIGITS)
        if ratio < needed and name not in said:
            said.add(name)
            yield Finding(
                None,
                name,
                f"{words.size:g} pixel text #{words.color} has a contrast of {ratio:.2f}:1 with "
                f"what is behind it and needs {needed:g}:1",
            )


def _least(ink: str, behind: Image) -> float:
    """Return the contrast that all but the least readable pixels reach."""
    data = behind.convert("RGBA").tobytes()
    ratios = sorted(
        min(contrast(ink, _over(*pixel, ground)) for ground in _GROUNDS)
        for pixel in zip(data[0::4], data[1::4], data[2::4], data[3::4], strict=True)
    )
    return ratios[int(len(ratios) * _LEAST_READABLE_SHARE)]


def _over(red: int, green: int, blue: int, alpha: int, ground: int) -> str:
    """Return the colour of a pixel laid on a grey ground."""
    mixed = (
        round((color * alpha + ground * (_OPAQUE - alpha)) / _OPAQUE)
        for color in (red, green, blue)
    )
    return "".join(f"{value:02X}" for value in mixed)


def _alt_text(plan: PicturePlan) -> Iterator[Finding]:
    if is_blank(plan.spec.alt_text):
        yield Finding(None, "altText", "says nothing; it says in words what the picture shows")


def _overflow(plan: PicturePlan) -> Iterator[Finding]:
    for name, message in plan.problems:
        yield Finding(None, name, message)


CHECKS: Final[Mapping[str, Callable[[PicturePlan], Iterator[Finding]]]] = {
    CONTRAST: _contrast,
    ALT_TEXT: _alt_text,
    OVERFLOW: _overflow,
}
"""What each gate that concerns a picture finds in it."""
