"""Events that are written after the answer: whoever waits for it does not wait for the disk."""

import asyncio
from typing import TYPE_CHECKING, Final

import structlog
from tenacity import AsyncRetrying, retry_if_exception, wait_exponential_jitter

from venture_core.record.append import AppendError, AppendRefusedError

if TYPE_CHECKING:
    from venture_core.events.envelope import EventEnvelopeV1
    from venture_core.record.producer import EventProducer

MAX_WAITING: Final = 10_000

log = structlog.get_logger(__name__)


class EventsBehind:
    """Writes events in their order; `run` has to run beside."""

    def __init__(self, producer: EventProducer) -> None:
        self._producer = producer
        self._waiting: asyncio.Queue[EventEnvelopeV1] = asyncio.Queue(MAX_WAITING)

    def complaints(self) -> list[str]:
        """Return that the record is too far behind: for readiness, so that no more comes."""
        return ["the record does not keep up"] if self._waiting.full() else []

    def note(self, event: EventEnvelopeV1) -> None:
        """Have an event written. Where too many wait it is only in the log."""
        try:
            self._waiting.put_nowait(event)
        except asyncio.QueueFull:
            log.error("event_not_recorded", event_type=event.event_type)  # noqa: TRY400

    async def ahead(self, event: EventEnvelopeV1, *, within_seconds: float) -> None:
        """Have an event written before what it tells of is done.

        Raises AppendError where it is refused or takes longer: then it may be recorded or not.
        """
        try:
            async with asyncio.timeout(within_seconds):
                await self._producer.append(event)
        except TimeoutError as error:
            raise AppendError("the database did not take it in time") from error

    async def run(self) -> None:
        """Write until cancelled; while the database is away they wait."""
        while True:
            event = await self._waiting.get()
            try:
                await _patiently(self._producer.append, event)
            except AppendRefusedError:
                log.exception("event_refused", event_type=event.event_type)


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, AppendError) and not isinstance(error, AppendRefusedError)


_patiently: Final = AsyncRetrying(
    retry=retry_if_exception(_may_pass),
    wait=wait_exponential_jitter(multiplier=0.2, max=5),
    before_sleep=lambda state: log.warning(
        "event_waits", error=repr(state.outcome.exception() if state.outcome else None)
    ),
)
"""Tries an append again for as long as that takes."""
