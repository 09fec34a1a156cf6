"""Round numbers for the axis of a chart."""

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
_WANTED: Final = 5
"""About how many steps an axis has."""
_TRIES: Final = 40


def ticks(low: float, high: float, label: Callable[[float], str]) -> tuple[float, ...]:
    """Return evenly spaced round values that enclose `low` to `high` and zero.

    The steps are so wide that `label` writes each value differently.
    """
    low, high = min(low, 0.0), max(high, 0.0)
    if low == high:
        high = 1.0
    step = _round_up((high - low) / _WANTED)
    for _ in range(_TRIES):
        values = _between(low, high, step)
        if len({label(value) for value in values}) == len(values):
            break
        step = _round_up(step * 1.01)
    return values


def _round_up(step: float) -> float:
    """Return the smallest round number that is not below `step`."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(power * factor for factor in _STEPS if power * factor >= step * (1 - 1e-9))


def _between(low: float, high: float, step: float) -> tuple[float, ...]:
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return tuple(number * step for number in range(first, last + 1))
