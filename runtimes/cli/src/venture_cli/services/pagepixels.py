"""The pixels of a page that was drawn, as screens show it."""

import io

from PIL import Image
from venture_core.artifacts.viewing.look import MAX_PIXELS

from venture_cli.errors import CliError


def on_white(png: bytes) -> Image.Image:
    """Decode a page, on white. CliError where it has more pixels than pages have."""
    with Image.open(io.BytesIO(png), formats=("PNG",)) as image:
        if image.width * image.height > MAX_PIXELS:
            raise CliError("a page has more pixels than pages have")
        page = image.convert("RGBA")
    white = Image.new("RGBA", page.size, "white")
    white.alpha_composite(page)
    return white.convert("RGB")
