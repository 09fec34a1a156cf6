"""How often one caller may ask: a bucket each that fills steadily."""

import math
import time
from collections import OrderedDict
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from venture_core.http.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable

PER_SECOND: Final = 20.0
BURST: Final = 100.0
MAX_CALLERS: Final = 10_000


class Rates:
    """Counts requests of one process. `clock` gives seconds that never go back."""

    def __init__(
        self,
        *,
        per_second: float = PER_SECOND,
        burst: float = BURST,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._per_second = per_second
        self._burst = burst
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str) -> None:
        """Count a request. Problem 429 where the caller asked too often of late."""
        now = self._clock()
        left, at = self._left.pop(caller, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._per_second)
        allowed = left >= 1
        self._left[caller] = (left - 1 if allowed else left, now)
        if len(self._left) > MAX_CALLERS:
            self._left.popitem(last=False)
        if not allowed:
            raise Problem(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"More than {self._per_second:g} requests a second; try again in a moment.",
                code="too-many-requests",
                headers={"Retry-After": str(math.ceil((1 - left) / self._per_second))},
            )
