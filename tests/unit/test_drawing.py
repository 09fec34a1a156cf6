"""What pages are drawn with: fonts, broken lines, round scales, and the formats themselves."""

import hashlib
import io
import json
import zlib

import pytest
from fontTools.ttLib import TTFont
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from PIL import Image
from soaking import examples
from surroundings import REPOSITORY
from venture_core.artifacts.drawing.png import write_png
from venture_core.artifacts.drawing.raster import draw_scene
from venture_core.artifacts.drawing.scale import ticks
from venture_core.artifacts.drawing.scene import Area, Box, Line, Scene, Words
from venture_core.artifacts.drawing.svg import write_svg
from venture_core.artifacts.fonts.faces import FILES_DIGEST, face_bytes
from venture_core.artifacts.fonts.fitting import SAFETY, break_lines, measure
from venture_core.artifacts.fonts.metrics import load_metrics
from venture_core.artifacts.ir import FontFamily
from venture_core.artifacts.ir.charts import NumberFormat
from venture_core.artifacts.ir.document import Document
from venture_core.artifacts.numbers import format_value

FONTS = REPOSITORY / "core" / "src" / "venture_core" / "artifacts" / "fonts"
# The middle dot of the free family is wider than that of the one it stands for; so is one letter.
KNOWN_DIFFERENCES = {"\u00b7", "\u040d"}


@pytest.mark.parametrize("family", FontFamily)
@pytest.mark.parametrize("bold", [False, True])
def test_a_font_file_has_the_widths_that_text_is_measured_with(
    family: FontFamily, bold: bool
) -> None:
    font = TTFont(io.BytesIO(face_bytes(family, bold=bold)))
    glyphs, advances = font.getBestCmap(), font["hmtx"].metrics
    units = font["head"].unitsPerEm
    metrics = load_metrics(family)
    table = json.loads(
        (FONTS / "data" / f"{family.value.lower().replace(' ', '-')}.json").read_text()
    )
    codes = [
        code
        for start, widths in table["bold" if bold else "regular"].items()
        for code in range(int(start, 16), int(start, 16) + len(widths))
    ]
    assert len(codes) > 300
    for code in codes:
        drawn = advances[glyphs[code]][0] / units
        if chr(code) not in KNOWN_DIFFERENCES:
            assert metrics.width_em(chr(code), bold=bold) in (pytest.approx(drawn, abs=1e-3), 0.0)


def test_the_font_files_are_those_that_the_toolchains_name() -> None:
    digest = hashlib.sha256()
    for file in sorted((FONTS / "files").glob("*.ttf")):
        digest.update(file.read_bytes())
    assert digest.hexdigest()[:16] == FILES_DIGEST


def test_what_a_family_lacks_is_said() -> None:
    metrics = load_metrics(FontFamily.CALIBRI)
    assert metrics.missing("plain, żółć, Ελλάδα, Москва, €") == ""
    assert metrics.missing("a 中 b 中 \U0001f600") == ""
    assert metrics.missing("a \U00013000 b \U00013000 \U00013001") == "\U00013000\U00013001"


@settings(max_examples=examples(200))
@given(
    st.text("abc defgh-ij\u4e2d\u3000klm.", max_size=120),
    st.floats(min_value=2, max_value=40),
    st.booleans(),
)
def test_lines_are_broken_as_they_are_counted(text: str, limit: float, bold: bool) -> None:
    font = load_metrics(FontFamily.LATO)
    lines = break_lines(text, font, limit, bold=bold)
    measured = measure(text, font, bold=bold)
    assert len(lines) == measured.lines(limit)
    assert "".join("".join(lines).split()) == "".join(text.split())
    if measured.widest_em <= limit:
        assert all(font.width_em(line, bold=bold) * SAFETY <= limit + 1e-9 for line in lines)


@settings(max_examples=examples(200))
@given(
    st.floats(min_value=-1e12, max_value=1e12).map(lambda value: round(value, 6)),
    st.floats(min_value=-1e12, max_value=1e12).map(lambda value: round(value, 6)),
    st.integers(min_value=0, max_value=2),
)
def test_scales_enclose_their_values_and_no_two_labels_are_alike(
    one: float, other: float, decimals: int
) -> None:
    low, high = sorted((one, other))
    form = NumberFormat(decimals=decimals)
    marks = ticks(low, high, lambda value: format_value(value, form))
    unseen = (max(high, 0.0) - min(low, 0.0)) * 1e-6
    assert marks[0] <= min(low, 0.0) + unseen
    assert marks[-1] >= max(high, 0.0) - unseen
    assert 0.0 in marks
    labels = [format_value(mark, form) for mark in marks]
    assert len(set(labels)) == len(labels)
    assert 2 <= len(marks) <= 13


def test_a_png_is_packed_anew_and_keeps_its_pixels() -> None:
    image = Image.effect_noise((70, 40), 80).convert("RGB")
    data = write_png(image)
    with Image.open(io.BytesIO(data)) as again:
        again.load()
        assert again.tobytes() == image.tobytes()
    assert data.count(b"IDAT") == 1


def test_shapes_come_out_as_pixels_where_they_stand() -> None:
    scene = Scene(
        100,
        50,
        "FFFFFF",
        (
            Box(Area(10, 10, 20, 20), fill="1B4B8F"),
            Line(((60, 0), (60, 50)), "FF0000", 4),
            Words("I", (80, 40), FontFamily.ARIAL, 40, "000000", bold=True),
        ),
    )
    image = draw_scene(scene, {}, 2.0)
    assert image.size == (200, 100)
    assert image.getpixel((40, 40)) == (0x1B, 0x4B, 0x8F)
    assert image.getpixel((120, 50)) == (255, 0, 0)
    assert image.getpixel((100, 90)) == (255, 255, 255)
    dark = [x for x in range(150, 200) if sum(image.getpixel((x, 60))) < 100]
    assert dark
    assert min(dark) >= 160


def test_letters_too_small_to_be_seen_leave_no_mark() -> None:
    for size in (0.001, 0.4, 0.9):
        words = Words("I", (10, 10), FontFamily.ARIAL, size, "000000")
        image = draw_scene(Scene(20, 20, "FFFFFF", (words,)), {}, 1.0)
        assert image.getcolors() == [(400, (255, 255, 255))]


def test_without_a_background_nothing_is_behind_the_shapes() -> None:
    scene = Scene(10, 10, None, (Box(Area(0, 0, 5, 10), fill="FF0000"),))
    image = draw_scene(scene, {}, 1.0)
    assert image.getpixel((2, 5)) == (255, 0, 0, 255)
    assert image.getpixel((8, 5)) == (0, 0, 0, 0)


def test_an_svg_is_xml_whatever_the_texts_are() -> None:
    text = "<script>alert(\"1\")</script> & 'x' ]]>"
    scene = Scene(10, 10, "FFFFFF", (Words(text, (0, 5), FontFamily.ARIAL, 5, "000000"),))
    document = Document(kind="Test", version=1, title=text)
    root = etree.fromstring(write_svg(scene, document, text, {}))
    assert [each.text for each in root if str(each.tag).endswith(("}text", "}title", "}desc"))] == [
        text,
        text,
        text,
    ]
    assert not [each for each in root.iter() if str(each.tag).endswith("script")]


def test_packing_is_libdeflate_at_its_best() -> None:
    from venture_core.artifacts.drawing import deflate

    data = b"the same words again and again " * 200
    assert (
        deflate.decompress(deflate.compress(data))
        == data
        == zlib.decompress(deflate.compress(data))
    )
