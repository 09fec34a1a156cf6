"""The flow of a report: pages that are filled from top to foot, one after the other."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from venture_core.artifacts.colors import Role, color_scheme
from venture_core.artifacts.deck.plan.text import Typeface
from venture_core.artifacts.drawing.lettering import baseline, set_lines
from venture_core.artifacts.drawing.mirroring import as_read
from venture_core.artifacts.drawing.scene import Area, Scene, Words
from venture_core.artifacts.fonts.fitting import break_lines, measure
from venture_core.artifacts.pagewords import page_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from venture_core.artifacts.deck.plan.model import ChartElement
    from venture_core.artifacts.drawing.scene import Mark, Shape
    from venture_core.artifacts.fonts.metrics import FontMetrics
    from venture_core.artifacts.images import ImageInfo
    from venture_core.artifacts.report.ir.document import ReportSpec

BODY_POINTS: Final = 10.5
CAPTION_POINTS: Final = 9.0
FOOTER_POINTS: Final = 8.5
_SIZES: Final = {"A4": (595.28, 841.89), "Letter": (612.0, 792.0)}
MARGIN: Final = 54.0
TOP: Final = 54.0
_FOOT: Final = 60.0
BLOCK_GAP: Final = 12.0


@dataclass(frozen=True, slots=True)
class Misfit:
    """Something that finds no room."""

    page: int
    element: str
    message: str


class Page:
    """A page that is being filled."""

    def __init__(self) -> None:
        self.shapes: list[Shape] = []
        self.marks: list[Mark] = []


class Flow:
    """Places what it is given from the top of a page to its foot, and on the next one."""

    def __init__(self, spec: ReportSpec, images: Mapping[str, ImageInfo]) -> None:
        width, height = _SIZES[spec.page.size]
        if spec.page.orientation == "landscape":
            width, height = height, width
        self.scheme = color_scheme(spec.theme)
        self.problems: list[Misfit] = []
        self.charts: list[tuple[str, ChartElement]] = []
        self.name = ""
        self.began = 1
        self.spec = spec
        self.images = images
        self.typeface = Typeface.of(spec)
        self.size = (width, height)
        self.pages = [Page()]
        self.y = TOP
        self.level = -1

    @property
    def width(self) -> float:
        """Width between the margins."""
        return self.size[0] - 2 * MARGIN

    @property
    def bottom(self) -> float:
        """Where the foot begins."""
        return self.size[1] - _FOOT

    @property
    def room(self) -> float:
        """Height that is left on the page."""
        return self.bottom - self.y

    @property
    def fresh(self) -> bool:
        """Whether nothing stands on the page yet."""
        return self.y == TOP

    def finished(self) -> tuple[Scene, ...]:
        """Return the pages with their footers, now that their number is known."""
        count = len(self.pages)
        if missing := self.typeface.body.missing(self.spec.footer.text):
            self.problem("footer", f"the font has no letters for “{missing:.20}”")
        background = self.color(Role.BACKGROUND)
        return tuple(
            as_read(
                Scene(
                    *self.size,
                    background,
                    (*page.shapes, *self._footer(number, count)),
                    tuple(page.marks),
                ),
                self.spec.language,
            )
            for number, page in enumerate(self.pages, start=1)
        )

    def _footer(self, number: int, count: int) -> Iterator[Shape]:
        footer, font = self.spec.footer, self.typeface.body
        top = self.size[1] - _FOOT / 2 - FOOTER_POINTS
        at = baseline(top, FOOTER_POINTS, font)
        color = self.color(Role.MUTED)
        if footer.text.strip():
            place = (MARGIN, at)
            yield Words(footer.text, place, font.family, FOOTER_POINTS, color)
        if footer.page_numbers:
            words = page_words(self.spec.language)
            place = (MARGIN + self.width, at)
            text = words.format(number, count)
            yield Words(text, place, font.family, FOOTER_POINTS, color, anchor="end")

    def color(self, role: Role) -> str:
        """Return the value of a colour of the theme."""
        return self.scheme.values[role]

    def put(self, *shapes: Shape) -> None:
        """Draw shapes on the page that is being filled."""
        self.pages[-1].shapes.extend(shapes)

    def turn(self) -> None:
        """Begin the next page."""
        self.pages.append(Page())
        self.y = TOP

    def need(self, height: float) -> None:
        """Go to the next page unless `height` is left on this one; note where the block begins."""
        if height > self.room and not self.fresh:
            self.turn()
        self.began = len(self.pages)

    def problem(self, element: str, message: str) -> None:
        """Note what does not fit, on the page that is being filled."""
        self.problems.append(Misfit(len(self.pages), element, message))

    def check(self, element: str, text: str, font: FontMetrics, limit: float, size: float) -> None:
        """Note a word that is wider than its line, and characters without a glyph."""
        if missing := font.missing(text):
            self.problem(element, f"the font has no letters for “{missing:.20}”")
        measured = measure(text, font, bold=False)
        if measured.widest_em * size > limit:
            self.problem(element, f"“{measured.widest:.40}” is wider than its line at {size:g} pt")

    def paragraph(
        self,
        text: str,
        font: FontMetrics,
        size: float,
        role: Role,
        *,
        bold: bool = False,
        width: float | None = None,
    ) -> None:
        """Set a few lines that stay together, where the flow is; the caller has made room."""
        width = self.width if width is None else width
        self.check(self.name, text, font, width, size)
        room = Area(MARGIN, self.y, width, 0)
        words = tuple(set_lines(text, room, font, size, self.color(role), bold=bold))
        self.put(*words)
        self.y += len(words) * size * font.line_em

    def caption(self, text: str) -> None:
        """Set a caption, where there is one."""
        if text.strip():
            self.y += 3
            self.paragraph(text, self.typeface.body, CAPTION_POINTS, Role.MUTED)

    def caption_height(self, text: str) -> float:
        """Return the height that a caption takes."""
        if not text.strip():
            return 0.0
        font = self.typeface.body
        lines = break_lines(text, font, self.width / CAPTION_POINTS, bold=False)
        return 3 + len(lines) * CAPTION_POINTS * font.line_em
