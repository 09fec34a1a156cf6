"""The rules of a picture that span several fields: those of its assets, its size, its text."""

from typing import TYPE_CHECKING

from venture_core.artifacts.images import MAX_IMAGE_PIXELS
from venture_core.artifacts.ir.problems import Problem, pointer
from venture_core.artifacts.ir.rules import ASSET_RULES
from venture_core.artifacts.picture.ir.document import TextLayer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from venture_core.artifacts.ir.rules import Place
    from venture_core.artifacts.picture.ir.document import ImageSpec, Layer


def _size_is_bounded(spec: ImageSpec) -> Iterator[Problem]:
    if spec.width * spec.height > MAX_IMAGE_PIXELS:
        found = f"{spec.width} by {spec.height} are {spec.width * spec.height}"
        yield Problem("/width", f"at most {MAX_IMAGE_PIXELS} pixels in all", found)


def _jpeg_is_opaque(spec: ImageSpec) -> Iterator[Problem]:
    if spec.format == "jpeg" and spec.background == "transparent":
        yield Problem("/background", "a colour, or another format", "JPEG has no transparency")


def layer_sizes_are_in_order(layers: Sequence[Layer], at: Place) -> Iterator[Problem]:
    """Find the text, among the layers at `at`, whose smallest size is above its largest."""
    for index, layer in enumerate(layers):
        if isinstance(layer, TextLayer) and layer.min_size > layer.size:
            where = pointer((*at, index, "minSize"))
            yield Problem(where, f"at most the size, {layer.size}", f"it is {layer.min_size}")


def _sizes_are_in_order(spec: ImageSpec) -> Iterator[Problem]:
    yield from layer_sizes_are_in_order(spec.layers, ("layers",))


RULES: tuple[Callable[[ImageSpec], Iterator[Problem]], ...] = (
    *ASSET_RULES,
    _size_is_bounded,
    _jpeg_is_opaque,
    _sizes_are_in_order,
)
"""Every rule beyond the field types, in the order in which problems are reported."""
