"""Pictures: formats, text that fits, contrast over photographs, what assets say of themselves."""

import io
import json
from typing import Any

import pytest
from artifactexamples import compiled
from PIL import Image, ImageCms
from venture_core.artifacts.documents import parse_ir
from venture_core.artifacts.gates import GateFailedError
from venture_core.artifacts.ir import InvalidIRError
from venture_core.artifacts.picture.ir import ImageSpec
from venture_core.artifacts.picture.plan.picture import plan_picture

MAKER, GPS = 0x010F, 0x8825


def picture(*layers: dict[str, Any], **fields: Any) -> dict[str, Any]:
    whole = {"type": "shape", "at": {"width": 200, "height": 100}, "color": "surface"}
    return {
        "kind": "ImageSpec",
        "version": 1,
        "title": "Picture",
        "altText": "x",
        "width": 200,
        "height": 100,
        "layers": layers or (whole,),
        **fields,
    }


def text(**fields: Any) -> dict[str, Any]:
    return {"type": "text", "text": "words", "at": {"width": 200, "height": 100}, **fields}


def photo(color: str = "white", size: tuple[int, int] = (40, 20), **saved: Any) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, color).save(file, "JPEG", quality=95, **saved)
    return file.getvalue()


def shown(name: str = "photo", **fields: Any) -> dict[str, Any]:
    return {"type": "picture", "image": name, "at": {"width": 200, "height": 100}, **fields}


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


@pytest.mark.parametrize("form", ["png", "jpeg", "webp", "avif"])
def test_each_format_is_what_it_says(form: str) -> None:
    artifact = compiled(picture(text(), format=form), "Image")
    image = opened(artifact.data)
    assert artifact.media_type == f"image/{form}"
    assert image.format == form.upper()
    assert image.size == (200, 100)
    assert compiled(picture(text(), format=form), "Image").sha256 == artifact.sha256


@pytest.mark.parametrize("form", ["png", "webp", "avif"])
def test_transparency_is_kept(form: str) -> None:
    corner = {"type": "shape", "at": {"width": 100, "height": 100}, "color": "#FF0000"}
    artifact = compiled(picture(corner, background="transparent", format=form), "Image")
    image = opened(artifact.data).convert("RGBA")
    assert image.getpixel((180, 50))[3] == 0
    assert image.getpixel((20, 50))[3] == 255


def test_text_takes_the_largest_size_at_which_it_fits() -> None:
    def size(words: str) -> float:
        spec = parse_ir(json.dumps(picture(text(text=words, size=90, minSize=8))).encode())
        assert isinstance(spec, ImageSpec)
        return plan_picture(spec, {}).texts[0][1].size

    assert size("I") > size("Some words") > size("Many more words than there were before") >= 8


def test_lines_stand_as_the_anchor_says() -> None:
    def top(anchor: str) -> float:
        spec = parse_ir(json.dumps(picture(text(anchor=anchor, size=20))).encode())
        assert isinstance(spec, ImageSpec)
        return plan_picture(spec, {}).texts[0][1].at[1]

    assert top("top") < top("middle") < top("bottom") < 100


def test_cover_crops_and_contain_shows_all() -> None:
    half = Image.new("RGB", (100, 100), "red")
    half.paste("blue", (0, 0, 100, 20))
    file = io.BytesIO()
    half.save(file, "PNG")
    covered = opened(compiled(picture(shown()), "Image", photo=file.getvalue()).data)
    whole = opened(compiled(picture(shown(fit="contain")), "Image", photo=file.getvalue()).data)
    assert covered.getpixel((100, 2)) == (255, 0, 0)
    assert whole.getpixel((100, 2)) == (0, 0, 255)
    assert whole.getpixel((10, 50)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("ground", "ink", "passes"),
    [("white", "#000000", True), ("white", "#DDDDDD", False), ("black", "#000000", False)],
)
def test_the_contrast_gate_sees_the_photograph_behind_a_text(
    ground: str, ink: str, passes: bool
) -> None:
    document = picture(shown(), text(color=ink, size=20))
    if passes:
        compiled(document, "Image", photo=photo(ground))
        return
    with pytest.raises(GateFailedError, match=r"layers\[1\]\.text: 20 pixel text .* contrast"):
        compiled(document, "Image", photo=photo(ground))


def test_text_on_nothing_has_to_stand_out_from_black_and_white() -> None:
    with pytest.raises(GateFailedError, match="contrast"):
        compiled(picture(text(color="#000000"), background="transparent"), "Image")


def test_what_an_asset_says_of_itself_is_left_out_unless_it_is_wanted() -> None:
    exif = Image.Exif()
    exif[MAKER] = "A camera"
    exif.get_ifd(GPS)[1] = "N"
    data = photo(exif=exif)
    plain = opened(compiled(picture(shown(), format="jpeg"), "Image", photo=data).data)
    assert not plain.getexif()
    keep = {"source": "photo", "exif": True}
    for form in ("jpeg", "png", "webp", "avif"):
        kept = opened(compiled(picture(shown(), format=form, keep=keep), "Image", photo=data).data)
        assert kept.getexif()[MAKER] == "A camera"


def test_colours_of_another_profile_are_converted_and_the_profile_is_left_out() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    broken = photo("#808080", icc_profile=b"no profile at all")
    same = photo("#808080", icc_profile=srgb)
    for data in (broken, same):
        image = opened(compiled(picture(shown()), "Image", photo=data).data)
        assert "icc_profile" not in image.info
        assert max(abs(channel - 128) for channel in image.getpixel((100, 50))) <= 2


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        ({"width": 8000, "height": 8000}, "/width"),
        ({"format": "jpeg", "background": "transparent"}, "/background"),
        ({"layers": [text(size=10, minSize=20)]}, "/layers/0/minSize"),
        ({"layers": [text(color="red")]}, "/layers/0/color"),
        ({"width": 9000}, "/width"),
    ],
)
def test_what_breaks_the_format_is_named(fields: dict[str, Any], at: str) -> None:
    with pytest.raises(InvalidIRError) as caught:
        parse_ir(json.dumps(picture() | fields).encode())
    assert caught.value.problems[0].pointer.startswith(at)


@pytest.mark.parametrize(
    ("layer", "says"),
    [
        (text(text="word " * 100, minSize=30), "does not fit 200 by 100 pixels"),
        (text(text="\U00013000"), "no letters"),
    ],
)
def test_the_overflow_gate_names_the_layer(layer: dict[str, Any], says: str) -> None:
    with pytest.raises(GateFailedError, match=r"layers\[0\]\.text") as caught:
        compiled(picture(layer), "Image")
    assert says in str(caught.value)
