"""Databases that forget while a consumer is at work: what was handled is handled again."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, override
from uuid import uuid7

import pytest
from recordevents import started
from recordlog import caught_up, sequencing
from recordrelay import STREAMS, relaying, stream_holds
from venture_core.messaging.consumer import CannotHandleError, ConsumerSettings, EventConsumer
from venture_core.messaging.deadletters import list_dead_letters
from venture_core.messaging.delivery import LOG_INDEX_HEADER
from venture_core.messaging.gaps import STRETCH
from venture_core.messaging.handling import Handling, Work
from venture_core.messaging.streams import EVENTS, reconcile_streams
from venture_core.messaging.subjects import requeue_subject
from venture_core.record.consumption import ConsumerRecord
from venture_core.record.outgoing import read_log
from venture_core.record.producer import EventProducer
from waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    import asyncpg
    from nats.aio.client import Client
    from pydantic import SecretStr
    from recordservers import NatsServer
    from venture_core.messaging.delivery import Delivery
    from venture_core.messaging.recorded import Stretch

SETTINGS = ConsumerSettings(name="restored", backoff_seconds=(0.02, 0.05), max_attempts=3)


class HeldRecord(ConsumerRecord):
    """A record that the consumer cannot tell what is settled until it may."""

    def __init__(self, url: SecretStr) -> None:
        super().__init__(url, SETTINGS.name)
        self.asked: list[int] = []
        self.done: list[int] = []
        self.may_settle = asyncio.Event()

    @override
    async def settle(self, next_log_index: int, **given: Any) -> None:
        self.asked.append(next_log_index)
        await self.may_settle.wait()
        await super().settle(next_log_index, **given)
        self.done.append(next_log_index)


@asynccontextmanager
async def consuming(
    client: Client, recorded: ConsumerRecord, handler: Callable[[Delivery], Awaitable[None]]
) -> AsyncIterator[None]:
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group, recorded:
        consumer = EventConsumer(client, SETTINGS, handler, recorded=recorded)
        running = group.create_task(consumer.run(stop))
        yield
        stop.set()
        await running


async def _append(database: SecretStr, count: int) -> None:
    async with EventProducer(database, name="test") as producer:
        await producer.append_all(started(uuid7(), 1) for _ in range(count))


async def _cut_off(superuser: asyncpg.Connection) -> None:
    """End the consumer's session, as the end of the server does."""
    ended = await superuser.fetchval(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        "WHERE datname = current_database() AND application_name LIKE '%' || $1 || '%'",
        SETTINGS.name,
    )
    assert ended == 1


async def test_what_was_being_settled_when_the_database_was_replaced_is_not_settled(
    database: SecretStr, broker: NatsServer, client: Client, superuser: asyncpg.Connection
) -> None:
    """Else the consumer would step over the events that took the places of the lost ones."""
    seen, recorded = Counter[int](), HeldRecord(database)

    async def handle(delivery: Delivery) -> None:
        seen[delivery.log_index] += 1

    async with (
        sequencing(database),
        relaying(database, broker.url()),
        consuming(client, recorded, handle),
    ):
        await _append(database, 6)

        async def is_settling() -> bool:
            return len(recorded.asked) == 1 and len(seen) == 6

        async def has_settled() -> bool:
            return len(recorded.done) > 0

        async def seen_again() -> bool:
            return seen[6] >= 1

        await until(is_settling)
        # The state that came back knows no position of the consumer's.
        await _cut_off(superuser)
        recorded.may_settle.set()
        await until(has_settled)
        assert not await superuser.fetchval("SELECT count(*) FROM record.consumer_positions")
        await _append(database, 1)
        await until(seen_again)
    assert seen == {**dict.fromkeys(range(6), 2), 6: 1}


async def test_what_was_being_handled_when_the_database_was_replaced_is_handled_again(
    database: SecretStr, broker: NatsServer, client: Client, superuser: asyncpg.Connection
) -> None:
    """Its handling may have been written to the state that is no more."""
    seen, released = Counter[int](), asyncio.Event()

    async def handle(delivery: Delivery) -> None:
        if delivery.log_index == 2:
            await released.wait()
        seen[delivery.log_index] += 1

    async def came(index: int) -> None:
        async def has_come() -> bool:
            return seen[index] > 0

        await until(has_come)

    async with (
        sequencing(database),
        relaying(database, broker.url()),
        consuming(client, ConsumerRecord(database, SETTINGS.name), handle),
    ):
        await _append(database, 3)
        await came(1)
        await _cut_off(superuser)
        await _append(database, 1)
        await came(3)
        released.set()
        await _append(database, 1)
        await came(4)
        await came(2)

        async def twice() -> bool:
            return seen[2] == 2

        await until(twice)


class HeldGap(ConsumerRecord):
    """A record that keeps the second stretch of a gap back."""

    def __init__(self, url: SecretStr) -> None:
        super().__init__(url, SETTINGS.name)
        self.is_asked, self.may_answer = asyncio.Event(), asyncio.Event()

    @override
    async def read(self, first: int, end: int) -> Stretch:
        if first == STRETCH:
            self.is_asked.set()
            await self.may_answer.wait()
        return await super().read(first, end)


async def test_a_dead_letter_handed_back_does_not_end_a_gap_of_the_session_before(
    database: SecretStr, broker: NatsServer, client: Client, superuser: asyncpg.Connection
) -> None:
    """Two streams bring events: the second noticed first that the database was replaced."""
    seen, recorded, gap = Counter[int](), HeldGap(database), 2 * STRETCH

    async def handle(delivery: Delivery) -> None:
        seen[delivery.log_index] += 1

    async def letter_is_handled() -> bool:
        return seen[0] == 2

    async def all_are_handled_again() -> bool:
        return all(seen[index] >= 2 for index in range(1, STRETCH))

    async with sequencing(database), relaying(database, broker.url()):
        await _append(database, gap + 1)
        await stream_holds(client, gap + 1)
        jetstream = client.jetstream()
        config = (await jetstream.stream_info(EVENTS)).config
        await jetstream.update_stream(config.evolve(max_msgs=1))
        async with consuming(client, recorded, handle):
            await recorded.is_asked.wait()
            await _cut_off(superuser)
            entry = (await read_log(superuser, 0, 1))[0]
            subject, body = entry.message()
            await jetstream.publish(
                requeue_subject(SETTINGS.name, subject), body, headers={LOG_INDEX_HEADER: "0"}
            )
            with suppress(TimeoutError):  # it waits for its turn, or goes wrong at once
                await until(letter_is_handled, seconds=2)
            recorded.may_answer.set()
            await until(letter_is_handled)
            await _append(database, 1)
            await until(all_are_handled_again)


async def test_what_the_record_brought_waits_while_the_broker_takes_no_dead_letter(
    database: SecretStr, broker: NatsServer, client: Client, superuser: asyncpg.Connection
) -> None:
    """Nothing would bring it again, nor what waits behind it."""
    deliveries = await _deliveries(database, superuser)
    await reconcile_streams(client.jetstream(), STREAMS)
    handled, tried = list[int](), asyncio.Event()

    async def handle(delivery: Delivery) -> None:
        if delivery.log_index == 0:
            tried.set()
            raise CannotHandleError("never")
        handled.append(delivery.log_index)

    broker.kill()
    hand = Handling(client, SETTINGS, handle)
    for delivery in deliveries:
        hand.add(Work(delivery, None))
    await tried.wait()
    # The client gives up waiting for the dead letter's acknowledgement after three seconds.
    with pytest.raises(TimeoutError):
        await hand_is_empty(hand, seconds=5)
    await broker.start()
    await hand_is_empty(hand)
    assert handled == [1, 2]
    letters = [each async for each in list_dead_letters(client.jetstream())]
    assert [each.log_index for each in letters] == [0]


async def test_what_was_given_up_of_the_state_before_is_handled_when_it_is_recorded_again(
    database: SecretStr, broker: NatsServer, client: Client, superuser: asyncpg.Connection
) -> None:
    """The record that came back did not have it; its producer has appended it again since."""
    deliveries = await _deliveries(database, superuser)
    await reconcile_streams(client.jetstream(), STREAMS)
    handled, recorded = list[int](), asyncio.Event()

    async def handle(delivery: Delivery) -> None:
        if not recorded.is_set():
            raise CannotHandleError("the record has no such event")
        handled.append(delivery.log_index)

    hand = Handling(client, SETTINGS, handle)
    for delivery in deliveries:
        hand.add(Work(delivery, None))
    hand.take_back()
    await hand_is_empty(hand)
    recorded.set()
    for delivery in deliveries:
        hand.add(Work(delivery, None))
    await hand_is_empty(hand)
    assert handled == [0, 1, 2]


async def _deliveries(database: SecretStr, superuser: asyncpg.Connection) -> Sequence[Delivery]:
    """Record three events of one workflow, and read them."""
    async with sequencing(database), EventProducer(database, name="test") as producer:
        workflow = uuid7()
        await producer.append_all(started(workflow, number) for number in range(1, 4))
        await caught_up(superuser, 3)
    async with ConsumerRecord(database, SETTINGS.name) as recorded:
        return (await recorded.read(0, 3)).deliveries


async def hand_is_empty(hand: Handling, *, seconds: float = 60) -> None:
    async def is_empty() -> bool:
        return len(hand) == 0

    await until(is_empty, seconds=seconds)
