"""Measuring text: bundled widths, line breaking, and the choice of a size."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from venture_core.artifacts.colors import Role
from venture_core.artifacts.deck.plan.geometry import Box, points
from venture_core.artifacts.deck.plan.layouts import Kind, Placeholder, TextStyle
from venture_core.artifacts.deck.plan.model import Paragraph
from venture_core.artifacts.deck.plan.text import Typeface, fit_text
from venture_core.artifacts.fonts.fitting import SAFETY, measure
from venture_core.artifacts.fonts.metrics import load_metrics
from venture_core.artifacts.ir import FontFamily
from venture_core.artifacts.ir.document import Document

CALIBRI = load_metrics(FontFamily.CALIBRI)


@pytest.mark.parametrize("family", list(FontFamily))
def test_every_family_is_measured(family: FontFamily) -> None:
    metrics = load_metrics(family)
    assert 1.0 < metrics.line_em < 1.5
    assert 0.2 < metrics.width_em("n", bold=False) < 0.8
    assert metrics.width_em("W", bold=True) > metrics.width_em("i", bold=True)
    for character in "äßéñçøłžΩдї“”…€£•":
        assert 0.1 < metrics.width_em(character, bold=False) < 1.3, character


def test_widths_are_those_of_the_font() -> None:
    # Carlito: W is 1823 and a 981 of 2048 units; bold a is 1011.
    assert CALIBRI.width_em("W", bold=False) * 2048 == pytest.approx(1823, abs=2)
    assert CALIBRI.width_em("a", bold=False) * 2048 == pytest.approx(981)
    assert CALIBRI.width_em("a", bold=True) * 2048 == pytest.approx(1011)


@pytest.mark.parametrize(
    ("character", "em"), [("漢", 1.0), ("ｱ", 0.5), ("\u0301", 0.0), ("\u200d", 0.0), ("😀", 1.245)]
)
def test_characters_of_other_fonts_have_the_width_of_these(character: str, em: float) -> None:
    assert CALIBRI.width_em(character, bold=False) == pytest.approx(em, abs=0.02)


def lines(text: str, limit: float) -> int:
    return measure(text, CALIBRI, bold=False).lines(limit)


def test_lines_break_at_white_space_and_after_hyphens() -> None:
    width = CALIBRI.width_em("aaaa", bold=False) * SAFETY
    assert lines("aaaa aaaa", width * 1.05) == 2
    assert lines("aaa-aaaa", width * 1.3) == 2
    assert lines("aaaa\u00a0aaaa", width * 1.05) == 1  # no break; the width is told apart
    assert lines("", 1) == 1
    assert lines("漢字漢字", 2.1) == 2


def test_a_word_wider_than_its_box_is_named() -> None:
    text = measure("a Donaudampfschifffahrt b", CALIBRI, bold=False)
    assert text.widest == "Donaudampfschifffahrt"


@given(st.text(st.characters(codec="utf-8"), max_size=80), st.floats(1, 30))
def test_a_wider_box_never_takes_more_lines(text: str, limit: float) -> None:
    measured = measure(text, CALIBRI, bold=False)
    assert measured.lines(limit * 1.5) <= measured.lines(limit)
    assert sum(width + space for width, space in measured.pieces) == pytest.approx(
        CALIBRI.width_em(text, bold=False) * SAFETY
    )


def holder(width: float, height: float, *, bullets: bool = False) -> Placeholder:
    style = TextStyle((20.0, 16.0, 12.0), Role.TEXT, Role.BACKGROUND, bullets=bullets)
    return Placeholder(1, Kind.BODY, "Body", Box(0, 0, points(width), points(height)), style)


TYPEFACE = Typeface.of(Document(kind="SlideSpec", version=1, title="x"))


@pytest.mark.parametrize(
    ("height", "size", "fits"),
    [(100, 20.0, True), (48, 16.0, True), (30, 12.0, True), (20, 12.0, False)],
)
def test_text_shrinks_until_it_fits(height: float, size: float, fits: bool) -> None:
    words = (Paragraph("one two three four five"),)
    element = fit_text("body", words, holder(110, height), TYPEFACE)
    assert element.size == size
    assert (element.problem == "") == fits
    if not fits:
        assert "of height at 12 pt" in element.problem


def test_a_word_that_cannot_break_is_a_problem() -> None:
    element = fit_text("body", (Paragraph("x" * 60),), holder(100, 500), TYPEFACE)
    assert "is wider than its box at 12 pt" in element.problem


def test_bullets_take_room_for_indents_and_gaps() -> None:
    words = (Paragraph("one"), Paragraph("two", level=2))
    plain = fit_text("body", words, holder(300, 50), TYPEFACE)
    listed = fit_text("body", words, holder(300, 50, bullets=True), TYPEFACE)
    assert plain.size == 20.0
    assert listed.size < 20.0 or listed.problem == ""
    narrow = fit_text("body", words, holder(70, 500, bullets=True), TYPEFACE)
    assert narrow.problem or narrow.size < 20.0
