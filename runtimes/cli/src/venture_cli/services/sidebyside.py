"""Two pages beside each other, with a frame around what differs."""

import io
from typing import TYPE_CHECKING, Final

from PIL import Image, ImageChops, ImageDraw

from venture_cli.services.pagepixels import on_white

if TYPE_CHECKING:
    from venture_cli.services.comparisons import PageChange

_GAP: Final = 16
_MARGIN: Final = 6
_LINE: Final = 3
_FRAME: Final = "#D0342C"
_GROUND: Final = "#8A8F98"
"""Around the pages, and where there is none."""


def side_by_side(change: PageChange) -> bytes:
    """Return a PNG with the page as it was at the left, and as it is at the right."""
    old, new = (
        None if page is None else on_white(page.png) for page in (change.before, change.after)
    )
    there = [page for page in (old, new) if page is not None]
    width, height = max(page.width for page in there), max(page.height for page in there)
    sheet = Image.new("RGB", (2 * width + _GAP, height), _GROUND)
    place = _difference(old, new)
    for page, left in ((old, 0), (new, width + _GAP)):
        if page is not None:
            sheet.paste(page, (left, 0))
            if place is not None:
                _frame(sheet, page, place, left)
    file = io.BytesIO()
    sheet.save(file, "PNG")
    return file.getvalue()


def _difference(
    old: Image.Image | None, new: Image.Image | None
) -> tuple[int, int, int, int] | None:
    """Return the rectangle that holds all that differs, None where pages are of other sizes."""
    if old is None or new is None or old.size != new.size:
        return None
    return ImageChops.difference(old, new).getbbox()


def _frame(
    sheet: Image.Image, page: Image.Image, place: tuple[int, int, int, int], left: int
) -> None:
    x, y, right, bottom = place
    begin = left + max(0, x - _MARGIN), max(0, y - _MARGIN)
    end = left + min(page.width, right + _MARGIN) - 1, min(page.height, bottom + _MARGIN) - 1
    ImageDraw.Draw(sheet).rectangle((begin, end), outline=_FRAME, width=_LINE)
