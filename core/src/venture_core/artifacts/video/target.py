"""The target Video."""

from typing import Final

from venture_core.artifacts.fonts.faces import FILES_DIGEST, SCRIPTS_DIGEST
from venture_core.artifacts.target import Format, Target
from venture_core.artifacts.toolchain import FONTS, SHAPING, Toolchain

VIDEO: Final = Target(
    name="Video",
    formats=(Format("video/mp4", "mp4"),),
    toolchain=Toolchain(
        name="video",
        revision=2,
        libraries=(("ffmpeg-python", "0.2.0"), ("pillow", "13.0.0"), *SHAPING),
        fonts=f"{FONTS}-{FILES_DIGEST}-{SCRIPTS_DIGEST}",
        native="ffmpeg",
        same_processor=True,
    ),
    image="media",
    compilers={"TimelineSpec": "venture_core.artifacts.video.mp4"},
)
