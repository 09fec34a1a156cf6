"""One lane of a producer: whatever comes while a call is in flight goes into the next call."""

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, override

import asyncpg
import structlog

from venture_core.record import metrics
from venture_core.record.append import (
    MAX_EVENTS_PER_CALL,
    Appended,
    AppendError,
    AppendRefusedError,
    Canonical,
    Fence,
    append_call,
    begin_epoch,
    refusal,
)
from venture_core.record.coalescing import Coalescing
from venture_core.record.database import Role, connect, patiently
from venture_core.record.failures import ends_connection, may_pass

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence
    from uuid import UUID

    from pydantic import SecretStr

MAX_BYTES_PER_CALL: Final = 4 * 1024 * 1024

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Waiting:
    """An event on its way, and who waits for it."""

    event: Canonical
    done: asyncio.Future[Appended]
    since: float = field(default_factory=time.perf_counter)


class Lane(Coalescing[Waiting]):
    """Appends over one connection, one call at a time, in the order of `put`."""

    def __init__(
        self, url: SecretStr, *, name: str, fence: Fence | None, give_up_after_seconds: float
    ) -> None:
        super().__init__()
        self._url = url
        self._name = name
        self._fence = fence
        self._give_up_after_seconds = give_up_after_seconds

    @override
    def _next_batch(self) -> list[Waiting]:
        batch: list[Waiting] = []
        size = 0
        while self._queue and len(batch) < MAX_EVENTS_PER_CALL:
            size += len(self._queue[0].event.data)
            if batch and size > MAX_BYTES_PER_CALL:
                break
            batch.append(self._queue.popleft())
        return batch

    @override
    async def _settle(self, batch: list[Waiting]) -> None:
        """Append a batch and answer everybody in it."""
        try:
            appended = await self._append([waiting.event for waiting in batch])
        except AppendError as error:
            outcome = "refused" if isinstance(error, AppendRefusedError) else "unknown"
            metrics.APPENDED.labels(outcome).inc(len(batch))
            _fail(batch, error)
        except asyncpg.PostgresError as error:
            # It will not pass: `_append` has tried all that might.
            await self._single_out(batch, error)
        else:
            _succeed(batch, appended)

    async def _single_out(self, batch: list[Waiting], error: asyncpg.PostgresError) -> None:
        """Find who is to blame for a refusal: a call is refused as a whole."""
        if len(batch) == 1:
            log.error("the record refused an event", error=str(error), code=error.sqlstate)
            metrics.APPENDED.labels("refused").inc()
            _fail(batch, refusal(error))
            return
        middle = len(batch) // 2
        await self._settle(batch[:middle])
        await self._settle(batch[middle:])

    async def _append(self, events: Sequence[Canonical]) -> dict[UUID, Appended]:
        """Call until there is an answer; appending twice is appending once."""
        try:
            async for attempt in patiently(self._give_up_after_seconds):
                with attempt:
                    return await self._try(events)
        except Exception as error:
            if not may_pass(error):
                raise
            raise AppendError(f"the database did not take it in time: {error!r}") from error
        raise AssertionError

    async def _try(self, events: Sequence[Canonical]) -> dict[UUID, Appended]:
        if self._connection is None or self._connection.is_closed():
            self._connection = await connect(self._url, Role.PRODUCER, name=self._name)
            if self._fence is not None:
                await begin_epoch(self._connection, self._fence)
        try:
            return await append_call(self._connection, events, self._fence)
        except Exception as error:
            if ends_connection(error):
                self._drop_connection()
            raise


def _succeed(batch: list[Waiting], appended: dict[UUID, Appended]) -> None:
    now = time.perf_counter()
    metrics.APPEND_BATCH.observe(len(batch))
    new = sum(each.is_new for each in appended.values())
    metrics.APPENDED.labels("new").inc(new)
    metrics.APPENDED.labels("repeated").inc(len(batch) - new)
    for waiting in batch:
        metrics.APPEND_SECONDS.observe(now - waiting.since)
        if not waiting.done.done():
            waiting.done.set_result(appended[waiting.event.event_id])


def _fail(batch: list[Waiting], error: Exception) -> None:
    for waiting in batch:
        if not waiting.done.done():
            waiting.done.set_exception(error)
