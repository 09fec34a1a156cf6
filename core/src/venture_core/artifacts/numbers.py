"""How numbers are written: for people, and as the format code of a spreadsheet."""

from itertools import groupby
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from venture_core.artifacts.ir.charts import NumberFormat

_SCALES = {"ones": (1.0, ""), "thousands": (1e3, "K"), "millions": (1e6, "M")}
MAX_DECIMALS: Final = 4
IN_COLUMNS: Final = 2
"""Decimals of numbers below each other, where nobody says how many."""
_CENTS: Final = 2
_STEPS: Final = 5
_TOLD: Final = 0.005
"""By which share of itself a number may be off where it is shown."""
_ALIKE: Final = 0.1
"""Numbers that differ by no more than this share may be shown alike: they are rounded."""
_MOST_OF_A_SHARE: Final = 2
_SCALE_CODES = {"ones": "", "thousands": ',"K"', "millions": ',,"M"'}


def resolved(
    form: NumberFormat, values: Iterable[float | None], most: int = MAX_DECIMALS
) -> NumberFormat:
    """Return a format with as many decimals as it says, else as tell the values, at most `most`."""
    if form.decimals is not None:
        return form
    shown = [_displayed(value, form) for value in values if value is not None]
    counts = range(most)
    decimals = next((n for n in counts if all(_is_told(each, n) for each in shown)), most)
    if decimals == 1 and form.style == "currency" and form.scale == "ones":
        decimals = _CENTS
    return form.model_copy(update={"decimals": decimals})


def misleading(form: NumberFormat, values: Iterable[float | None]) -> str:
    """Say which values look like zero or like each other and are not; empty where none do."""
    told = [(format_value(value, form), value) for value in values if value is not None]
    for text, value in told:
        if value and _is_zero(text):
            return f"{value:g} shows as {text}"
    for text, group in groupby(sorted(set(told)), key=lambda each: each[0]):
        alike = [value for _, value in group]
        if alike[-1] - alike[0] > _ALIKE * max(abs(alike[0]), abs(alike[-1])):
            return f"{alike[0]:g} and {alike[-1]:g} both show as {text}"
    return ""


def step_of(form: NumberFormat, values: Iterable[float | None]) -> float | None:
    """Return the least step of a scale that its labels tell, where a program would take less.

    Programs divide a scale into about five, whatever its labels can show.
    """
    known = [0.0, *(value for value in values if value is not None)]
    least = 10.0 ** -(form.decimals or 0)
    least = least / 100 if form.style == "percent" else least * _SCALES[form.scale][0]
    return least if max(known) - min(known) < _STEPS * least else None


def share_decimals(values: Sequence[float | None]) -> int:
    """Return how many decimals the percentages of a whole need for none of them to look like 0."""
    parts = [value for value in values if value]
    total = sum(parts)
    counts = range(_MOST_OF_A_SHARE)
    enough = (n for n in counts if all(round(100 * each / total, n) for each in parts))
    return next(enough, _MOST_OF_A_SHARE)


def _displayed(value: float, form: NumberFormat) -> float:
    return value * 100 if form.style == "percent" else value / _SCALES[form.scale][0]


def _is_told(value: float, decimals: int) -> bool:
    return abs(round(value, decimals) - value) <= _TOLD * abs(value)


def _is_zero(text: str) -> bool:
    return not any(each in "123456789" for each in text)


def format_value(value: float, form: NumberFormat) -> str:
    """Write `value` as its number format shows it."""
    decimals = form.decimals or 0
    if form.style == "percent":
        return f"{value * 100:,.{decimals}f}%"
    divisor, suffix = _SCALES[form.scale]
    text = f"{abs(value) / divisor:,.{decimals}f}{suffix}"
    symbol = form.symbol if form.style == "currency" else ""
    return ("-" if value < 0 else "") + symbol + text


def number_code(form: NumberFormat) -> str:
    """Write the number format as a spreadsheet format code."""
    decimals = "." + "0" * form.decimals if form.decimals else ""
    if form.style == "percent":
        return f"0{decimals}%"
    symbol = f'"{form.symbol}"' if form.style == "currency" else ""
    body = f"{symbol}#,##0{decimals}{_SCALE_CODES[form.scale]}"
    return f"{body};-{body}"
