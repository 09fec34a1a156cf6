"""A circuit breaker: a provider that fails again and again is left alone for a while."""

from dataclasses import dataclass
from typing import Final

FAILURES: Final = 5
"""So many failures in a row open the circuit."""
OPEN_SECONDS: Final = 30.0


@dataclass(slots=True)
class Breaker:
    """Counts failures of one provider. Moments are seconds of a monotonic clock."""

    _failures: int = 0
    _open_until: float = 0.0

    def wait(self, now: float) -> float:
        """Return for how many seconds nothing is to be asked; 0 where it may be.

        When the time is over one call may try: until it has an end, the rest wait on.
        """
        if self._failures < FAILURES:
            return 0.0
        if now < self._open_until:
            return self._open_until - now
        self._open_until = now + OPEN_SECONDS
        return 0.0

    def succeeded(self) -> None:
        """Close the circuit: the provider answers, whatever it says."""
        self._failures = 0

    def failed(self, now: float) -> None:
        """Count a failure: no answer, or one that says the provider is broken."""
        self._failures += 1
        if self._failures >= FAILURES:
            self._open_until = now + OPEN_SECONDS

    @property
    def is_open(self) -> bool:
        """Whether the provider counts as broken."""
        return self._failures >= FAILURES
