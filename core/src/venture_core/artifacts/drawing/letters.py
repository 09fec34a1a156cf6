"""Which letters of a page no font has."""

from typing import TYPE_CHECKING

from venture_core.artifacts.drawing.scene import Words
from venture_core.artifacts.fonts.metrics import load_metrics

if TYPE_CHECKING:
    from venture_core.artifacts.drawing.scene import Scene


def missing_letters(scene: Scene) -> str:
    """Return the characters of the page, each once, that their families cannot draw."""
    missing: dict[str, None] = {}
    for shape in scene.shapes:
        if isinstance(shape, Words):
            missing.update(dict.fromkeys(load_metrics(shape.family).missing(shape.text)))
    return "".join(missing)
