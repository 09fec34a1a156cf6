"""Small pictures of first pages: the same bytes always, and none where there are no pages."""

import io
import json
from typing import Any

import pytest
from artifactexamples import compiled, compiled_example, example
from PIL import Image
from venture_core.artifacts.colors import Role, color_scheme
from venture_core.artifacts.compile import THUMBNAIL_SIDE, compile_artifact
from venture_core.artifacts.documents import parse_ir
from venture_core.artifacts.gates import GateSettings
from venture_core.artifacts.ir.theme import Theme


def test_nobody_pays_for_what_nobody_asked_for() -> None:
    chosen = example("order-board")
    made = compile_artifact(
        ir=parse_ir(chosen.document), assets={}, gates=GateSettings(), target=chosen.target
    )
    assert made.thumbnail is None


DRAWN = (
    "treasury-report",
    "hello-pages",
    "launch-card",
    "order-board",
    "beta-brief",
    "offer-pages",
)


@pytest.mark.parametrize("name", [*DRAWN, "offer-pages"])
def test_the_first_page_is_drawn_within_the_bounds(name: str) -> None:
    made = compiled_example(name)
    assert made.thumbnail is not None
    with Image.open(io.BytesIO(made.thumbnail)) as image:
        assert image.format == "PNG"
        assert max(image.size) == THUMBNAIL_SIDE
        assert len(image.convert("RGB").getcolors(1 << 20) or ()) > 20
    chosen = example(name)
    assert compiled(chosen.document, chosen.target).thumbnail == made.thumbnail


def test_a_deck_looks_the_same_whatever_it_becomes() -> None:
    document = json.loads(example("hello-pages").document)
    assert compiled(document, "Pptx").thumbnail == compiled(document, "Pdf").thumbnail


@pytest.mark.parametrize("name", ["launch-memo", "runway-model"])
def test_what_has_no_pages_has_none(name: str) -> None:
    assert compiled_example(name).thumbnail is None


@pytest.mark.parametrize(("width", "height"), [(8192, 16), (16, 8192), (8, 8)])
def test_strange_shapes_are_drawn(width: int, height: int) -> None:
    layer = {"type": "shape", "at": {"width": width, "height": height}}
    picture = {
        "kind": "ImageSpec",
        "version": 1,
        "title": "t",
        "altText": "a",
        "width": width,
        "height": height,
        "layers": [layer],
    }
    made = compiled(picture, "Image")
    assert made.thumbnail is not None
    with Image.open(io.BytesIO(made.thumbnail)) as image:
        assert max(image.size) == THUMBNAIL_SIDE
        assert min(image.size) >= 1


def test_one_that_would_be_large_is_left_out() -> None:
    file = io.BytesIO()
    Image.merge("RGB", [Image.effect_noise((900, 900), 120) for _ in range(3)]).save(file, "PNG")
    picture = {
        "kind": "ImageSpec",
        "version": 1,
        "title": "t",
        "altText": "a",
        "width": 512,
        "height": 512,
        "format": "jpeg",
        "layers": [{"type": "picture", "image": "noise", "at": {"width": 512, "height": 512}}],
    }
    assert compiled(picture, "Image", noise=file.getvalue()).thumbnail is None


def _is_near(one: Any, other: tuple[int, ...]) -> bool:
    return sum(abs(a - b) for a, b in zip(one, other, strict=True)) < 40


def test_what_is_laid_out_as_html_is_drawn_as_its_file_shows_it() -> None:
    """The head of its only table is in the picture where it is on the page."""
    table = {"columns": [{"header": " "}], "rows": [[" "]] * 3, "altText": "nothing"}
    content = [{"type": "table", **table}]
    document = {"kind": "DocSpec", "version": 1, "title": ".", "content": content}
    primary = tuple(bytes.fromhex(color_scheme(Theme()).values[Role.PRIMARY]))
    made = compiled(document, "Pdf")
    assert made.thumbnail is not None
    with Image.open(io.BytesIO(made.thumbnail)) as image:
        assert image.size == (362, 512)  # of A4
        pixels = image.convert("RGB")
        blue = [
            (x, y)
            for x in range(image.width)
            for y in range(80, image.height)
            if _is_near(pixels.getpixel((x, y)), primary)
        ]
    assert blue
    left, right = min(x for x, _ in blue), max(x for x, _ in blue)
    # Margins of 68 points on paper of 595.
    assert abs(left - 362 * 68 / 595.3) < 2
    assert abs(right - 362 * (595.3 - 68) / 595.3) < 2
