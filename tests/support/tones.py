"""Recordings made of tones, by the standard library alone."""

import io
import math
import struct
import wave

FULL = 32767


def tone(
    seconds: float, *, hertz: float = 300, level: float = 0.2, rate: int = 48_000, silent: float = 0
) -> bytes:
    """Return a WAV of one channel: a sine, after so many seconds of silence."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        quiet = round(silent * rate)
        samples = [0] * quiet + [
            round(FULL * level * math.sin(2 * math.pi * hertz * at / rate))
            for at in range(round(seconds * rate) - quiet)
        ]
        out.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return file.getvalue()
