"""Consumers: durable, explicit, in order per workflow, and never stuck on one event.

A consumer that can ask the record (`Recorded`) believes no message that the record does not know,
takes what the stream did not bring, or not yet, out of the record, and knows how far it has come,
whatever becomes of the stream. So its order is the record's. One without it checks only that an
event's hash is the event's: whoever may publish could forge one; and what comes again later than
`Backlog` waits for it is handled late. Where another state of the database takes the place of the
one that it asked, as the inbox notices, it takes back what is in hand, reads its position anew, and
goes on from there.

A consumer may see an event twice: when it died between handling and acknowledging. What it handled
in this process it recognises; across processes `venture_core.record.inbox` does, in the
transaction of the handling. Of two processes of one consumer each takes what the other was given
out of the record, so that both see all events in order, and the inbox lets each in once; that costs
twice the reading, so run one and a standby. Without the record they share the events without regard
to their order.
"""

import asyncio
from collections import deque
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import nats.errors
import nats.js.errors
import structlog
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_random

from venture_core.messaging import metrics
from venture_core.messaging.backlog import Backlog
from venture_core.messaging.connection import is_interruption
from venture_core.messaging.delivery import Delivery, MalformedEventError
from venture_core.messaging.gaps import GapWatch, Progress
from venture_core.messaging.handling import (
    CannotHandleError,
    Handler,
    Handling,
    Work,
    acknowledge,
)
from venture_core.messaging.pull import REQUEST_SECONDS, Puller, PullError
from venture_core.messaging.settings import ConsumerSettings
from venture_core.messaging.streams import DEAD_LETTERS, EVENTS
from venture_core.messaging.subjects import requeue_subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from nats.aio.client import Client
    from nats.aio.msg import Msg

    from venture_core.messaging.recorded import Look, Recorded

__all__ = ["CannotHandleError", "ConsumerSettings", "EventConsumer", "Handler"]

MEASURE_SECONDS: Final = 2.0
"""How often the broker is asked how far the consumer is."""
RECOUNT_SECONDS: Final = 0.5
"""How often, while new events are held back, the broker is asked how many are still to come."""
CLOSING_SECONDS: Final = 5.0
"""How long what came last may wait for the record when the process ends."""

log = structlog.get_logger(__name__)


class EventConsumer:
    """Runs a handler over a durable consumer's events."""

    def __init__(
        self,
        client: Client,
        settings: ConsumerSettings,
        handler: Handler,
        *,
        recorded: Recorded | None = None,
        on_new_session: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_new_session` is called when the database may have been restored meanwhile."""
        self._client = client
        self._settings = settings
        self._recorded = recorded
        self._on_new_session = on_new_session
        self._hand = Handling(client, settings, handler)
        self._progress = None if recorded is None else Progress(settings, recorded)
        self._gaps = GapWatch(settings)
        self._backlogs: dict[str, Backlog] = {}
        self._arriving: dict[object, Work] = {}
        self._turn = asyncio.Lock()

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
            measuring = group.create_task(self._measure())
            renewing = group.create_task(self._renew(stop))
            await stop.wait()
            for task in pulling:
                task.cancel()
            await asyncio.wait(pulling)
            await self._hand.drain()
            if self._client.is_connected:
                await self._client.flush(timeout=3)
            beating.cancel()
            measuring.cancel()
            renewing.cancel()

    def _requeued(self) -> tuple[str, ...]:
        return (requeue_subject(self._settings.name, ">"),)

    async def _pull_until(
        self, stop: asyncio.Event, stream: str, subjects: tuple[str, ...]
    ) -> None:
        """Pull from one stream, through restarts of the broker and loss of the consumer."""
        async for attempt in self._attempts(stop):
            with attempt:
                await self._pull(stop, stream, subjects)

    def _attempts(self, stop: asyncio.Event) -> AsyncRetrying:
        return AsyncRetrying(
            retry=retry_if_exception(
                lambda error: is_interruption(error) or isinstance(error, PullError)
            ),
            wait=wait_random(0.1, 0.5),
            stop=lambda _: stop.is_set(),
            retry_error_callback=lambda _: None,
            before_sleep=self._report,
        )

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
                    async for messages in puller.request(room, seconds):
                        await self._accept_all(backlog.take_all(messages))
                if backlog.is_holding:
                    info = await jetstream.consumer_info(stream, self._settings.name)
                    backlog.recount(info, in_hand=self._in_hand(stream))
                await self._accept_all(backlog.ready())
        finally:
            # What is held back to the end comes again, in order, when its time is up.
            del self._backlogs[stream]
            await self._accept_last(backlog.take_all(await puller.close()))

    def _in_hand(self, stream: str) -> set[int]:
        """Return the stream sequences of what is at work."""
        metadata = [each.metadata for each in self._at_work()]
        return {each.sequence.stream for each in metadata if each.stream == stream}

    def _at_work(self) -> list[Msg]:
        """Return the messages of what is in hand, and of what is on its way there."""
        arriving = [each.message for each in self._arriving.values() if each.message is not None]
        return [*self._hand.messages, *arriving]

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
            async with asyncio.timeout(seconds):
                await self._hand.wait_for_room(lambda: self._room_left() > 0)
        except TimeoutError:
            return 0
        return self._room_left()

    def _room_left(self) -> int:
        held_back = sum(len(backlog) for backlog in self._backlogs.values())
        return self._settings.max_ack_pending - len(self._hand) - held_back

    async def _accept_last(self, messages: list[Msg]) -> None:
        """Take what came while this ends; what the record says nothing of in time comes again."""
        try:
            async with asyncio.timeout(CLOSING_SECONDS):
                await self._accept_all(messages)
        except TimeoutError:
            log.warning("events come again later", events=len(messages))

    async def _accept_all(self, messages: list[Msg]) -> None:
        """Put messages of one stream into the hand, in their order."""
        parsed: list[Work] = []
        for message in messages:
            if message.metadata.num_delivered > 1:
                metrics.REDELIVERED.labels(self._settings.name).inc()
            try:
                parsed.append(Work(Delivery.parse(message), message))
            except MalformedEventError as error:
                await self._hand.bury(message, str(error))
        if not parsed:
            return
        if self._recorded is None or self._progress is None:
            for work in parsed:
                self._hand.add(work)
            return
        self._arriving |= {work.key: work for work in parsed}
        try:
            # In turn: one stream must not begin a new session while the other fills a gap.
            async with self._turn:
                await self._accept_recorded(parsed, self._recorded, self._progress)
        finally:
            self._arrived(parsed)

    async def _renew(self, stop: asyncio.Event) -> None:
        """Begin a new session whenever a handler met another state of the record."""
        while self._recorded is not None and self._progress is not None:
            await self._hand.refused.wait()
            async for attempt in self._attempts(stop):
                with attempt:
                    async with self._turn:
                        await self._accept_recorded((), self._recorded, self._progress)

    async def _accept_recorded(
        self, arriving: Sequence[Work], recorded: Recorded, progress: Progress
    ) -> None:
        """Put into the hand what the record knows of these.

        On a new session what was in hand comes first, as if it arrived now: the record may not know
        it any more, or may have forgotten what came before it.
        """
        works = deque(arriving)
        try:
            while works or self._hand.refused.is_set():
                if self._hand.refused.is_set():
                    recorded.reopen()
                look = await recorded.look([work.delivery for work in works])
                if progress.begin(look):
                    self._on_new_session()
                    if taken := self._hand.take_back():
                        self._arriving |= {work.key: work for work in taken}
                        works.extendleft(reversed(taken))
                        continue
                while works and await self._accept(works[0], look, progress):
                    self._arrived([works.popleft()])
        finally:
            self._arrived(works)
            for work in works:
                if work.delivery.state is not None:
                    # This was broken off: it stays in hand, and waits there for the next session.
                    self._hand.add(work)

    def _arrived(self, works: Iterable[Work]) -> None:
        for work in works:
            self._arriving.pop(work.key, None)

    async def _accept(self, work: Work, look: Look, progress: Progress) -> bool:
        """Put an event of the record into the hand, and before it what it comes after.

        False where a handler has met another state of the record: the look is worth nothing then.
        """
        delivery, message, index = work.delivery, work.message, work.delivery.log_index
        is_known = (index, delivery.event.this_event_hash) in look.known
        if message is None:
            # The record brought it before, and brings it again if it still has it.
            return not is_known or await self._fill(index + 1, 0, look, progress)
        if not is_known:
            metrics.REFUSED.labels(self._settings.name).inc()
            await self._hand.bury(message, f"the record has no such event at log index {index}")
            return True
        found = Work(replace(delivery, state=look.state), message)
        if message.metadata.stream != EVENTS:
            self._hand.add(found)
            return True
        place, is_new = message.metadata.sequence, delivery.state is None
        if is_new:
            progress.delivered(place.consumer)
        if index < look.next_log_index:
            metrics.HANDLED.labels(self._settings.name, "repeated").inc()
            await acknowledge(message)
        elif await self._fill(index, place.stream, look, progress):
            self._hand.add(found)
        else:
            return False
        # After one that was in hand, others may have been handled that the record has forgotten.
        progress.came(index, place.stream, is_first=is_new and delivery.attempt == 1)
        return True

    async def _fill(self, end: int, sequence: int, look: Look, progress: Progress) -> bool:
        """Put into the hand what was missed before this log index; tell whether the look holds."""
        refused, most = self._hand.refused, self._settings.max_ack_pending
        missed = progress.missed(self._client.jetstream(timeout=3), end, sequence)
        async with aclosing(missed):
            async for delivery in missed:
                await self._hand.wait_for_room(lambda: len(self._hand) < most or refused.is_set())
                if refused.is_set():
                    return False
                self._hand.add(Work(replace(delivery, state=look.state), None))
        return not refused.is_set()

    async def _keep_alive(self) -> None:
        """Tell the broker that everything in hand is still being worked on."""
        while True:
            await asyncio.sleep(self._settings.ack_wait_seconds / 3)
            if self._client.is_connected:
                held_back = [
                    each for backlog in self._backlogs.values() for each in backlog.waiting
                ]
                for message in [*self._at_work(), *held_back]:
                    await message.in_progress()

    async def _measure(self) -> None:
        """Tell how far the consumer is, and remember what is settled."""
        jetstream = self._client.jetstream(timeout=3)
        while True:
            try:
                info = await jetstream.consumer_info(EVENTS, self._settings.name)
                lag = (info.num_pending or 0) + (info.num_ack_pending or 0)
                metrics.LAG.labels(self._settings.name).set(lag)
                if self._progress is None:
                    state = (await jetstream.stream_info(EVENTS)).state
                    self._gaps.look(info, state.first_seq)
                else:
                    await self._progress.settle(info, self._hand.first_log_index)
            except (nats.js.errors.APIError, nats.errors.Error, TimeoutError) as error:
                log.debug("the consumer's lag is not known", error=repr(error))
            await asyncio.sleep(MEASURE_SECONDS)

    def _report(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        log.warning("trying again", consumer=self._settings.name, error=repr(error))
