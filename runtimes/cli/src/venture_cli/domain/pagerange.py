"""Which pages: `1-3,7`."""

import re
from typing import Final

_PART: Final = re.compile(r"([1-9][0-9]{0,5})(?:-([1-9][0-9]{0,5}))?")
MAX_PARTS: Final = 50


def parse_pages(text: str) -> tuple[tuple[int, int], ...]:
    """Return first and last page of each part. ValueError where the text is none."""
    parts = text.replace(" ", "").split(",")
    found = [_PART.fullmatch(part) for part in parts]
    if len(parts) > MAX_PARTS or not all(found):
        raise ValueError(f"{text!r} does not say which pages, as 2, 4-6 or 1-3,7 do")
    ends = [(int(each[1]), int(each[2] or each[1])) for each in found if each]
    for first, last in ends:
        if last < first:
            raise ValueError(f"{first}-{last} ends before it begins")
    return tuple(ends)
