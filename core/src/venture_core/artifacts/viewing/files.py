"""The pages of a file: of a PDF by PDFium, of a picture by Pillow. To be used within limits."""

import io
import warnings
from typing import TYPE_CHECKING, Final

import pypdfium2
from PIL import AvifImagePlugin, Image, UnidentifiedImageError

from venture_core.artifacts.viewing.look import MAX_PIXELS, UnviewableError, page_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from venture_core.artifacts.viewing.look import Look, Page

_FORMATS: Final = ("PNG", "JPEG", "WEBP", "AVIF")
_MAX_DECODED: Final = 4 * MAX_PIXELS
"""Pixels of a picture before it is made smaller."""
_PDF: Final = b"%PDF-"
_PDF_BEGINS_WITHIN: Final = 1024
_OFFICE: Final = b"PK\x03\x04"
_SMALLEST: Final = 1.0
"""Points along an edge of a page."""

# One thread: processes that look at files may start no others.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1


def file_pages(data: bytes, look: Look) -> Iterator[Page]:
    """Yield the pages of a file that are wanted. Raises `UnviewableError`."""
    if _PDF in data[:_PDF_BEGINS_WITHIN]:
        yield from _pdf_pages(data, look)
    elif data.startswith(_OFFICE):
        message = "an Office file has no pages until a program lays it out"
        raise UnviewableError(f"{message}; look at the document that it was made from")
    else:
        yield from _picture(data, look)


def _pdf_pages(data: bytes, look: Look) -> Iterator[Page]:
    try:
        document = pypdfium2.PdfDocument(data)
        count = len(document)
    except pypdfium2.PdfiumError as error:
        raise UnviewableError("the PDF is broken, or asks for a password") from error
    for number in look.numbers(count):
        try:
            page = document[number - 1]
            width, height = (max(_SMALLEST, side) for side in page.get_size())
            image = page.render(scale=look.scale(width, height)).to_pil()
            page.close()
        except (pypdfium2.PdfiumError, ValueError, OverflowError) as error:
            raise UnviewableError(f"page {number} of the PDF is broken") from error
        yield page_of(image.convert("RGB"), number, count)


def _picture(data: bytes, look: Look) -> Iterator[Page]:
    look.numbers(1)
    try:
        with (
            warnings.catch_warnings(action="ignore"),
            Image.open(io.BytesIO(data), formats=_FORMATS) as image,
        ):
            if image.width * image.height > _MAX_DECODED:
                message = f"{image.width} by {image.height} pixels are too many to look at"
                raise UnviewableError(message)
            scale = min(1.0, look.scale(image.width, image.height))
            size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
            mode = "RGBA" if image.has_transparency_data else "RGB"
            smaller = image.convert(mode).resize(size, Image.Resampling.LANCZOS)
    except UnidentifiedImageError:
        raise UnviewableError("it is neither a PDF nor a PNG, JPEG, WebP or AVIF picture") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        if isinstance(error, UnviewableError):
            raise
        raise UnviewableError("the picture is broken, or far too large") from error
    yield page_of(smaller, 1, 1)
