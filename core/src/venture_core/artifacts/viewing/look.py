"""Which pages are looked at, how large, and what comes of it. All of it is bounded."""

import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_PAGES: Final = 200
"""Pages that are drawn at once."""
MAX_WIDTH: Final = 4096
MAX_SIDE: Final = 8192
"""Pixels along an edge of a page."""
MAX_PIXELS: Final = 16_000_000
"""Pixels of a page."""
VIEWABLE: Final = frozenset(
    ("application/pdf", "image/png", "image/jpeg", "image/webp", "image/avif")
)
"""Media types of files that have pages of their own; others are drawn from their document."""
_COMPRESSION: Final = 6
_LONGEST: Final = 1e6
"""Units along an edge of a page, as far as anybody believes them."""


class UnviewableError(ValueError):
    """There is nothing to look at; the message says why."""


@dataclass(frozen=True, slots=True)
class Look:
    """What is wanted."""

    width: int
    """Pixels across each page, fewer where it is very long; 1 to `MAX_WIDTH`."""
    pages: tuple[tuple[int, int], ...] = ()
    """First and last page of each part that is wanted, counted from 1; none means all."""

    def numbers(self, count: int) -> list[int]:
        """Return the pages to draw of `count`, in their order, at most `MAX_PAGES`.

        Raises `UnviewableError` where none of them is there.
        """
        parts = self.pages or ((1, count),)
        wanted = {each for first, last in parts for each in range(first, min(last, count) + 1)}
        if not wanted:
            there = "1 page" if count == 1 else f"{count} pages"
            raise UnviewableError(f"it has {there}, and none of those that are wanted")
        return sorted(wanted)[:MAX_PAGES]

    def scale(self, width: float, height: float) -> float:
        """Return how many pixels a unit of a page of that size gets."""
        width, height = (min(max(1.0, side), _LONGEST) for side in (width, height))
        most = math.sqrt(MAX_PIXELS / width / height)
        return min(self.width / width, MAX_SIDE / height, most)


@dataclass(frozen=True, slots=True)
class Page:
    """A page that was drawn."""

    number: int
    """Counted from 1."""
    count: int
    """How many pages there are in all."""
    png: bytes


def page_of(image: Image, number: int, count: int) -> Page:
    """Write a picture as a page: the same pixels give the same bytes in the same installation."""
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=_COMPRESSION)
    return Page(number, count, file.getvalue())
