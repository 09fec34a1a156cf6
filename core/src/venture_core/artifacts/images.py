"""Checking pictures before they go into a document."""

import io
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from venture_core.artifacts.pictureparts import too_many_parts

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_IMAGE_BYTES = 20 * 1024 * 1024
MAX_IMAGE_PIXELS = 24_000_000
MAX_PNG_PIXELS = 400_000_000
"""Of all PNGs of a document: pages have them unpacked and packed anew, half a second for each 24
million. JPEGs go into them as they are."""
MAX_IMAGE_SIDE = 12_000
"""Pixels along one edge."""

_EXIF_ORIENTATION = 0x0112
_UPRIGHT = 1
_MEDIA_TYPES = {"PNG": ("png", "image/png"), "JPEG": ("jpg", "image/jpeg")}


class InvalidAssetError(ValueError):
    """An asset cannot be used. `asset` is its name; the message says why."""

    def __init__(self, asset: str, message: str) -> None:
        self.asset = asset
        super().__init__(f"asset {asset}: {message}")


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """What a picture is, found by reading it, never by its name."""

    extension: str
    media_type: str
    width: int
    """Pixels."""
    height: int
    """Pixels."""


def inspect_images(assets: Mapping[str, bytes]) -> dict[str, ImageInfo]:
    """Look at each picture, as `inspect_image` does, and at how many pixels PNGs have together."""
    seen: dict[str, ImageInfo] = {}
    pixels = 0
    for name, data in assets.items():
        seen[name] = info = inspect_image(name, data)
        if info.extension == "png":
            pixels += info.width * info.height
            if pixels > MAX_PNG_PIXELS:
                message = f"with it PNGs have more than {MAX_PNG_PIXELS:,} pixels together; "
                raise InvalidAssetError(name, f"{message}scale them down, or save them as JPEG")
    return seen


def inspect_image(name: str, data: bytes) -> ImageInfo:
    """Decode the PNG or JPEG `data` wholly and describe it; the bytes themselves stay as they are.

    Raises `InvalidAssetError` for another format, broken data, more than 20 MiB, more than 24
    million pixels, more parts than decoders get through in a moment, or a picture that is only
    upright after a rotation its file asks for.
    """
    # Imported here: this costs 50 ms that a deck without pictures need not pay.
    from PIL import Image, UnidentifiedImageError

    if len(data) > MAX_IMAGE_BYTES:
        raise InvalidAssetError(name, f"{len(data)} bytes; at most {MAX_IMAGE_BYTES} are allowed")
    if wrong := too_many_parts(data):
        raise InvalidAssetError(name, wrong)
    try:
        with (
            warnings.catch_warnings(action="error"),
            Image.open(io.BytesIO(data), formats=tuple(_MEDIA_TYPES)) as image,
        ):
            _check_size(name, image.width, image.height)
            if image.format not in _MEDIA_TYPES:
                raise InvalidAssetError(name, f"a {image.format} file; save it as plain JPEG")
            orientation = image.getexif().get(_EXIF_ORIENTATION, _UPRIGHT)
            if orientation != _UPRIGHT:
                raise InvalidAssetError(
                    name, "the picture is stored rotated (EXIF orientation); save it upright"
                )
            image.load()
            extension, media_type = _MEDIA_TYPES[image.format]
            return ImageInfo(extension, media_type, image.width, image.height)
    except UnidentifiedImageError:
        raise InvalidAssetError(name, "not a PNG or JPEG picture") from None
    except Image.DecompressionBombError, Image.DecompressionBombWarning:
        raise InvalidAssetError(
            name, f"far more than the {MAX_IMAGE_PIXELS} pixels that are allowed"
        ) from None
    except (OSError, SyntaxError, ValueError, Warning) as error:
        if isinstance(error, InvalidAssetError):
            raise
        raise InvalidAssetError(name, f"the picture is broken: {error}"[:200]) from error


def _check_size(name: str, width: int, height: int) -> None:
    if width * height > MAX_IMAGE_PIXELS or max(width, height) > MAX_IMAGE_SIDE:
        raise InvalidAssetError(
            name,
            f"{width} by {height} pixels; at most {MAX_IMAGE_PIXELS} in all and "
            f"{MAX_IMAGE_SIDE} along an edge are allowed",
        )
