"""The last touch to a PDF of weasyprint's: the same bytes, whichever zlib the machine has.

And what tables show in words, for which weasyprint has no place.
"""

import zlib
from typing import TYPE_CHECKING, Any

import pydyf

from venture_core.artifacts.drawing import deflate

if TYPE_CHECKING:
    from collections.abc import Iterator


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
    _add_summaries(document, pdf)
    for each in pdf.objects:
        if isinstance(each, pydyf.Stream) and _is_packed(each):
            packed = b"\n".join(getattr(part, "data", part) for part in each.stream)
            each.stream = [deflate.compress(zlib.decompress(packed))]


def _add_summaries(document: Any, pdf: Any) -> None:  # noqa: ANN401 - weasyprint is not typed
    """Give each part of a table what its element says in `summary`, as PDF's attribute of tables.

    Tags of tables are made in the order in which their boxes stand, one for each page.
    """
    found = [each for page in document.pages for each in _summaries(page._page_box)]
    if not any(found):
        return
    tags = [each for each in pdf.objects if isinstance(each, dict) and each.get("S") == "/Table"]
    for tag, summary in zip(tags, found, strict=True):
        if summary:
            tag["A"] = pydyf.Dictionary({"O": "/Table", "Summary": pydyf.String(summary)})


def _summaries(box: Any) -> Iterator[str]:  # noqa: ANN401 - weasyprint is not typed
    box = getattr(box, "_box", box)  # a placeholder of what is placed elsewhere
    if box.element is not None and box.element.tag == "table" and box.is_table_wrapper:
        yield box.element.get("summary", "")
        return
    for child in getattr(box, "children", ()):
        yield from _summaries(child)


def _is_packed(stream: Any) -> bool:  # noqa: ANN401 - pydyf is not typed
    return not stream.compress and stream.extra.get("Filter") == "/FlateDecode"
