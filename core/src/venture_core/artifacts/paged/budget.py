"""How much work a layout may be, counted in steps, so that it ends alike on every machine.

Boxes of flex, columns, floats, inline-block and tables measure those within them before they place
them. One in another they multiply: twenty levels take days.
"""

import sys
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

from venture_core.artifacts.layouts import LayoutError
from venture_core.artifacts.paged.markup import LINE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from xml.etree.ElementTree import Element

STEPS_AT_LEAST: Final = 100_000
STEPS_AT_MOST: Final = 400_000
"""Fifteen thousand items of lists take 170,000, as many cells of tables 80,000."""
STEPS_FOR_ELEMENT: Final = 60
"""A cell takes four, an item eleven; what stands in a box of flex in a box of flex takes 80."""
LETTERS_FOR_STEP: Final = 4
"""A paragraph takes one for 24 letters, a narrow cell for four."""
MAX_ELEMENTS: Final = 24_000
"""Each is held until the file is written and takes 19 KiB, an item of a list twice that: 550 MiB in
all, of the 768 that a Job has."""
SMALLEST_PIXELS: Final = 0.5
LARGEST_PIXELS: Final = 5000.0
_POINTS_IN_PIXEL: Final = 0.75
_steps_left: ContextVar[int] = ContextVar("steps_left", default=sys.maxsize)
_within: ContextVar[Any] = ContextVar("within", default=None)
"""The box that is being filled."""


@contextmanager
def in_proportion(root: Element) -> Iterator[None]:
    """Allow as many steps as are in proportion to a document; more raise `LayoutError`."""
    elements = items = letters = 0
    for element in root.iter():
        elements += 1
        items += element.tag == "li"
        letters += len(element.text or "") + len(element.tail or "")
    if elements + items > MAX_ELEMENTS:
        raise LayoutError(
            f"its pages have more than {MAX_ELEMENTS:,} elements, each item of a list counted "
            "twice: make several documents of it, or a report where it is a table"
        )
    steps = STEPS_AT_LEAST + STEPS_FOR_ELEMENT * elements + letters // LETTERS_FOR_STEP
    with _steps_left.set(min(steps, STEPS_AT_MOST)), _within.set(None):
        yield


def watch() -> None:
    """Have weasyprint count its steps, and refuse letters of a size that no page can have.

    A step is a piece of text that is measured, or a box that is filled.
    """
    from weasyprint.layout import block, preferred
    from weasyprint.text.line_break import Layout

    Layout.set_text = _counted(Layout.set_text)
    Layout.setup = _sized(Layout.setup)
    for module, name in (
        (block, "block_container_layout"),
        (preferred, "table_and_columns_preferred_widths"),
    ):
        _replace(getattr(module, name), _filling(_counted(getattr(module, name))))


def _counted[**P, R](work: Callable[P, R]) -> Callable[P, R]:
    @wraps(work)
    def counted(*args: P.args, **kwargs: P.kwargs) -> R:
        left = _steps_left.get()
        if left <= 0:
            raise LayoutError(
                f"{_place()} is laid out too often: boxes of flex, columns, float, inline-block "
                "and table stand too deep in one another, or have to break over too many pages"
            )
        _steps_left.set(left - 1)
        return work(*args, **kwargs)

    return counted


def _filling[R](work: Callable[..., R]) -> Callable[..., R]:
    @wraps(work)
    def filling(context: Any, box: Any, *args: Any, **kwargs: Any) -> R:  # noqa: ANN401
        _within.set(box)
        return work(context, box, *args, **kwargs)

    return filling


def _place() -> str:
    """Say where the layout is."""
    element = getattr(_within.get(), "element", None)
    if element is None:
        return "what stands on the pages"
    line = element.get(LINE)
    return f"<{element.tag}>" if line is None else f"line {line}, <{element.tag}>,"


def _sized[R](setup: Callable[..., R]) -> Callable[..., R]:
    @wraps(setup)
    def sized(layout: Any, style: Any) -> R:  # noqa: ANN401 - weasyprint is not typed
        pixels = style["font_size"]
        if not SMALLEST_PIXELS <= pixels <= LARGEST_PIXELS:
            raise LayoutError(
                f"letters come to {pixels * _POINTS_IN_PIXEL:.3g} points: a font-size in em or % "
                "counts from what is around it; set one in pt"
            )
        return setup(layout, style)

    return sized


def _replace(old: object, new: object) -> None:
    """Put a function in place of another wherever a module of weasyprint has imported it."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "weasyprint":
            for attribute, value in list(vars(module).items()):
                if value is old:
                    setattr(module, attribute, new)
