"""What comes about in another attempt, if it does: services are away, or a Freeze holds."""

from typing import Final

from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_delay,
    wait_random_exponential,
)

LONGEST_WAIT_SECONDS: Final = 5.0


class NotNowError(Exception):
    """What was asked for is left to the next attempt, which asks for it again by the same name.

    The model is told nothing: it might ask for the same under another name.
    """


class ServiceAwayError(NotNowError):
    """A service of ours does not answer: what became of a call is not known."""


class FrozenError(NotNowError):
    """A Freeze holds where the agent works: nothing becomes of what it asks for until the thaw."""


def patiently(seconds: float) -> AsyncRetrying:
    """Return what tries again for so long while a service is away."""
    return AsyncRetrying(
        retry=retry_if_exception_type(ServiceAwayError),
        wait=wait_random_exponential(multiplier=0.5, max=LONGEST_WAIT_SECONDS),
        stop=stop_after_delay(seconds),
        reraise=True,
    )
