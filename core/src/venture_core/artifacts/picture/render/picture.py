"""Rendering a planned picture as PNG, JPEG, WebP or AVIF."""

import io
from typing import TYPE_CHECKING, Final

from PIL import Image

from venture_core.artifacts.drawing.png import write_png
from venture_core.artifacts.drawing.raster import draw_scene

if TYPE_CHECKING:
    from venture_core.artifacts.picture.plan.picture import PicturePlan

_WEBP_EFFORT: Final = 4
_AVIF_SPEED: Final = 6


def render_picture(plan: PicturePlan) -> bytes:
    """Draw the picture and write it in the format that its document asks for.

    Nothing is carried over from assets but what `keep` names.
    """
    spec = plan.spec
    image = draw_scene(plan.scene, plan.assets, 1.0)
    exif = b""
    if spec.keep is not None and spec.keep.exif:
        with Image.open(io.BytesIO(plan.assets[spec.keep.source])) as source:
            exif = source.getexif().tobytes()
    if spec.format == "png":
        return write_png(image, exif=exif)
    file = io.BytesIO()
    match spec.format:
        case "jpeg":
            image.save(file, "JPEG", quality=spec.quality, exif=exif)
        case "webp":
            image.save(file, "WEBP", quality=spec.quality, method=_WEBP_EFFORT, exif=exif)
        case "avif":
            # One thread: how work is shared must not show in the bytes.
            image.save(
                file, "AVIF", quality=spec.quality, speed=_AVIF_SPEED, max_threads=1, exif=exif
            )
    return file.getvalue()
