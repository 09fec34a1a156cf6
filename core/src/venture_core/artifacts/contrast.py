"""Where colours stand too close to each other to be read, in sentences."""

from typing import TYPE_CHECKING

from venture_core.artifacts.colors import (
    GRAPHICS_RATIO,
    RATIO_DIGITS,
    SERIES_DIFFERENCE,
    Role,
    difference,
    required_ratio,
)
from venture_core.artifacts.deck.plan.charts import label_role, mark_roles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from venture_core.artifacts.colors import ColorScheme
    from venture_core.artifacts.deck.plan.model import ChartElement


def shortfall(
    scheme: ColorScheme, ink: Role, paper: Role, needed: float, what: str
) -> Iterator[str]:
    """Yield a sentence where `what` in one role on another has less contrast than it needs."""
    ratio = round(scheme.contrast(ink, paper), RATIO_DIGITS)
    if ratio < needed:
        yield (
            f"{what} #{scheme.values[ink]} on #{scheme.values[paper]} has a contrast of "
            f"{ratio:.2f}:1 and needs {needed:g}:1"
        )


def text_shortfall(
    scheme: ColorScheme, ink: Role, paper: Role, size: float, *, bold: bool = False
) -> Iterator[str]:
    """Yield a sentence where text of that size, in points, is hard to read."""
    needed = required_ratio(size, bold=bold)
    yield from shortfall(scheme, ink, paper, needed, f"{size:g} pt text")


def chart_shortfalls(element: ChartElement, scheme: ColorScheme) -> Iterator[tuple[str, str]]:
    """Yield part and sentence for each label or mark of a chart that does not stand out."""
    chart = element.chart
    needed = required_ratio(element.label_size, bold=False)
    text = f"{element.label_size:g} pt label"
    for message in shortfall(scheme, Role.TEXT, Role.BACKGROUND, needed, text):
        yield "chart", message
    marks = "categories" if chart.type == "pie" else "series"
    for index, role in enumerate(mark_roles(chart)):
        name = f"chart.{marks}[{index}]"
        for message in shortfall(scheme, role, Role.BACKGROUND, GRAPHICS_RATIO, "the mark"):
            yield name, message
        ink = scheme.values[role]
        for before, other in enumerate(mark_roles(chart)[:index]):
            if difference(ink, scheme.values[other]) < SERIES_DIFFERENCE:
                told = f"#{ink} looks like #{scheme.values[other]} of {marks}[{before}]"
                yield name, f"the mark {told}; choose another accent"
                break
        if chart.stacked and chart.value_labels:
            for message in shortfall(scheme, label_role(role, scheme), role, needed, text):
                yield name, message
