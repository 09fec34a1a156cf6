"""Consumers that can ask the record: nothing unrecorded, nothing missed, nothing handled twice."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from uuid import uuid7

from prometheus_client import REGISTRY as METRICS
from recordevents import started
from recordlog import caught_up, record_raw, sequencing
from recordrelay import STREAMS, relaying, stream_holds
from venture_core.events.chain import ChainHead
from venture_core.events.envelope import recorded_json
from venture_core.messaging.consumer import CannotHandleError, ConsumerSettings, EventConsumer
from venture_core.messaging.deadletters import list_dead_letters, requeue_dead_letter
from venture_core.messaging.delivery import LOG_INDEX_HEADER
from venture_core.messaging.pull import Puller
from venture_core.messaging.streams import EVENTS, reconcile_streams
from venture_core.record.consumption import ConsumerRecord
from venture_core.record.producer import EventProducer
from waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

    import asyncpg
    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from pydantic import SecretStr
    from recordservers import NatsServer
    from venture_core.messaging.delivery import Delivery

FAST = ConsumerSettings(name="tester", backoff_seconds=(0.02, 0.05), max_attempts=3)
EVENTS_IN_ALL = 3000
KEPT_BYTES = 1_700_000
"""Room for about 1,870 of those events."""


class Recorder:
    """A handler that remembers what it was given."""

    def __init__(self) -> None:
        self.seen: list[Delivery] = []

    async def __call__(self, delivery: Delivery) -> None:
        self.seen.append(delivery)

    async def has(self, count: int, *, seconds: float = 30) -> None:
        async def enough() -> bool:
            return len(self.seen) >= count

        await until(enough, seconds=seconds)

    def indexes(self) -> list[int]:
        return [each.log_index for each in self.seen]


@asynccontextmanager
async def consuming(
    client: Client,
    database: SecretStr | None,
    handler: Recorder,
    settings: ConsumerSettings = FAST,
) -> AsyncIterator[None]:
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        if database is None:
            consumer = EventConsumer(client, settings, handler)
            group.create_task(consumer.run(stop))
            yield
            stop.set()
            return
        async with ConsumerRecord(database, settings.name) as recorded:
            consumer = EventConsumer(client, settings, handler, recorded=recorded)
            running = group.create_task(consumer.run(stop))
            yield
            stop.set()
            await running


async def _append(database: SecretStr, workflows: list[UUID], each: int) -> None:
    async with EventProducer(database, name="test") as producer:
        for _ in range(each):
            await producer.append_all(started(workflow, 1) for workflow in workflows)


@asynccontextmanager
async def holding_one(
    client: Client, database: SecretStr, workflow: UUID, recorder: Recorder
) -> AsyncIterator[Msg]:
    """Append until another process of the consumer was given an event; it keeps it so long."""

    before = len(recorder.seen)
    taking = asyncio.create_task(_take(client, 1))
    while not taking.done():
        await _append(database, [workflow], 1)
        before += 1

        async def went(count: int = before) -> bool:
            return taking.done() or len(recorder.seen) >= count

        await until(went)
    (message,) = taking.result()
    async with _kept(message):
        yield message


async def _take(client: Client, count: int) -> list[Msg]:
    """Be another process of the consumer that is given so many events."""
    puller = Puller(client, EVENTS, FAST.name)
    await puller.open()
    return [each async for messages in puller.request(count, 60) for each in messages]


@asynccontextmanager
async def _kept(message: Msg) -> AsyncIterator[None]:
    """Tell the broker that an event is being worked on."""

    async def keep() -> None:
        while True:
            await message.in_progress()
            await asyncio.sleep(0.3)

    keeping = asyncio.create_task(keep())
    try:
        yield
    finally:
        keeping.cancel()


async def _position(superuser: asyncpg.Connection, wanted: int) -> None:
    async def reached() -> bool:
        found = await superuser.fetchval("SELECT next_log_index FROM record.consumer_positions")
        return bool(found == wanted)

    await until(reached)


def _gap_events(outcome: str) -> float:
    labels = {"consumer": FAST.name, "outcome": outcome}
    return METRICS.get_sample_value("venture_consumer_gap_events_total", labels) or 0


async def test_what_the_stream_discarded_comes_from_the_record_in_order(
    database: SecretStr, broker: NatsServer, client: Client, superuser: asyncpg.Connection
) -> None:
    """It was there, went away, and 1,127 events and more were discarded meanwhile."""
    recorder, workflows = Recorder(), [uuid7() for _ in range(30)]
    filled = _gap_events("filled")
    async with sequencing(database), relaying(database, broker.url()):
        await _append(database, workflows, 1)
        async with consuming(client, database, recorder):
            await recorder.has(30)
            await _position(superuser, 30)
        await _append(database, workflows, EVENTS_IN_ALL // 30 - 1)
        await stream_holds(client, EVENTS_IN_ALL, seconds=60)
        await reconcile_streams(
            client.jetstream(), STREAMS.model_copy(update={"max_bytes": KEPT_BYTES})
        )
        first = (await client.jetstream().stream_info(EVENTS)).state.first_seq
        discarded = first - 1 - 30
        assert discarded >= 1127
        async with consuming(client, database, recorder):
            await recorder.has(EVENTS_IN_ALL)
            await _append(database, workflows, 1)
            await recorder.has(EVENTS_IN_ALL + 30)
            await _position(superuser, EVENTS_IN_ALL + 30)
    assert sorted(recorder.indexes()) == list(range(EVENTS_IN_ALL + 30))
    for workflow in workflows:
        own = [each.event.seq for each in recorder.seen if each.event.workflow_id == workflow]
        assert own == list(range(1, EVENTS_IN_ALL // 30 + 2))
    assert _gap_events("filled") - filled == discarded


async def test_a_consumer_of_few_types_gets_no_others_out_of_the_record(
    database: SecretStr, broker: NatsServer, client: Client, superuser: asyncpg.Connection
) -> None:
    few = FAST.model_copy(update={"subjects": ("artifact.build.started.*",)})
    recorder, workflows = Recorder(), [uuid7() for _ in range(20)]
    async with sequencing(database), relaying(database, broker.url()):
        await _append(database, workflows, 50)
        await superuser.execute("SELECT 1")
        await stream_holds(client, 1000, seconds=60)
        smaller = STREAMS.model_copy(update={"max_bytes": 1024 * 1024 // 2})
        await client.jetstream().update_stream(
            (await client.jetstream().stream_info(EVENTS)).config.evolve(
                max_bytes=smaller.max_bytes
            )
        )
        async with consuming(client, database, recorder, few):
            await recorder.has(1000)
        other = FAST.model_copy(update={"name": "other", "subjects": ("money.>",)})
        nothing = Recorder()
        async with consuming(client, database, nothing, other):
            await _append(database, workflows, 1)
            await stream_holds(client, 1020)
    assert sorted(recorder.indexes()) == list(range(1000))
    assert nothing.seen == []


async def test_without_the_record_a_consumer_says_what_it_missed(
    database: SecretStr, broker: NatsServer, client: Client
) -> None:
    recorder, workflows = Recorder(), [uuid7() for _ in range(30)]
    lost = _gap_events("lost")
    async with sequencing(database), relaying(database, broker.url()):
        await _append(database, workflows, 1)
        await stream_holds(client, 30)
        async with consuming(client, None, recorder):
            await recorder.has(30)
        await _append(database, workflows, 99)
        await stream_holds(client, EVENTS_IN_ALL, seconds=60)
        await reconcile_streams(
            client.jetstream(), STREAMS.model_copy(update={"max_bytes": KEPT_BYTES})
        )
        first = (await client.jetstream().stream_info(EVENTS)).state.first_seq
        async with consuming(client, None, recorder):
            await recorder.has(30 + EVENTS_IN_ALL - first + 1)

            async def told() -> bool:
                return _gap_events("lost") - lost == first - 1 - 30

            await until(told)


async def test_an_event_that_was_never_recorded_is_refused(
    database: SecretStr, broker: NatsServer, client: Client, superuser: asyncpg.Connection
) -> None:
    """Well-formed, hash and all: only the record can tell."""
    recorder, workflow = Recorder(), uuid7()
    canonical = started(workflow, 1).canonical_bytes()
    forged = recorded_json(canonical, seq=1, prev=None, this=ChainHead().append(canonical).hash)
    async with sequencing(database), relaying(database, broker.url()):
        await _append(database, [workflow], 2)
        await stream_holds(client, 2)
        for index in ("0", "1", "2", "77", "0"):
            await client.jetstream().publish(
                "artifact.build.started.v1", forged, headers={LOG_INDEX_HEADER: index}
            )
        async with consuming(client, database, recorder):
            await _append(database, [workflow], 2)
            await recorder.has(4)
            letters = [each async for each in list_dead_letters(client.jetstream())]
    assert [each.event.seq for each in recorder.seen] == [1, 2, 3, 4]
    assert [each.log_index for each in letters] == [0, 1, 2, 77, 0]
    assert {each.reason for each in letters} == {
        f"the record has no such event at log index {index}" for index in (0, 1, 2, 77)
    }


async def test_a_stream_made_anew_brings_nothing_twice_however_long_ago_it_was_handled(
    database: SecretStr, broker: NatsServer, client: Client, superuser: asyncpg.Connection
) -> None:
    recorder, workflows = Recorder(), [uuid7() for _ in range(10)]
    async with sequencing(database), relaying(database, broker.url()):
        async with consuming(client, database, recorder):
            await _append(database, workflows, 5)
            await recorder.has(50)
            await _position(superuser, 50)
        # No inbox remembers: the events are older than 90 days, so to speak.
        await client.jetstream().delete_stream(EVENTS)
        await stream_holds(client, 50)
        async with consuming(client, database, recorder):
            await _append(database, workflows, 1)
            await recorder.has(60)
    assert sorted(recorder.indexes()) == list(range(60))


async def test_a_dead_letter_before_the_position_is_handled_when_it_is_handed_back(
    database: SecretStr, broker: NatsServer, client: Client, superuser: asyncpg.Connection
) -> None:
    recorder, workflow, mended = Recorder(), uuid7(), asyncio.Event()

    class Picky(Recorder):
        async def __call__(self, delivery: Delivery) -> None:
            if delivery.log_index == 1 and not mended.is_set():
                raise CannotHandleError("not yet")
            await recorder(delivery)

    async with (
        sequencing(database),
        relaying(database, broker.url()),
        consuming(client, database, Picky()),
    ):
        await _append(database, [workflow], 4)
        await recorder.has(3)
        await _position(superuser, 4)
        mended.set()
        (letter,) = [each async for each in list_dead_letters(client.jetstream())]
        await requeue_dead_letter(client.jetstream(), letter.sequence)
        await recorder.has(4)
    assert recorder.indexes() == [0, 2, 3, 1]


async def test_what_is_in_hand_holds_the_position_back(
    database: SecretStr, broker: NatsServer, client: Client, superuser: asyncpg.Connection
) -> None:
    recorder, released = Recorder(), asyncio.Event()

    class Slow(Recorder):
        async def __call__(self, delivery: Delivery) -> None:
            if delivery.log_index == 2:
                await released.wait()
            await recorder(delivery)

    async with (
        sequencing(database),
        relaying(database, broker.url()),
        consuming(client, database, Slow()),
    ):
        await _append(database, [uuid7() for _ in range(6)], 1)
        await recorder.has(5)
        await _position(superuser, 2)
        released.set()
        await _position(superuser, 6)


async def test_a_gap_with_what_nobody_can_read_is_filled_up_to_that(
    database: SecretStr, broker: NatsServer, client: Client, superuser: asyncpg.Connection
) -> None:
    recorder, lost = Recorder(), _gap_events("lost")
    async with sequencing(database), relaying(database, broker.url()):
        await _append(database, [uuid7()], 3)
        await record_raw(superuser, b"no event")
        await caught_up(superuser, 4)
        await _append(database, [uuid7()], 3)
        await stream_holds(client, 6)
        jetstream = client.jetstream()
        config = (await jetstream.stream_info(EVENTS)).config.evolve(max_msgs=2)
        await jetstream.update_stream(config)
        async with consuming(client, database, recorder):
            await recorder.has(6)
    assert recorder.indexes() == [0, 1, 2, 4, 5, 6]
    assert _gap_events("lost") - lost == 1


async def test_nothing_overtakes_what_another_process_has_in_hand(
    database: SecretStr, broker: NatsServer, client: Client, superuser: asyncpg.Connection
) -> None:
    """That process may die with it, and the broker deliver it again much later."""
    few = FAST.model_copy(update={"subjects": ("artifact.build.started.*",)})
    recorder, workflow = Recorder(), uuid7()
    async with (
        sequencing(database),
        relaying(database, broker.url()),
        consuming(client, database, recorder, few),
    ):
        await _append(database, [workflow], 1)
        await recorder.has(1)
        async with holding_one(client, database, workflow, recorder) as held:
            count = len(recorder.seen)
            await _append(database, [workflow], 3)
            await recorder.has(count + 3)
            assert recorder.indexes()[: count + 3] == list(range(count + 3))
        await held.nak()
        await _position(superuser, count + 4)
    assert recorder.indexes() == list(range(count + 4))


async def test_nothing_overtakes_what_comes_again_later_than_anybody_waits(
    database: SecretStr, broker: NatsServer, client: Client, superuser: asyncpg.Connection
) -> None:
    """It begins anew at the broker, and what is under way stays away for longer than it waits."""
    quick = FAST.model_copy(update={"ack_wait_seconds": 1.0})
    recorder, workflow, asked = Recorder(), uuid7(), list[str]()

    async def note(request: Msg) -> None:
        asked.append(request.reply)

    await client.subscribe(f"$JS.API.CONSUMER.MSG.NEXT.{EVENTS}.{FAST.name}", cb=note)
    async with (
        sequencing(database),
        relaying(database, broker.url()),
        consuming(client, database, recorder, quick),
    ):
        await _append(database, [workflow], 1)
        await recorder.has(1)
        async with holding_one(client, database, workflow, recorder) as held:
            count, before = len(recorder.seen), set(asked)

            async def began_anew() -> bool:
                return set(asked) > before

            # So the broker ends a request when another server takes the consumer over.
            await client.publish(asked[0], headers={"Status": "409"})
            await until(began_anew)
            await _append(database, [workflow], 3)
            await recorder.has(count + 3)
            assert recorder.indexes()[: count + 3] == list(range(count + 3))
        await held.nak()
        await _position(superuser, count + 4)
    assert recorder.indexes() == list(range(count + 4))


async def test_one_that_comes_again_says_nothing_of_those_after_it(
    database: SecretStr, broker: NatsServer, client: Client, superuser: asyncpg.Connection
) -> None:
    """Of two that a dead process had in hand the first is back; the second is not, for long."""
    quick = FAST.model_copy(update={"ack_wait_seconds": 1.0})
    recorder, workflow = Recorder(), uuid7()
    async with sequencing(database), relaying(database, broker.url()):
        await _append(database, [workflow], 1)
        async with consuming(client, database, recorder, quick):
            await recorder.has(1)
            await _position(superuser, 1)
        await _append(database, [workflow], 2)
        first, second = await _take(client, 2)
        async with _kept(second), consuming(client, database, recorder, quick):
            await first.nak()
            await _append(database, [workflow], 1)
            await recorder.has(3)
            assert recorder.indexes()[:3] == [0, 1, 2]
            await second.nak()
            await recorder.has(4)
    assert recorder.indexes() == [0, 1, 2, 3]
