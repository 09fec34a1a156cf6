"""Consumers: durable, explicit, in order per workflow, and never stuck on one event.

Events of one workflow are handled one after the other, of several workflows at once. A failed
handling is tried again in place, with growing pauses, while the broker is told that the event is
being worked on: so a later event of the same workflow never overtakes it. When the attempts are
used up the event goes to the dead letters, and its workflow goes on.

A consumer may see an event twice: when it died between handling and acknowledging. What it handled
in this process it recognises; across processes `venture_core.record.inbox` does, in the
transaction of the handling. Two processes of one consumer share its events without regard to their
order: where order matters, run one and a standby.
"""

import asyncio
import time
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Annotated, Final

import nats.js.errors
import structlog
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    wait_random,
)

from venture_core.messaging import metrics
from venture_core.messaging.backlog import Backlog
from venture_core.messaging.connection import is_interruption
from venture_core.messaging.deadletters import put_dead_letter
from venture_core.messaging.delivery import Delivery, MalformedEventError
from venture_core.messaging.pull import REQUEST_SECONDS, Puller, PullError
from venture_core.messaging.streams import DEAD_LETTERS, EVENTS
from venture_core.messaging.subjects import EVENT_SUBJECTS, requeue_subject

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    from nats.aio.client import Client
    from nats.aio.msg import Msg

RECENT_EVENTS: Final = 10_000
DRAIN_SECONDS: Final = 10.0
LAG_EVERY_SECONDS: Final = 5.0
RECOUNT_SECONDS: Final = 0.5
"""How often, while new events are held back, the broker is asked how many are still to come."""

type Handler = Callable[[Delivery], Awaitable[None]]

log = structlog.get_logger(__name__)


class CannotHandleError(Exception):
    """Raised by a handler for an event that no further attempt would help: to the dead letters."""


class ConsumerSettings(BaseModel):
    """How a consumer takes its events."""

    model_config = ConfigDict(frozen=True)

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
    """Names it for good: its place in the stream, its dead letters and its inbox go by it."""

    subjects: Annotated[tuple[str, ...], Field(min_length=1)] = EVENT_SUBJECTS
    """Which events: subjects, where `*` stands for a word and a last `>` for all that follow."""

    max_ack_pending: Annotated[int, Field(ge=1, le=10_000)] = 500
    """How many events it may have in hand."""

    concurrency: Annotated[int, Field(ge=1, le=1000)] = 16
    """How many workflows' events it handles at once."""

    ack_wait_seconds: Annotated[float, Field(ge=1, le=600)] = 30
    """After how long without a sign of life an event is delivered again."""

    max_attempts: Annotated[int, Field(ge=1, le=100)] = 10
    """After how many attempts, over all deliveries, an event goes to the dead letters."""

    backoff_seconds: Annotated[tuple[float, ...], Field(min_length=1)] = (0.2, 1, 5, 15, 60)
    """The pauses after the first, second … failed attempt; the last one stays."""


class EventConsumer:
    """Runs a handler over a durable consumer's events."""

    def __init__(self, client: Client, settings: ConsumerSettings, handler: Handler) -> None:
        self._client = client
        self._settings = settings
        self._handler = handler
        self._queues: dict[UUID, deque[tuple[Msg, Delivery]]] = {}
        self._held: dict[str, Msg] = {}
        self._backlogs: dict[str, Backlog] = {}
        self._room = asyncio.Condition()
        self._slots = asyncio.Semaphore(settings.concurrency)
        self._recent: OrderedDict[UUID, None] = OrderedDict()
        self._workers: set[asyncio.Task[None]] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until `stop` is set; then finish what is in hand.

        Raises what the handler never should: only errors of this module itself.
        """
        sources = ((EVENTS, self._settings.subjects), (DEAD_LETTERS, self._requeued()))
        async with asyncio.TaskGroup() as group:
            pulling = [
                group.create_task(self._pull_until(stop, stream, subjects))
                for stream, subjects in sources
            ]
            beating = group.create_task(self._keep_alive())
            measuring = group.create_task(self._measure_lag())
            await stop.wait()
            for task in pulling:
                task.cancel()
            await asyncio.wait(pulling)
            await self._drain()
            beating.cancel()
            measuring.cancel()

    def _requeued(self) -> tuple[str, ...]:
        return (requeue_subject(self._settings.name, ">"),)

    async def _pull_until(
        self, stop: asyncio.Event, stream: str, subjects: tuple[str, ...]
    ) -> None:
        """Pull from one stream, through restarts of the broker and loss of the consumer."""
        attempts = AsyncRetrying(
            retry=retry_if_exception(
                lambda error: is_interruption(error) or isinstance(error, PullError)
            ),
            wait=wait_random(0.1, 0.5),
            stop=lambda _: stop.is_set(),
            retry_error_callback=lambda _: None,
            before_sleep=self._report,
        )
        async for attempt in attempts:
            with attempt:
                await self._pull(stop, stream, subjects)

    async def _pull(self, stop: asyncio.Event, stream: str, subjects: tuple[str, ...]) -> None:
        jetstream = self._client.jetstream(timeout=3)
        info = await jetstream.add_consumer(stream, self._config(subjects))
        puller = Puller(self._client, stream, self._settings.name)
        await puller.open()
        patience = 1.5 * self._settings.ack_wait_seconds
        backlog = Backlog(info, in_hand=self._in_hand(stream), patience_seconds=patience)
        self._backlogs[stream] = backlog
        try:
            while not stop.is_set():
                seconds = RECOUNT_SECONDS if backlog.is_holding else REQUEST_SECONDS
                room = await self._free(seconds)
                if room:
                    async for message in puller.request(room, seconds):
                        await self._accept_all(backlog.take(message))
                if backlog.is_holding:
                    info = await jetstream.consumer_info(stream, self._settings.name)
                    backlog.recount(info, in_hand=self._in_hand(stream))
                await self._accept_all(backlog.ready())
        finally:
            # What is held back to the end comes again, in order, when its time is up.
            del self._backlogs[stream]
            for message in await puller.close():
                await self._accept_all(backlog.take(message))

    def _in_hand(self, stream: str) -> set[int]:
        """Return the stream sequences of what is at work."""
        metadata = [message.metadata for message in self._held.values()]
        return {each.sequence.stream for each in metadata if each.stream == stream}

    async def _accept_all(self, messages: list[Msg]) -> None:
        for message in messages:
            await self._accept(message)

    def _config(self, subjects: tuple[str, ...]) -> ConsumerConfig:
        one = len(subjects) == 1
        return ConsumerConfig(
            durable_name=self._settings.name,
            deliver_policy=DeliverPolicy.ALL,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=self._settings.ack_wait_seconds,
            # Attempts are counted here: the broker would give an event up without a word.
            max_deliver=-1,
            max_ack_pending=self._settings.max_ack_pending,
            filter_subject=subjects[0] if one else None,
            filter_subjects=None if one else list(subjects),
        )

    async def _free(self, seconds: float) -> int:
        """Wait until there is room for events, but no longer; return for how many there is."""
        try:
            async with asyncio.timeout(seconds), self._room:
                await self._room.wait_for(lambda: self._room_left() > 0)
        except TimeoutError:
            return 0
        return self._room_left()

    def _room_left(self) -> int:
        held_back = sum(len(backlog) for backlog in self._backlogs.values())
        return self._settings.max_ack_pending - len(self._held) - held_back

    async def _accept(self, message: Msg) -> None:
        """Queue a message behind the others of its workflow."""
        if message.metadata.num_delivered > 1:
            metrics.REDELIVERED.labels(self._settings.name).inc()
        try:
            delivery = Delivery.parse(message)
        except MalformedEventError as error:
            await self._bury(message, str(error), message.metadata.num_delivered)
            await self._let_go(message)
            return
        self._held[message.reply] = message
        workflow = delivery.event.workflow_id
        queue = self._queues.get(workflow)
        if queue is not None:
            queue.append((message, delivery))
            return
        self._queues[workflow] = deque([(message, delivery)])
        worker = asyncio.create_task(self._work(workflow))
        self._workers.add(worker)
        worker.add_done_callback(self._finished)

    async def _work(self, workflow: UUID) -> None:
        """Handle a workflow's events one after the other, until none is left."""
        queue = self._queues[workflow]
        try:
            while queue:
                message, delivery = queue[0]
                async with self._slots:
                    await self._settle(message, delivery)
                queue.popleft()
                await self._let_go(message)
        finally:
            del self._queues[workflow]
            for message, _ in queue:
                await self._let_go(message)

    def _finished(self, worker: asyncio.Task[None]) -> None:
        self._workers.discard(worker)
        if not worker.cancelled() and worker.exception() is not None:
            # The broker was away when it mattered; what was in hand is delivered again.
            error = repr(worker.exception())
            log.error("could not settle an event", consumer=self._settings.name, error=error)

    async def _let_go(self, message: Msg) -> None:
        self._held.pop(message.reply, None)
        async with self._room:
            self._room.notify_all()

    async def _settle(self, message: Msg, delivery: Delivery) -> None:
        """Handle an event, or bury it after its last attempt; acknowledge it either way."""
        name, event = self._settings.name, delivery.event
        if event.event_id in self._recent:
            metrics.HANDLED.labels(name, "repeated").inc()
            await message.ack()
            return
        if delivery.attempt > self._settings.max_attempts:
            await self._bury(message, "every attempt ended this process", delivery.attempt - 1)
            return
        try:
            await self._attempts(delivery)(self._handle, delivery)
        except Exception as error:
            # Whatever a handler raises: the event, not the consumer, is given up.
            log.exception("gave an event up", consumer=name, event_id=str(event.event_id))
            await self._bury(message, f"{type(error).__name__}: {error}", delivery.attempt)
            return
        self._remember(event.event_id)
        metrics.HANDLED.labels(name, "handled").inc()
        await message.ack()

    def _attempts(self, delivery: Delivery) -> AsyncRetrying:
        before = delivery.attempt - 1
        pauses = self._settings.backoff_seconds
        return AsyncRetrying(
            retry=retry_if_exception(
                lambda error: (
                    isinstance(error, Exception) and not isinstance(error, CannotHandleError)
                )
            ),
            stop=stop_after_attempt(self._settings.max_attempts - before),
            wait=lambda state: pauses[min(before + state.attempt_number, len(pauses)) - 1],
            before_sleep=self._report,
            reraise=True,
        )

    async def _handle(self, delivery: Delivery) -> None:
        began = time.perf_counter()
        try:
            await self._handler(delivery)
        except Exception:
            metrics.FAILED.labels(self._settings.name).inc()
            raise
        metrics.HANDLE_SECONDS.labels(self._settings.name).observe(time.perf_counter() - began)

    async def _bury(self, message: Msg, reason: str, attempts: int) -> None:
        """Put a message among the dead letters, and only then acknowledge it."""
        jetstream = self._client.jetstream(timeout=3)
        await put_dead_letter(
            jetstream, message, consumer=self._settings.name, reason=reason, attempts=attempts
        )
        metrics.HANDLED.labels(self._settings.name, "dead").inc()
        await message.ack()

    def _remember(self, event_id: UUID) -> None:
        self._recent[event_id] = None
        if len(self._recent) > RECENT_EVENTS:
            self._recent.popitem(last=False)

    async def _keep_alive(self) -> None:
        """Tell the broker that everything in hand is still being worked on."""
        while True:
            await asyncio.sleep(self._settings.ack_wait_seconds / 3)
            if self._client.is_connected:
                held_back = [
                    each for backlog in self._backlogs.values() for each in backlog.waiting
                ]
                for message in [*self._held.values(), *held_back]:
                    await message.in_progress()

    async def _measure_lag(self) -> None:
        jetstream = self._client.jetstream(timeout=3)
        while True:
            try:
                info = await jetstream.consumer_info(EVENTS, self._settings.name)
                lag = (info.num_pending or 0) + (info.num_ack_pending or 0)
                metrics.LAG.labels(self._settings.name).set(lag)
            except (nats.js.errors.APIError, nats.errors.Error, TimeoutError) as error:
                log.debug("the consumer's lag is not known", error=repr(error))
            await asyncio.sleep(LAG_EVERY_SECONDS)

    async def _drain(self) -> None:
        """Let everything in hand be handled, for a while.

        What is left then is delivered again after `ack_wait_seconds`, in order. It is not given
        back at once: the broker does not keep the order of what it is given back.
        """
        if self._workers:
            await asyncio.wait(self._workers, timeout=DRAIN_SECONDS)
        for worker in list(self._workers):
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        if self._client.is_connected:
            await self._client.flush(timeout=3)

    def _report(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        log.warning("trying again", consumer=self._settings.name, error=repr(error))
