"""Services that do not answer: an agent waits for them a while, and then another attempt does."""

from typing import Final

from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_delay,
    wait_random_exponential,
)

LONGEST_WAIT_SECONDS: Final = 5.0


class ServiceAwayError(Exception):
    """A service of ours does not answer.

    What became of a call is not known then, so its model is told nothing: it might ask for the
    same under another name. The next attempt makes the call again, under its own.
    """


def patiently(seconds: float) -> AsyncRetrying:
    """Return what tries again for so long while a service is away."""
    return AsyncRetrying(
        retry=retry_if_exception_type(ServiceAwayError),
        wait=wait_random_exponential(multiplier=0.5, max=LONGEST_WAIT_SECONDS),
        stop=stop_after_delay(seconds),
        reraise=True,
    )
