"""How loud things are."""

from typing import Final

LOUDNESS_LUFS: Final = -16.0
"""How loud a video is, integrated over all of it (EBU R 128)."""
SILENCE_LUFS: Final = -70.0
"""What nothing that can be heard measures."""
