"""What the quality gates are called, what they found, and which of them a build must pass."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, override

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

CONTRAST = "contrast"
ALT_TEXT = "altText"
OVERFLOW = "overflow"
EMPTY_SLIDES = "emptySlides"
HEADINGS = "headings"
LINKS = "links"
FORMULAS = "formulas"
LOUDNESS = "loudness"
DURATION = "duration"
CAPTIONS = "captions"
FILE_SIZE = "fileSize"
GATE_NAMES = (
    CONTRAST,
    ALT_TEXT,
    OVERFLOW,
    EMPTY_SLIDES,
    HEADINGS,
    LINKS,
    FORMULAS,
    LOUDNESS,
    DURATION,
    CAPTIONS,
    FILE_SIZE,
)
"""All gates, in the order in which they are reported. A document meets those that concern it."""


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
    headings: bool = True
    """No heading skips a level, and none is empty."""
    links: bool = True
    """Every link within the document leads somewhere."""
    formulas: bool = True
    """Every formula has a value, and no error."""
    loudness: bool = True
    """Sound is as loud as it should be, and every recording is heard."""
    duration: bool = True
    """Nothing is longer than the video, and the video no longer than it may be."""
    captions: bool = True
    """Captions keep to what is said, and stay for as long as it takes to read them."""
    file_size: bool = True
    """The file fits its bound without becoming ugly."""

    def enabled(self) -> tuple[str, ...]:
        """Names of the gates that are on, in the order in which they are reported."""
        return tuple(
            name
            for name, on in (
                (CONTRAST, self.contrast),
                (ALT_TEXT, self.alt_text),
                (OVERFLOW, self.overflow),
                (EMPTY_SLIDES, self.empty_slides),
                (HEADINGS, self.headings),
                (LINKS, self.links),
                (FORMULAS, self.formulas),
                (LOUDNESS, self.loudness),
                (DURATION, self.duration),
                (CAPTIONS, self.captions),
                (FILE_SIZE, self.file_size),
            )
            if on
        )


@dataclass(frozen=True, slots=True)
class Finding:
    """One defect: where it is and what is wrong, in a sentence for the author of the document."""

    slide: int | None
    """Number of the slide, counted from 1 as the reader sees it; None where there are no slides."""
    element: str
    """The element, within the slide or the document, such as `title` or `table.rows[2][0]`."""
    message: str

    @override
    def __str__(self) -> str:
        where = self.element if self.slide is None else f"slide {self.slide}, {self.element}"
        return f"{where}: {self.message}"


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
        super().__init__(f"gate {names} failed: {first}")


def run_gates[P](
    checks: Mapping[str, Callable[[P], Iterator[Finding]]], plan: P, settings: GateSettings
) -> tuple[GateResult, ...]:
    """Run those of a plan's checks whose gates are on, and return their outcomes in order."""
    results = []
    for name in settings.enabled():
        if name in checks:
            findings = tuple(checks[name](plan))
            results.append(GateResult(name, not findings, findings))
    return tuple(results)
