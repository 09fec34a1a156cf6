"""The events of one build, for whoever may see the build."""

import asyncio
from typing import TYPE_CHECKING, Final

from tenacity import AsyncRetrying, retry_if_exception, wait_random_exponential
from venture_core.kubernetes.errors import KubernetesError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tenacity import RetryCallState
    from venture_core.record.reading import RecordedEvent

    from venture_cli.domain.eventfilter import EventFilter
    from venture_cli.services.content import Content

LOOK_SECONDS: Final = 1.0
LONGEST_PAUSE_SECONDS: Final = 5.0


class BuildEvents:
    """Gives the events of a build in their order, each once."""

    def __init__(
        self,
        content: Content,
        wanted: EventFilter,
        *,
        since: datetime | None,
        on_event: Callable[[RecordedEvent], None],
        on_lost: Callable[[BaseException], None],
    ) -> None:
        self._content = content
        self._wanted = wanted
        self._since = since
        self._on_event = on_event
        self._on_lost = on_lost
        self._last = 0

    async def run(self, namespace: str, build: str, *, follow: bool) -> None:
        """Give the events that are there, and with `follow` those that come until it is deleted.

        Raises what the first question raises; later ones are asked again.
        """
        await self._give(namespace, build)
        patiently = AsyncRetrying(
            retry=retry_if_exception(
                lambda error: isinstance(error, KubernetesError) and error.retryable
            ),
            wait=wait_random_exponential(multiplier=0.5, max=LONGEST_PAUSE_SECONDS),
            before_sleep=self._report,
            reraise=True,
        )
        while follow:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await patiently(self._give, namespace, build)
            except NotFoundError:
                return

    async def _give(self, namespace: str, build: str) -> None:
        while events := await self._content.events(namespace, build, after=self._last):
            for event in events:
                self._last = event.seq
                late_enough = self._since is None or event.appended_at >= self._since
                if late_enough and self._wanted.takes_type(event.event_type):
                    self._on_event(event)

    def _report(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if error is not None:
            self._on_lost(error)
