"""Pictures: sniffed, bounded, decoded, and placed without a change to their bytes."""

import base64
import io
import json
import struct
import zipfile
import zlib
from typing import Any

import pytest
from PIL import Image
from venture_core.artifacts.compile import compile_artifact
from venture_core.artifacts.deck.plan.geometry import Box
from venture_core.artifacts.deck.plan.pictures import contain, cover
from venture_core.artifacts.documents import parse_ir
from venture_core.artifacts.gates import GateSettings
from venture_core.artifacts.images import (
    MAX_IMAGE_BYTES,
    ImageInfo,
    InvalidAssetError,
    inspect_image,
)


def encoded(kind: str, size: tuple[int, int] = (30, 20), **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, "teal").save(buffer, kind, **options)
    return buffer.getvalue()


def png_of_size(width: int, height: int) -> bytes:
    """A PNG whose header claims a size that its few bytes of data do not have."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + data


def rotated() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded("JPEG", exif=exif)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("PNG", ImageInfo("png", "image/png", 30, 20)),
        ("JPEG", ImageInfo("jpg", "image/jpeg", 30, 20)),
    ],
)
def test_png_and_jpeg_are_accepted(kind: str, expected: ImageInfo) -> None:
    assert inspect_image("a", encoded(kind)) == expected


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a PNG or JPEG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a PNG or JPEG"),
        (encoded("GIF"), "not a PNG or JPEG"),
        (encoded("BMP"), "not a PNG or JPEG"),
        (encoded("TIFF"), "not a PNG or JPEG"),
        (encoded("WEBP"), "not a PNG or JPEG"),
        (encoded("PNG")[:60], "broken"),
        (encoded("JPEG")[:-400], "broken"),
        (png_of_size(20_000, 20_000), "far more than"),
        (png_of_size(10_000, 10_000), "far more than"),
        (png_of_size(12_001, 1), "12001 by 1 pixels"),
        (png_of_size(5_000, 5_000), "5000 by 5000 pixels"),
        (png_of_size(100, 100), "broken"),
        (rotated(), "EXIF orientation"),
        (b"\x89PNG" + b"x" * MAX_IMAGE_BYTES, "bytes; at most"),
    ],
)  # fmt: skip
def test_everything_else_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(InvalidAssetError, match=message) as caught:
        inspect_image("photo", data)
    assert caught.value.asset == "photo"


FRAME = Box(100, 200, 4000, 2000)


@pytest.mark.parametrize(
    ("size", "box"),
    [
        ((400, 200), Box(100, 200, 4000, 2000)),
        ((100, 100), Box(1100, 200, 2000, 2000)),
        ((800, 200), Box(100, 700, 4000, 1000)),
    ],
)
def test_contain_shows_all_of_it_in_the_middle(size: tuple[int, int], box: Box) -> None:
    placed = contain(ImageInfo("png", "image/png", *size), FRAME)
    assert placed == box


@pytest.mark.parametrize(
    ("size", "crop"), [((400, 200), (0, 0)), ((100, 100), (0, 0.5)), ((800, 200), (0.5, 0))]
)
def test_cover_cuts_what_stands_over(size: tuple[int, int], crop: tuple[float, float]) -> None:
    assert cover(ImageInfo("png", "image/png", *size), FRAME) == pytest.approx(crop)


def deck(**fields: Any) -> bytes:
    image = {"type": "image", "title": "T", "image": "photo", "altText": "A"}
    source = {"kind": "SlideSpec", "version": 1, "title": "D", "slides": [image, image], **fields}
    return json.dumps(source).encode()


def test_a_picture_is_embedded_once_and_as_it_is() -> None:
    photo = encoded("JPEG", (640, 480))
    artifact = compile_artifact(
        ir=parse_ir(deck()), assets={"photo": photo}, gates=GateSettings(), target="Pptx"
    )
    with zipfile.ZipFile(io.BytesIO(artifact.data)) as archive:
        media = [name for name in archive.namelist() if name.startswith("ppt/media/")]
        assert media == ["ppt/media/image1.jpg"]
        assert archive.read(media[0]) == photo


def test_an_inline_picture_is_the_same_as_one_beside_the_document() -> None:
    photo = encoded("PNG")
    inline = deck(assets=[{"name": "photo", "data": base64.b64encode(photo).decode()}])
    gates = GateSettings()
    within = compile_artifact(ir=parse_ir(inline), assets={}, gates=gates, target="Pptx")
    beside = compile_artifact(
        ir=parse_ir(deck()), assets={"photo": photo}, gates=gates, target="Pptx"
    )
    assert within.sha256 == beside.sha256


def test_only_pictures_that_are_used_are_looked_at() -> None:
    assets = {"photo": encoded("PNG"), "notes": b"not a picture"}
    compile_artifact(ir=parse_ir(deck()), assets=assets, gates=GateSettings(), target="Pptx")
    with pytest.raises(InvalidAssetError):
        compile_artifact(
            ir=parse_ir(deck()), assets={"photo": b"?"}, gates=GateSettings(), target="Pptx"
        )
