"""The first page of a PDF that was made just now: for its small picture."""

import io

from PIL import Image

from venture_core.artifacts.viewing.files import file_pages
from venture_core.artifacts.viewing.look import Look

_FINER = 2
"""Pages are drawn so many times as large as the picture, and made smaller: letters stay even."""


def first_page(data: bytes, side: int) -> Image.Image:
    """Draw the first page of our own PDF, its longer edge `side` pixels."""
    page = next(iter(file_pages(data, Look(side * _FINER, ((1, 1),)))))
    with Image.open(io.BytesIO(page.png)) as image:
        scale = side / max(image.size)
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        return image.resize(size, Image.Resampling.LANCZOS)
