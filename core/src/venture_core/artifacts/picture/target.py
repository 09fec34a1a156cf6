"""The target Image: pictures and boards."""

from typing import Final

from venture_core.artifacts.fonts.faces import FILES_DIGEST, SCRIPTS_DIGEST
from venture_core.artifacts.target import Format, Target
from venture_core.artifacts.toolchain import FONTS, SHAPING, Toolchain

MEDIA_TYPES: Final = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "avif": "image/avif",
    "svg": "image/svg+xml",
}
"""The media type of each format that a document can ask for."""

IMAGE: Final = Target(
    name="Image",
    formats=tuple(Format(media_type, name) for name, media_type in MEDIA_TYPES.items()),
    toolchain=Toolchain(
        name="image",
        revision=2,
        libraries=(("deflate", "0.9.0"), ("pillow", "13.0.0"), *SHAPING),
        fonts=f"{FONTS}-{FILES_DIGEST}-{SCRIPTS_DIGEST}",
    ),
    compilers={
        "ImageSpec": "venture_core.artifacts.picture.image",
        "BoardSpec": "venture_core.artifacts.board.image",
    },
)
