"""Handling events: of one workflow one after the other, of several workflows at once.

A failed handling is tried again in place, with growing pauses, while the broker is told that the
event is being worked on: so a later event of the same workflow never overtakes it. When the
attempts are used up the event goes to the dead letters, and its workflow goes on.
"""

import asyncio
import time
from collections import OrderedDict, deque
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog
from nats.errors import MsgAlreadyAckdError
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random,
)

from venture_core.messaging import metrics
from venture_core.messaging.deadletters import put_dead_letter
from venture_core.messaging.streams import DEAD_LETTERS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from uuid import UUID

    from nats.aio.client import Client
    from nats.aio.msg import Msg

    from venture_core.messaging.delivery import Delivery
    from venture_core.messaging.settings import ConsumerSettings

RECENT_EVENTS: Final = 10_000
DRAIN_SECONDS: Final = 10.0

type Handler = Callable[[Delivery], Awaitable[None]]

log = structlog.get_logger(__name__)


class CannotHandleError(Exception):
    """Raised by a handler for an event that no further attempt would help: to the dead letters."""


class RecordReplacedError(Exception):
    """Raised by a handler that met another state of the record than its event was found in.

    Everything in hand is taken back and accepted anew, after what that state has forgotten.
    """


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """An event in hand."""

    delivery: Delivery
    message: Msg | None
    """The message that brought it; None where the record did."""

    @property
    def key(self) -> object:
        """What names it among all that is in hand."""
        return self.message.reply if self.message is not None else self.delivery.log_index

    @property
    def is_handed_back(self) -> bool:
        """Whether it comes from the dead letters: to be handled though it was given up."""
        return self.message is not None and self.message.metadata.stream == DEAD_LETTERS


async def acknowledge(message: Msg) -> None:
    """Tell the broker that a message is settled; it may have been told when this was taken back."""
    with suppress(MsgAlreadyAckdError):
        await message.ack()


class Handling:
    """Everything that a consumer has in hand, and who works on it."""

    def __init__(self, client: Client, settings: ConsumerSettings, handler: Handler) -> None:
        self._client = client
        self._settings = settings
        self._handler = handler
        self._queues: dict[UUID, deque[Work]] = {}
        self._held: dict[object, Work] = {}
        self._room = asyncio.Condition()
        self._slots = asyncio.Semaphore(settings.concurrency)
        self._recent: OrderedDict[UUID, bool] = OrderedDict()
        self._workers: set[asyncio.Task[None]] = set()
        self.refused = asyncio.Event()
        """Set once a handler met another state of the record, until everything is taken back."""
        self._taken_back = asyncio.Event()

    def __len__(self) -> int:
        return len(self._held)

    @property
    def messages(self) -> Iterable[Msg]:
        """The messages that brought what is in hand."""
        return [work.message for work in self._held.values() if work.message is not None]

    @property
    def first_log_index(self) -> int | None:
        """The place in the log of the first event that is in hand, None where nothing is."""
        return min((work.delivery.log_index for work in self._held.values()), default=None)

    def take_back(self) -> list[Work]:
        """Return what is in hand, in the log's order, and hold it no longer.

        Nothing of it is begun any more; what a handler has at this moment is not acknowledged yet.
        Nothing that was handled before is recognised: it may be undone.
        """
        works = sorted(self._held.values(), key=lambda work: work.delivery.log_index)
        self._held.clear()
        self._recent.clear()
        for queue in self._queues.values():
            # The first is being handled, or goes in this moment.
            while len(queue) > 1:
                queue.pop()
        self.refused.clear()
        self._taken_back.set()
        self._taken_back = asyncio.Event()
        return works

    async def wait_for_room(self, is_there: Callable[[], bool]) -> None:
        """Wait until `is_there`, asked whenever something has left the hand, or was refused."""
        async with self._room:
            await self._room.wait_for(is_there)

    def add(self, work: Work) -> None:
        """Queue an event behind the others of its workflow."""
        self._held[work.key] = work
        workflow = work.delivery.event.workflow_id
        queue = self._queues.get(workflow)
        if queue is not None:
            queue.append(work)
            return
        self._queues[workflow] = deque([work])
        worker = asyncio.create_task(self._work(workflow))
        self._workers.add(worker)
        worker.add_done_callback(self._finished)

    async def drain(self) -> None:
        """Let everything in hand be handled, for a while.

        What is left then is delivered again after `ack_wait_seconds`, in order. It is not given
        back at once: the broker does not keep the order of what it is given back.
        """
        if self._workers:
            await asyncio.wait(self._workers, timeout=DRAIN_SECONDS)
        for worker in list(self._workers):
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)

    async def bury(self, message: Msg, reason: str) -> None:
        """Put a message that is no event among the dead letters, and only then acknowledge it."""
        await self._put(message, reason, message.metadata.num_delivered)
        await acknowledge(message)

    async def _work(self, workflow: UUID) -> None:
        """Handle a workflow's events one after the other, until none is left."""
        queue = self._queues[workflow]
        try:
            while queue:
                async with self._slots:
                    await self._settle(queue[0])
                await self._let_go(queue.popleft())
        finally:
            del self._queues[workflow]
            for work in queue:
                await self._let_go(work)

    def _finished(self, worker: asyncio.Task[None]) -> None:
        self._workers.discard(worker)
        if not worker.cancelled() and worker.exception() is not None:
            error = repr(worker.exception())
            log.error("could not settle an event", consumer=self._settings.name, error=error)

    async def _let_go(self, work: Work) -> None:
        if self._is_held(work):
            del self._held[work.key]
        async with self._room:
            self._room.notify_all()

    def _is_held(self, work: Work) -> bool:
        """Tell whether it was not taken back."""
        return self._held.get(work.key) is work

    async def _settle(self, work: Work) -> None:
        """Handle an event or give it up, unless it was before; acknowledge it either way.

        Whoever took it back has it settled again.
        """
        if not self._is_held(work):
            return
        if self._is_repeated(work):
            metrics.HANDLED.labels(self._settings.name, "repeated").inc()
        else:
            try:
                is_handled = await self._try(work)
            except RecordReplacedError as error:
                await self._refuse(work, str(error))
                return
            if not self._is_held(work):
                return
            self._remember(work.delivery.event.event_id, is_handled=is_handled)
        if work.message is not None:
            await self._tell(partial(acknowledge, work.message))

    async def _refuse(self, work: Work, reason: str) -> None:
        """Wait until everything is taken back; nothing of the workflow may come before that."""
        if not self._is_held(work):
            return
        log.warning("takes back what is in hand", consumer=self._settings.name, reason=reason)
        # The handler's connection may be the one that leads to the wrong place, for a while.
        await asyncio.sleep(self._settings.backoff_seconds[0])
        if self._is_held(work):
            self.refused.set()
            async with self._room:
                self._room.notify_all()
        if self._is_held(work):
            await self._taken_back.wait()

    async def _try(self, work: Work) -> bool:
        """Handle an event, or bury it after its last attempt; tell which."""
        name, delivery = self._settings.name, work.delivery
        if delivery.attempt > self._settings.max_attempts:
            await self._give_up(work, "every attempt ended this process", delivery.attempt - 1)
            return False
        try:
            await self._attempts(work)(self._handle, work)
        except RecordReplacedError:
            raise
        except Exception as error:
            if not self._is_held(work):
                return False
            # Whatever a handler raises: the event, not the consumer, is given up.
            log.exception("gave an event up", consumer=name, event_id=str(delivery.event.event_id))
            await self._give_up(work, f"{type(error).__name__}: {error}", delivery.attempt)
            return False
        metrics.HANDLED.labels(name, "handled").inc()
        return True

    def _attempts(self, work: Work) -> AsyncRetrying:
        before = work.delivery.attempt - 1
        pauses = self._settings.backoff_seconds
        return AsyncRetrying(
            retry=retry_if_exception(
                lambda error: (
                    isinstance(error, Exception)
                    and not isinstance(error, (CannotHandleError, RecordReplacedError))
                    and self._is_held(work)
                )
            ),
            stop=stop_after_attempt(self._settings.max_attempts - before),
            wait=lambda state: pauses[min(before + state.attempt_number, len(pauses)) - 1],
            before_sleep=self._report,
            reraise=True,
        )

    async def _handle(self, work: Work) -> None:
        if not self._is_held(work):
            raise RecordReplacedError("it was taken back between two attempts")
        began = time.perf_counter()
        try:
            await self._handler(work.delivery)
        except Exception:
            metrics.FAILED.labels(self._settings.name).inc()
            raise
        metrics.HANDLE_SECONDS.labels(self._settings.name).observe(time.perf_counter() - began)

    async def _give_up(self, work: Work, reason: str, attempts: int) -> None:
        await self._tell(partial(self._put, work.message or work.delivery, reason, attempts))

    async def _put(self, given: Msg | Delivery, reason: str, attempts: int) -> None:
        """Put an event, or what came instead of one, among the dead letters."""
        await put_dead_letter(
            self._client.jetstream(timeout=3),
            given,
            consumer=self._settings.name,
            reason=reason,
            attempts=attempts,
        )
        metrics.HANDLED.labels(self._settings.name, "dead").inc()

    async def _tell(self, tell: Callable[[], Awaitable[None]]) -> None:
        """Tell the broker, and go on trying whatever it answers.

        To let go of the event would let go of all that wait behind it: later ones would overtake
        them, and those that the record brought would never come again.
        """
        attempts = AsyncRetrying(
            retry=retry_if_exception_type(Exception),
            wait=wait_random(0.2, 1),
            before_sleep=self._report,
        )
        await attempts(tell)

    def _is_repeated(self, work: Work) -> bool:
        """Tell whether it was handled lately, or given up and not handed back since."""
        was_handled = self._recent.get(work.delivery.event.event_id)
        return was_handled is not None and (was_handled or not work.is_handed_back)

    def _remember(self, event_id: UUID, *, is_handled: bool) -> None:
        self._recent[event_id] = is_handled
        if len(self._recent) > RECENT_EVENTS:
            self._recent.popitem(last=False)

    def _report(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        log.warning("trying again", consumer=self._settings.name, error=repr(error))
