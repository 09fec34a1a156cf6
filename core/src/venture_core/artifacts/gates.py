"""What the quality gates are called, what they found, and which of them a build must pass."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

CONTRAST = "contrast"
ALT_TEXT = "altText"
OVERFLOW = "overflow"
EMPTY_SLIDES = "emptySlides"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSettings:
    """The gates a build must pass. A gate that is off is not run and has no result."""

    contrast: bool = True
    """Text reaches WCAG 2.2 contrast: 4.5:1, or 3:1 for large text and for chart marks."""
    alt_text: bool = True
    """Every image, chart and table says in words what it shows."""
    overflow: bool = True
    """All text fits its box at a readable size."""
    empty_slides: bool = True
    """No slide lacks the content its type promises."""

    def enabled(self) -> tuple[str, ...]:
        """Names of the gates that are on, in the order in which they are reported."""
        return tuple(
            name
            for name, on in (
                (CONTRAST, self.contrast),
                (ALT_TEXT, self.alt_text),
                (OVERFLOW, self.overflow),
                (EMPTY_SLIDES, self.empty_slides),
            )
            if on
        )


@dataclass(frozen=True, slots=True)
class Finding:
    """One defect: where it is and what is wrong, in a sentence for the author of the document."""

    slide: int
    """Number of the slide, counted from 1 as the reader sees it."""
    element: str
    """The element within the slide, such as `title` or `table.rows[2][0]`."""
    message: str


@dataclass(frozen=True, slots=True)
class GateResult:
    """The outcome of one gate over the whole document."""

    name: str
    passed: bool
    findings: tuple[Finding, ...] = ()


class GateFailedError(Exception):
    """At least one enabled gate did not pass. `results` holds every gate's outcome."""

    def __init__(self, results: Iterable[GateResult]) -> None:
        self.results = tuple(results)
        failed = [result for result in self.results if not result.passed]
        first = failed[0].findings[0]
        names = ", ".join(result.name for result in failed)
        super().__init__(
            f"gate {names} failed: slide {first.slide}, {first.element}: {first.message}"
        )
