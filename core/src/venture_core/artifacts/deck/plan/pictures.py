"""Placing a picture in its frame."""

from typing import TYPE_CHECKING

from venture_core.artifacts.deck.plan.geometry import Box

if TYPE_CHECKING:
    from venture_core.artifacts.images import ImageInfo


def contain(image: ImageInfo, frame: Box) -> Box:
    """Return the largest box of the picture's proportions within `frame`, centred."""
    if image.width * frame.height > image.height * frame.width:
        width = frame.width
        height = max(1, round(frame.width * image.height / image.width))
    else:
        height = frame.height
        width = max(1, round(frame.height * image.width / image.height))
    left = frame.left + (frame.width - width) // 2
    top = frame.top + (frame.height - height) // 2
    return Box(left, top, width, height)


def cover(image: ImageInfo, frame: Box) -> tuple[float, float]:
    """Return the shares of width and height to cut off so that the rest fills `frame`."""
    wanted = frame.width / frame.height
    given = image.width / image.height
    return (1 - wanted / given, 0.0) if given > wanted else (0.0, 1 - given / wanted)
