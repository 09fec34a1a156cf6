"""Pages of files and of plans, and what looks at a file that is not to be trusted."""

import io
import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from artifactexamples import compiled, compiled_example, example
from hostilefiles import HOSTILE, page
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageStat
from venture_cli.errors import CliError
from venture_cli.services.viewing import look_at
from venture_core.artifacts.compile import draft_artifact
from venture_core.artifacts.documents import parse_ir
from venture_core.artifacts.viewing.look import (
    MAX_PAGES,
    MAX_PIXELS,
    MAX_SIDE,
    MAX_WIDTH,
    Look,
    Page,
    UnviewableError,
)
from venture_core.artifacts.viewing.scenes import drawn_pages

if TYPE_CHECKING:
    from venture_core.artifacts.drawing.scene import Drawing

WITHIN_SECONDS = 150.0
"""What looking at any file may take on a busy machine: the limit of its process, and more."""


def opened(png: bytes) -> Image.Image:
    with Image.open(io.BytesIO(png)) as image:
        return image.convert("RGB")


async def looked(data: bytes, look: Look) -> list[Page]:
    pages: list[Page] = []
    await look_at(data, look, pages.append, what="it")
    return pages


class TestLook:
    """What is asked for is bounded."""

    @pytest.mark.parametrize(
        ("parts", "count", "numbers"),
        [
            ((), 3, [1, 2, 3]),
            (((2, 2),), 3, [2]),
            (((3, 9), (1, 1)), 4, [1, 3, 4]),
            (((1, 2), (2, 3)), 9, [1, 2, 3]),
            ((), 1000, list(range(1, MAX_PAGES + 1))),
            (((999_999, 999_999), (7, 7)), 10, [7]),
        ],
    )
    def test_pages_are_those_that_are_there(
        self, parts: tuple[tuple[int, int], ...], count: int, numbers: list[int]
    ) -> None:
        assert Look(100, parts).numbers(count) == numbers

    @pytest.mark.parametrize("count", [0, 1, 3])
    def test_where_there_are_none_it_is_said(self, count: int) -> None:
        with pytest.raises(UnviewableError, match=f"it has {count} page"):
            Look(100, ((4, 9),)).numbers(count)

    @given(
        st.integers(1, MAX_WIDTH),
        st.floats(allow_nan=True, allow_infinity=True),
        st.floats(allow_nan=True, allow_infinity=True),
    )
    def test_no_page_is_larger_than_the_bounds(
        self, wanted: int, width: float, height: float
    ) -> None:
        scale = Look(wanted).scale(width, height)
        across, along = (min(max(1.0, side), 1e6) * scale for side in (width, height))
        assert across <= wanted + 1e-6
        assert along <= MAX_SIDE + 1e-6
        assert across * along <= MAX_PIXELS * (1 + 1e-9)


class TestFiles:
    """What was made is looked at as it is."""

    async def test_a_pdf_has_its_pages(self) -> None:
        pages = await looked(compiled_example("treasury-report").data, Look(600))
        assert [each.number for each in pages] == list(range(1, pages[0].count + 1))
        assert {opened(each.png).width for each in pages} <= {600, 601}
        assert all(len(opened(each.png).getcolors(1 << 20) or ()) > 20 for each in pages)

    async def test_only_those_that_are_wanted_come(self) -> None:
        pages = await looked(compiled_example("treasury-report").data, Look(200, ((2, 2),)))
        assert [each.number for each in pages] == [2]

    async def test_what_is_drawn_is_where_it_stands(self) -> None:
        (only,) = await looked(page(b"1 0 0 rg 0 100 150 100 re f"), Look(300))
        image = opened(only.png)
        assert image.size == (300, 200)
        assert [image.getpixel(at) for at in ((50, 50), (250, 50), (50, 150))] == [
            (255, 0, 0),
            (255, 255, 255),
            (255, 255, 255),
        ]

    @pytest.mark.parametrize("form", ["png", "jpeg", "webp", "avif"])
    async def test_a_picture_is_its_own_page(self, form: str) -> None:
        card = example("launch-card").manifest["spec"]["source"]["inline"] | {"format": form}
        look = Look(card["width"])
        (only,) = await looked(compiled(card, "Image").data, look)
        (drawn,) = drawn_pages(drawing_of(card, "Image"), look)
        assert opened(only.png).size == opened(drawn.png).size
        assert likeness(opened(only.png), opened(drawn.png)) < 4

    async def test_a_picture_is_never_enlarged(self) -> None:
        file = io.BytesIO()
        Image.new("RGBA", (5, 3), (0, 0, 255, 0)).save(file, "PNG")
        (only,) = await looked(file.getvalue(), Look(4000))
        with Image.open(io.BytesIO(only.png)) as image:
            assert (image.size, image.getpixel((0, 0))) == ((5, 3), (0, 0, 255, 0))


def drawing_of(document: object, target: str) -> Drawing:
    ir = parse_ir(json.dumps(document).encode())
    drawing = draft_artifact(ir=ir, assets={}, target=target).drawing()
    assert drawing is not None
    return drawing


def likeness(one: Image.Image, other: Image.Image) -> float:
    """Return how far pixels are from each other, on average, of 255."""
    return max(ImageStat.Stat(ImageChops.difference(one, other)).mean)


class TestPlans:
    """What has no pages of its own is drawn from its plan."""

    async def test_a_deck_is_drawn_as_its_pdf_looks(self) -> None:
        """One plan, two writers: by another rasteriser the pages are alike."""
        pages = example("hello-pages").manifest["spec"]["source"]["inline"]
        drawn = list(drawn_pages(drawing_of(pages, "Pptx"), Look(500)))
        seen = await looked(compiled(pages, "Pdf").data, Look(500))
        assert len(drawn) == len(seen) == len(pages["slides"])
        for one, other in zip(drawn, seen, strict=True):
            image = opened(one.png)
            assert likeness(image, opened(other.png).resize(image.size)) < 6

    @pytest.mark.parametrize(
        ("name", "target", "pages"),
        [
            ("treasury-report", "Pdf", True),
            ("order-board", "Image", True),
            ("launch-card", "Image", True),
            ("hello-pages", "Pdf", True),
            ("launch-memo", "Docx", False),
            ("runway-model", "Xlsx", False),
        ],
    )
    def test_each_target_says_whether_it_has_pages(
        self, name: str, target: str, pages: bool
    ) -> None:
        draft = draft_artifact(ir=parse_ir(example(name).document), assets={}, target=target)
        drawing = draft.drawing()
        assert (drawing is not None) == pages
        if drawing is not None:
            (first, *_) = drawn_pages(drawing, Look(64, ((1, 1),)))
            assert opened(first.png).width <= 64


BUILT = {
    "pages that hold themselves",
    "a page of a mile",
    "a page as long as a road",
    "a page of no size",
    "a page of strange numbers",
    "a picture that unpacks to gigabytes",
    "a script",
    "a page that fetches",
}
"""What is harmless once it is bounded."""


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_files_are_refused_or_bounded(name: str) -> None:
    began = time.monotonic()
    data = HOSTILE[name]()
    if name in BUILT:
        (only,) = await looked(data, Look(200, ((1, 1),)))
        width, height = opened(only.png).size
        assert width * height <= MAX_PIXELS
    else:
        with pytest.raises(CliError, match=r"^it cannot be looked at: "):
            await looked(data, Look(200, ((1, 1),)))
    assert time.monotonic() - began < WITHIN_SECONDS


CONFINED = """
import sys
from venture_cli.services.viewingprocess import confine
confine()
try:
    {attempt}
except (OSError, MemoryError) as error:
    sys.exit(f"no: {{type(error).__name__}}")
"""


@pytest.mark.parametrize(
    "attempt",
    [
        "open('/etc/passwd')",
        "open('/tmp/there-is-none', 'w')",
        "__import__('_socket').socket()",
        "bytearray(2 * 1024**3)",
        "__import__('os').pipe()",
    ],
)
def test_who_looks_at_a_file_can_do_nothing_else(attempt: str) -> None:
    preloaded = "import _socket, os, resource\n"
    done = subprocess.run(
        [sys.executable, "-c", preloaded + CONFINED.format(attempt=attempt)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr.startswith("no: "), done.stderr
