"""The consumer kit against a real broker: order, retries, dead letters, crashes, draining."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from uuid import UUID, uuid7

import pytest
from nats.js.errors import NotFoundError
from prometheus_client import REGISTRY as METRICS
from recordevents import started
from recordlog import caught_up, sequencing
from recordrelay import STREAMS
from venture_core.events.chain import ChainHead
from venture_core.events.envelope import recorded_json
from venture_core.messaging.connection import connect_nats
from venture_core.messaging.consumer import CannotHandleError, ConsumerSettings, EventConsumer
from venture_core.messaging.deadletters import (
    DeadLetterNotFoundError,
    get_dead_letter,
    list_dead_letters,
    requeue_dead_letter,
)
from venture_core.messaging.delivery import LOG_INDEX_HEADER, Delivery
from venture_core.messaging.streams import EVENTS, reconcile_streams
from venture_core.record.consumption import ConsumerRecord
from venture_core.record.database import Role, connect
from venture_core.record.inbox import Inbox
from venture_core.record.producer import EventProducer
from waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import asyncpg
    from nats.aio.client import Client
    from pydantic import SecretStr
    from recordservers import NatsServer
    from venture_core.messaging.consumer import Handler

FAST = ConsumerSettings(name="tester", backoff_seconds=(0.02, 0.05), max_attempts=3)


@pytest.fixture
async def client(broker: NatsServer) -> AsyncIterator[Client]:
    connected = await connect_nats(broker.url(), name="test")
    await reconcile_streams(connected.jetstream(), STREAMS)
    yield connected
    await connected.close()


class Publisher:
    """Publishes events as the relay does."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._heads: dict[UUID, ChainHead] = {}
        self._log_index = 0

    def over(self, client: Client) -> Publisher:
        """Go on over another connection."""
        self.client = client
        return self

    async def publish(self, workflow: UUID) -> UUID:
        """Publish the next event of a workflow; return its id."""
        head = self._heads.get(workflow, ChainHead())
        event = started(workflow, head.seq + 1)
        canonical = event.canonical_bytes()
        after = head.append(canonical)
        body = recorded_json(
            canonical, seq=after.seq, prev=head.hash if head.seq else None, this=after.hash
        )
        await self.client.jetstream().publish(
            event.event_type, body, headers={LOG_INDEX_HEADER: str(self._log_index)}
        )
        self._heads[workflow] = after
        self._log_index += 1
        return event.event_id


class Recorder:
    """A handler that remembers what it was given."""

    def __init__(self) -> None:
        self.seen: list[Delivery] = []

    async def __call__(self, delivery: Delivery) -> None:
        self.seen.append(delivery)

    async def has(self, count: int) -> None:
        async def enough() -> bool:
            return len(self.seen) >= count

        await until(enough)

    def seqs(self, workflow: UUID) -> list[int | None]:
        return [each.event.seq for each in self.seen if each.event.workflow_id == workflow]


@asynccontextmanager
async def consuming(
    client: Client, handler: Handler, settings: ConsumerSettings = FAST
) -> AsyncIterator[None]:
    stop = asyncio.Event()
    running = asyncio.create_task(EventConsumer(client, settings, handler).run(stop))
    try:
        yield
    finally:
        stop.set()
        await running


async def test_each_workflow_is_handled_in_order_though_handling_fails(client: Client) -> None:
    publisher, recorder = Publisher(client), Recorder()
    workflows = [uuid7() for _ in range(5)]
    attempts: list[int] = []

    async def handle(delivery: Delivery) -> None:
        if delivery.event.workflow_id == workflows[0] and delivery.event.seq == 2:
            attempts.append(delivery.attempt)
            if len(attempts) < 3:
                raise ConnectionError("not yet")
        await asyncio.sleep(0.001)
        await recorder(delivery)

    async with consuming(client, handle):
        for _ in range(10):
            for workflow in workflows:
                await publisher.publish(workflow)
        await recorder.has(50)
    assert len(attempts) == 3
    for workflow in workflows:
        assert recorder.seqs(workflow) == list(range(1, 11))
    assert [letter async for letter in list_dead_letters(client.jetstream())] == []


async def test_what_cannot_be_handled_goes_to_the_dead_letters_and_can_be_handed_back(
    client: Client,
) -> None:
    publisher, recorder, bystander = Publisher(client), Recorder(), Recorder()
    workflow, mended = uuid7(), asyncio.Event()
    jetstream = client.jetstream()

    async def handle(delivery: Delivery) -> None:
        if delivery.event.seq == 2 and not mended.is_set():
            raise RuntimeError("table\nis missing")
        await recorder(delivery)

    other = FAST.model_copy(update={"name": "bystander"})
    async with consuming(client, handle), consuming(client, bystander, other):
        for _ in range(3):
            await publisher.publish(workflow)
        await recorder.has(2)
        await bystander.has(3)
        assert recorder.seqs(workflow) == [1, 3]

        (letter,) = [each async for each in list_dead_letters(jetstream, consumer="tester")]
        assert (letter.consumer, letter.log_index) == ("tester", 1)
        assert letter.event_type == "artifact.build.started.v1"
        assert letter.reason == "RuntimeError: table is missing"
        assert await get_dead_letter(jetstream, letter.sequence) == letter
        assert [e async for e in list_dead_letters(jetstream, consumer="bystander")] == []

        mended.set()
        await requeue_dead_letter(jetstream, letter.sequence)
        await recorder.has(3)
        assert recorder.seqs(workflow) == [1, 3, 2]
        with pytest.raises(DeadLetterNotFoundError):
            await requeue_dead_letter(jetstream, letter.sequence)
    assert bystander.seqs(workflow) == [1, 2, 3]


async def test_some_failures_are_not_worth_another_attempt(client: Client) -> None:
    attempts = 0

    async def handle(_delivery: Delivery) -> None:
        nonlocal attempts
        attempts += 1
        raise CannotHandleError("no such object")

    async with consuming(client, handle):
        await Publisher(client).publish(uuid7())

        async def buried() -> bool:
            return [each async for each in list_dead_letters(client.jetstream())] != []

        await until(buried)
    assert attempts == 1


@pytest.mark.parametrize("body", [b"", b"{}", b"not json", b'{"event_type":"x"}'])
async def test_a_strangers_message_is_put_aside(client: Client, body: bytes) -> None:
    recorder = Recorder()
    async with consuming(client, recorder):
        await client.jetstream().publish(
            "artifact.build.forged.v1", body, headers={LOG_INDEX_HEADER: "1"}
        )
        await client.jetstream().publish("artifact.build.forged.v1", b"{}")
        await Publisher(client).publish(uuid7())
        await recorder.has(1)
    letters = [each async for each in list_dead_letters(client.jetstream())]
    assert [each.log_index for each in letters] == [1, None]
    assert letters[0].body == body


async def test_a_forged_event_is_put_aside(client: Client) -> None:
    workflow, recorder = uuid7(), Recorder()
    head = ChainHead()
    canonical = started(workflow, 1).canonical_bytes()
    body = recorded_json(canonical, seq=1, prev=None, this=head.append(canonical).hash)
    async with consuming(client, recorder):
        await client.jetstream().publish(
            "artifact.build.started.v1",
            body.replace(b"board-deck", b"bored-deck"),
            headers={LOG_INDEX_HEADER: "0"},
        )

        async def buried() -> bool:
            return [each async for each in list_dead_letters(client.jetstream())] != []

        await until(buried)
    (letter,) = [each async for each in list_dead_letters(client.jetstream())]
    assert "not the hash" in letter.reason
    assert recorder.seen == []


async def test_what_dies_unacknowledged_is_delivered_again_before_what_is_new(
    broker: NatsServer,
) -> None:
    quick = FAST.model_copy(update={"ack_wait_seconds": 1.0, "max_ack_pending": 5})
    workflow, recorder, reached = uuid7(), Recorder(), asyncio.Event()

    async def hang(_delivery: Delivery) -> None:
        reached.set()
        await asyncio.Event().wait()

    first = await broker.connect()
    await reconcile_streams(first.jetstream(), STREAMS)
    publisher = Publisher(first)
    for _ in range(5):
        await publisher.publish(workflow)
    dying = asyncio.create_task(EventConsumer(first, quick, hang).run(asyncio.Event()))
    await reached.wait()
    publisher = publisher.over(await broker.connect())
    for _ in range(5):
        await publisher.publish(workflow)
    await first.close()
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)

    second = await broker.connect()
    more = quick.model_copy(update={"max_ack_pending": 100})
    async with consuming(second, recorder, more):
        await recorder.has(10)
    assert recorder.seqs(workflow) == list(range(1, 11))
    assert [each.attempt for each in recorder.seen] == [2] * 5 + [1] * 5
    await second.close()
    await publisher.client.close()


async def test_new_events_wait_no_longer_for_old_ones_that_are_acknowledged_after_all(
    broker: NatsServer,
) -> None:
    """The acknowledgements of the process before may be under way while the next one starts.

    So many new events come meanwhile that there is room for no more.
    """
    room_for_3, room_for_20 = (FAST.model_copy(update={"max_ack_pending": n}) for n in (3, 20))
    workflow, recorder, released = uuid7(), Recorder(), asyncio.Event()

    async def slowly(delivery: Delivery) -> None:
        await released.wait()
        await recorder(delivery)

    first, second = await broker.connect(), await broker.connect()
    await reconcile_streams(first.jetstream(), STREAMS)
    publisher = Publisher(first)
    for _ in range(3):
        await publisher.publish(workflow)
    async with consuming(first, slowly, room_for_3):
        await _outstanding(first, 3)
        async with consuming(second, recorder, room_for_20):
            for _ in range(30):
                await publisher.publish(workflow)
            await _outstanding(first, 20)
            assert recorder.seen == []
            released.set()
            await recorder.has(33)
    assert sorted(each.log_index for each in recorder.seen) == list(range(33))
    await first.close()
    await second.close()


async def _outstanding(client: Client, count: int) -> None:
    """Wait until the broker waits for the acknowledgements of so many events."""

    async def reached() -> bool:
        try:
            info = await client.jetstream().consumer_info(EVENTS, FAST.name)
        except NotFoundError:
            return False
        return info.num_ack_pending == count

    await until(reached)


async def test_long_work_is_not_handed_to_another(client: Client) -> None:
    quick = FAST.model_copy(update={"ack_wait_seconds": 1.0})
    recorder = Recorder()

    async def handle(delivery: Delivery) -> None:
        await asyncio.sleep(2.5)
        await recorder(delivery)

    async with consuming(client, handle, quick), consuming(client, handle, quick):
        await Publisher(client).publish(uuid7())
        await recorder.has(1)
    assert [each.attempt for each in recorder.seen] == [1]


async def test_a_consumer_says_how_far_it_is_behind(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("venture_core.messaging.consumer.MEASURE_SECONDS", 0.05)
    publisher, go_on = Publisher(client), asyncio.Event()

    async def handle(_: Delivery) -> None:
        await go_on.wait()

    async def is_behind(events: int) -> bool:
        lag = METRICS.get_sample_value("venture_consumer_lag_events", {"consumer": FAST.name})
        return lag == events

    async with consuming(client, handle):
        for _ in range(7):
            await publisher.publish(uuid7())
        await until(lambda: is_behind(7))
        go_on.set()
        await until(lambda: is_behind(0))


async def test_draining_handles_what_is_in_hand_and_takes_no_more(client: Client) -> None:
    publisher, recorder = Publisher(client), Recorder()
    workflows = [uuid7() for _ in range(4)]
    few = FAST.model_copy(update={"max_ack_pending": 12})
    for _ in range(10):
        for workflow in workflows:
            await publisher.publish(workflow)

    async def slowly(delivery: Delivery) -> None:
        await asyncio.sleep(0.02)
        await recorder(delivery)

    async with consuming(client, slowly, few):
        await recorder.has(8)
    handled = len(recorder.seen)
    assert handled < 40
    async with consuming(client, slowly, few):
        await recorder.has(40)
    assert {each.attempt for each in recorder.seen} == {1}
    for workflow in workflows:
        assert recorder.seqs(workflow) == list(range(1, 11))


async def test_consuming_goes_on_after_the_stream_was_made_anew(client: Client) -> None:
    recorder, workflow = Recorder(), uuid7()
    async with consuming(client, recorder):
        await Publisher(client).publish(workflow)
        await recorder.has(1)
        await client.jetstream().delete_stream(EVENTS)
        await reconcile_streams(client.jetstream(), STREAMS)
        for _ in range(2):
            await Publisher(client).publish(uuid7())
        await recorder.has(3)


async def test_an_inbox_lets_an_event_in_once(
    database: SecretStr, superuser: asyncpg.Connection
) -> None:
    first, second = [await connect(database, Role.PROJECTOR, name="test") for _ in range(2)]
    inbox = Inbox("tester")
    async with sequencing(database), EventProducer(database, name="test") as producer:
        await producer.append_all(started(uuid7(), 1) for _ in range(6))
        await caught_up(superuser, 6)
    async with ConsumerRecord(database, "tester") as recorded:
        delivery = (await recorded.read(5, 6)).deliveries[0]
    with pytest.raises(CannotHandleError, match="no such event"):
        async with first.transaction():
            await inbox.enter(first, Delivery(delivery.event, 4, 1))
    with pytest.raises(ValueError, match="transaction"):
        await inbox.enter(first, delivery)

    undone = first.transaction()
    await undone.start()
    assert await inbox.enter(first, delivery)
    await undone.rollback()

    async with first.transaction():
        assert await inbox.enter(first, delivery)

        async def again() -> bool:
            async with second.transaction():
                return await inbox.enter(second, delivery)

        waiting = asyncio.create_task(again())
        await asyncio.sleep(0.1)
        assert not waiting.done()
    assert not await waiting
    async with first.transaction():
        assert await Inbox("another").enter(first, delivery)
    await superuser.execute(
        "UPDATE record.consumer_inbox SET handled_at = now() - interval '91 days'"
    )
    remembered = "SELECT array_agg(consumer ORDER BY consumer) FROM record.consumer_inbox"
    # The stream could still bring it: nothing says that everything up to it is settled.
    async with ConsumerRecord(database, "tester") as recorded:
        session = (await recorded.look([])).session
        await inbox.prune(first)
        await recorded.settle(5, session=session)
        await inbox.prune(first)
        assert await superuser.fetchval(remembered) == ["another", "tester"]
        await recorded.settle(6, session=session)
        await inbox.prune(first)
        assert await superuser.fetchval(remembered) == ["another"]
        await recorded.settle(2, session=session)
        assert (await recorded.look([])).next_log_index == 6
    await first.close()
    await second.close()
