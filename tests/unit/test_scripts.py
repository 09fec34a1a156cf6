"""Text in every script: no box for a letter, the right order, the same bytes."""

# ruff: noqa: RUF001 - letters that look alike are what this is about
import hashlib
import io
import time
from typing import TYPE_CHECKING

import pypdfium2
import pytest
from bidi import get_display
from hypothesis import given, settings
from hypothesis import strategies as st
from scripttexts import EMOJI, SAMPLES
from soaking import examples
from surroundings import REPOSITORY
from venture_core.artifacts.deck.plan.text import Typeface
from venture_core.artifacts.drawing.mirroring import as_read
from venture_core.artifacts.drawing.pdf import write_pdf
from venture_core.artifacts.drawing.raster import draw_scene
from venture_core.artifacts.drawing.scene import Area, Box, Scene, Words
from venture_core.artifacts.drawing.svg import write_svg
from venture_core.artifacts.fonts.bidi import direction_of, in_visual_order, levels, mirrored
from venture_core.artifacts.fonts.clusters import clusters
from venture_core.artifacts.fonts.faces import SCRIPTS_DIGEST
from venture_core.artifacts.fonts.fallbacks import chain
from venture_core.artifacts.fonts.fitting import break_lines
from venture_core.artifacts.fonts.metrics import load_metrics
from venture_core.artifacts.fonts.shaping import shaped
from venture_core.artifacts.ir import FontFamily
from venture_core.artifacts.ir.document import Document
from venture_core.artifacts.ir.values import right_to_left
from venture_core.artifacts.officetext import parts

if TYPE_CHECKING:
    from PIL import Image

SCRIPTS = REPOSITORY / "core" / "src" / "venture_core" / "artifacts" / "fonts" / "scripts"
CALIBRI = load_metrics(FontFamily.CALIBRI)


def page(*texts: str, language: str = "en", bold: bool = False) -> Scene:
    words = tuple(
        Words(text, (10, 24 * number), FontFamily.CALIBRI, 16, "1B2B4F", bold)
        for number, text in enumerate(texts, start=1)
    )
    return Scene(420, 24 * len(texts) + 16, "FFFFFF", words, language=language)


def extracted(data: bytes) -> list[str]:
    with pypdfium2.PdfDocument(data) as opened:
        return [line.strip() for line in opened[0].get_textpage().get_text_range().splitlines()]


PIXELS = "795cf635f19ea9c6"
PDF = "57335791cd0c5df5"
DOCUMENT = Document(kind="ReportSpec", version=1, title="Scripts")


def test_the_font_files_are_those_that_the_toolchains_name() -> None:
    digest = hashlib.sha256()
    for file in sorted(SCRIPTS.glob("*.[ot]tf")):
        digest.update(file.read_bytes())
    assert digest.hexdigest()[:16] == SCRIPTS_DIGEST


@pytest.mark.parametrize("family", FontFamily)
@pytest.mark.parametrize("bold", [False, True])
def test_no_letter_of_any_script_is_drawn_as_a_box(family: FontFamily, bold: bool) -> None:
    font = load_metrics(family)
    for script, text in (*SAMPLES.items(), *((each, each) for each in EMOJI)):
        assert font.missing(text) == "", script
        for piece in shaped(text, font, bold=bold):
            if piece.face is None:
                assert font.draws(piece.text), script
            else:
                assert all(glyph.id for glyph in piece.glyphs), script


@pytest.mark.parametrize("text", EMOJI)
def test_an_emoji_of_several_characters_is_one_picture(text: str) -> None:
    (piece,) = shaped(text, CALIBRI, bold=False)
    assert piece.face is not None
    assert piece.face.pictures
    assert len([glyph for glyph in piece.glyphs if glyph.advance]) == 1
    assert list(clusters(text * 2)) == [text, text]


@settings(max_examples=examples(200))
@given(st.text("abאבجد12 (]%.-,/", max_size=30), st.sampled_from(["ltr", "rtl"]))
def test_text_of_both_directions_is_ordered_as_another_program_does(
    text: str, direction: str
) -> None:
    base = "rtl" if direction == "rtl" else "ltr"
    depths = levels(text, base)
    drawn = in_visual_order(list(zip(depths, text, strict=True)))
    assert "".join(drawn) == get_display(text, base_dir="R" if base == "rtl" else "L")


ANYTHING = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
CONTROLS = st.text("aא1 \u202a\u202b\u202c\u202d\u2066\u2067\u2068\u2069\u200d\u200f", max_size=200)


@settings(max_examples=examples(300))
@given(ANYTHING | CONTROLS, st.sampled_from(["ltr", "rtl"]), st.booleans())
def test_any_text_is_ordered_broken_and_measured(text: str, side: str, bold: bool) -> None:
    base = "rtl" if side == "rtl" else "ltr"
    assert len(levels(text, base)) == len(text)
    assert "".join(clusters(text)) == text
    pieces = shaped(text, CALIBRI, bold=bold, direction=base)
    assert sum(len(piece.text) for piece in pieces) == len(text)
    width = sum(piece.width for piece in pieces)
    assert width == pytest.approx(CALIBRI.width_em(text, bold=bold), abs=1.0)
    assert "".join("".join(break_lines(text, CALIBRI, 5, bold=bold)).split()) == "".join(
        text.split()
    )


def test_brackets_are_drawn_the_other_way_round_from_the_right() -> None:
    assert mirrored("(a]") == "[a)"


def test_direction_comes_from_the_first_letter_and_the_language() -> None:
    assert direction_of("2026: النمو") == "rtl"
    assert direction_of("Venture ونمو") == "ltr"
    assert direction_of("6 %", otherwise="rtl") == "rtl"
    assert [right_to_left(tag) for tag in ("ar-EG", "fa", "az-Arab", "ku-Latn", "en-US")] == [
        True,
        True,
        True,
        False,
        False,
    ]


def test_joiners_and_isolates_are_kept() -> None:
    joined, apart = (shaped(text, CALIBRI, bold=False) for text in ("نامخا", "نام‌خا"))
    assert [g.id for g in joined[0].glyphs] != [g.id for g in apart[0].glyphs if g.advance]
    depths = levels("ab \u2067אב\u2069 cd", "ltr")
    assert depths[4:6] == [1, 1]
    assert depths[-2:] == [0, 0]


def test_chinese_letters_take_the_form_of_their_language() -> None:
    def ids(language: str) -> list[int]:
        (piece,) = shaped("直骨", CALIBRI, bold=False, language=language)
        return [glyph.id for glyph in piece.glyphs]

    assert ids("ja") != ids("zh-Hans") != ids("zh-Hant")
    assert ids("en-US") == ids("zh-Hans")


def test_lines_end_where_the_script_allows() -> None:
    thai = "การเติบโตของรายได้เร็วขึ้นที่สุดในรอบสามปีที่ผ่านมา"
    lines = break_lines(thai, CALIBRI, 9, bold=False)
    assert len(lines) > 2
    assert "".join(lines) == thai
    assert "รายได้" in "|".join(lines)
    chinese = break_lines("收入增长更快，直接（骨）门。" * 8, CALIBRI, 7, bold=False)
    assert not any(line[0] in "，。）" or line[-1] == "（" for line in chinese)
    for text in (SAMPLES["Khmer"] * 5, SAMPLES["Lao"] * 5, SAMPLES["Burmese"] * 5, "👩‍👩‍👧" * 9):
        lines = break_lines(text, CALIBRI, 6, bold=False)
        assert "".join(lines) == text
        assert len(lines) > 2
        assert {part for line in lines for part in clusters(line)} == set(clusters(text))


@pytest.mark.parametrize("script", [name for name in SAMPLES if name != "Hebrew"])
def test_a_pdf_gives_back_the_text_in_reading_order(script: str) -> None:
    text = SAMPLES[script]
    (line, *_) = extracted(write_pdf([page(text)], DOCUMENT, {}))
    assert line.replace("\u200c", "") == text.replace("\u200c", "")


@pytest.mark.parametrize(("language", "em"), [("zh-Hant", 1.45), ("th-TH", 1.5), ("en", 1.22)])
def test_lines_are_as_tall_as_the_letters_of_the_language(language: str, em: float) -> None:
    document = Document(kind="SlideSpec", version=1, title="x", language=language)
    assert Typeface.of(document).body.line_em == pytest.approx(em, abs=0.01)


@pytest.mark.parametrize(
    "text",
    ["\u2068" * 4000, "\u200d" * 4000, "中" * 4000, "ا" * 4000,
     "क्" * 2000, "👩‍" * 1300, "ก" * 4000, "\u202ea\u202dא" * 1000],
    ids=["isolates", "joiners", "chinese", "arabic", "conjuncts", "emoji",
         "thai", "overrides"],
)  # fmt: skip
def test_the_longest_texts_of_the_worst_letters_take_seconds_at_most(text: str) -> None:
    began = time.process_time()
    words = tuple(
        Words(line, (0, 20), FontFamily.CALIBRI, 12, "000000")
        for line in break_lines(text, CALIBRI, 40, bold=False)
    )
    scene = Scene(500, 40, "FFFFFF", words)
    draw_scene(scene, {}, 1.0)
    write_pdf([scene], DOCUMENT, {})
    assert sum(len(part.text) for part in parts(text, "en")) == len(text)
    assert time.process_time() - began < 8


def test_both_directions_on_a_line_are_read_in_order() -> None:
    text = "הצמיחה מהירה יותר (6) Venture"
    assert extracted(write_pdf([page(text)], DOCUMENT, {})) == [text]


def test_pixels_and_pdfs_are_the_same_on_every_machine() -> None:
    scenes = [page(*SAMPLES.values(), " ".join(EMOJI)), page("直骨", language="ja", bold=True)]
    pixels = hashlib.sha256(b"".join(draw_scene(each, {}, 1.5).tobytes() for each in scenes))
    assert pixels.hexdigest()[:16] == PIXELS
    data = write_pdf(scenes, DOCUMENT, {})
    assert data == write_pdf(scenes, DOCUMENT, {})
    assert hashlib.sha256(data).hexdigest()[:16] == PDF


def test_a_pdf_looks_as_the_pixels_do() -> None:
    scene = page(*SAMPLES.values(), " ".join(EMOJI))
    ours = draw_scene(scene, {}, 1.0).convert("L")
    with pypdfium2.PdfDocument(write_pdf([scene], DOCUMENT, {})) as opened:
        theirs = opened[0].render(scale=1.0).to_pil().convert("L")
    assert ours.size == theirs.size
    for one, other in zip(_rows(ours), _rows(theirs), strict=True):
        assert one == pytest.approx(other, rel=0.12)


def _rows(image: Image.Image) -> list[float]:
    """How much ink there is in each line of the page."""
    lines = []
    for top in range(4, image.height - 24, 24):
        row = image.crop((0, top, image.width, top + 24))
        lines.append(float(sum(255 - value for value in row.tobytes())))
    return lines


def test_a_transparent_picture_holds_every_script_too() -> None:
    scene = Scene(60, 30, None, (Words("中😀", (5, 22), FontFamily.LATO, 20, "FF0000"),))
    image = draw_scene(scene, {}, 1.0)
    colors = {color[:3] for _, color in image.getcolors(9999) or () if color[3] == 255}
    assert (255, 0, 0) in colors
    assert len(colors) > 10


def test_pages_are_turned_for_those_who_read_from_the_right() -> None:
    scene = Scene(
        100,
        40,
        "FFFFFF",
        (
            Box(Area(5, 5, 10, 10), fill="FF0000"),
            Words("6 (مبيعات)", (20, 20), FontFamily.ARIAL, 10, "000000"),
        ),
    )
    assert as_read(scene, "en").shapes == scene.shapes
    box, words = as_read(scene, "ar").shapes
    assert box == Box(Area(85, 5, 10, 10), fill="FF0000")
    assert isinstance(words, Words)
    assert (words.at, words.anchor, words.direction) == ((80, 20), "end", "rtl")
    pieces = list(words.pieces("ar"))
    assert pieces[-1][0].text == "6"
    assert pieces[0][0].text == "("


def test_svg_says_the_direction_and_counts_from_the_same_side() -> None:
    scene = page("النمو", "plain")
    svg = write_svg(scene, DOCUMENT, "", {}).decode()
    assert ">\u2067النمو\u2069<" in svg
    assert ">plain<" in svg
    assert "text-anchor" not in svg


def test_small_letters_of_the_chain_leave_no_mark() -> None:
    words = Words("中ع", (10, 10), FontFamily.ARIAL, 0.4, "000000")
    image = draw_scene(Scene(20, 20, "FFFFFF", (words,)), {}, 1.0)
    assert image.getcolors() == [(400, (255, 255, 255))]


def test_the_fonts_may_be_embedded() -> None:
    from fontTools.ttLib import TTFont

    for face in chain(bold=False):
        data = bytes(face.font.face.blob.data)
        assert TTFont(io.BytesIO(data))["OS/2"].fsType in (0, 8), face.name
