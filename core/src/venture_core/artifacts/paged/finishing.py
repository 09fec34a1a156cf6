"""The last touch to a PDF of weasyprint's: the same bytes, whichever zlib the machine has."""

import zlib
from typing import Any

import pydyf

from venture_core.artifacts.drawing import deflate


class _Packer:
    """What pydyf asks of `zlib.compressobj`."""

    def __init__(self) -> None:
        self._data = b""

    def compress(self, data: bytes) -> bytes:
        self._data += data
        return b""

    def flush(self) -> bytes:
        return deflate.compress(self._data)


class _Zlib:
    """What pydyf asks of zlib, done by libdeflate."""

    @staticmethod
    def compressobj(level: int) -> _Packer:
        return _Packer()

    compress = staticmethod(deflate.compress)


pydyf.zlib = _Zlib


def finish(document: Any, pdf: Any) -> None:  # noqa: ANN401 - weasyprint is not typed
    """Pack the pictures anew: they come as whoever wrote or decoded them packed them."""
    for each in pdf.objects:
        if isinstance(each, pydyf.Stream) and _is_packed(each):
            packed = b"\n".join(getattr(part, "data", part) for part in each.stream)
            each.stream = [deflate.compress(zlib.decompress(packed))]


def _is_packed(stream: Any) -> bool:  # noqa: ANN401 - pydyf is not typed
    return not stream.compress and stream.extra.get("Filter") == "/FlateDecode"
