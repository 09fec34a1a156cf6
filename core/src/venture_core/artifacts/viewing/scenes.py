"""The pages of a document, drawn from its plan."""

from typing import TYPE_CHECKING

from venture_core.artifacts.viewing.look import page_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from venture_core.artifacts.drawing.scene import Drawing
    from venture_core.artifacts.viewing.look import Look, Page


def drawn_pages(drawing: Drawing, look: Look) -> Iterator[Page]:
    """Yield the pages that are wanted. Raises `UnviewableError` where there are none of them."""
    from venture_core.artifacts.drawing.raster import draw_scene

    count = len(drawing.scenes)
    for number in look.numbers(count):
        scene = drawing.scenes[number - 1]
        image = draw_scene(scene, drawing.assets, look.scale(scene.width, scene.height))
        yield page_of(image, number, count)
