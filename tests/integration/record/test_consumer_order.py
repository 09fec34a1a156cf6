"""The order of a consumer that can ask the record: the log's, however late anything comes."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from uuid import uuid7

from recordconsumer import FAST, Recorder, append_to, consuming, reaches
from recordlog import sequencing
from recordrelay import relaying
from venture_core.messaging.consumer import CannotHandleError
from venture_core.messaging.deadletters import list_dead_letters, requeue_dead_letter
from venture_core.messaging.pull import Puller
from venture_core.messaging.streams import EVENTS
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


@asynccontextmanager
async def holding_one(
    client: Client, database: SecretStr, workflow: UUID, recorder: Recorder
) -> AsyncIterator[Msg]:
    """Append until another process of the consumer was given an event; it keeps it so long."""

    before = len(recorder.seen)
    taking = asyncio.create_task(_take(client, 1))
    while not taking.done():
        await append_to(database, [workflow], 1)
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
        await append_to(database, [workflow], 1)
        await recorder.has(1)
        async with holding_one(client, database, workflow, recorder) as held:
            count = len(recorder.seen)
            await append_to(database, [workflow], 3)
            await recorder.has(count + 3)
            assert recorder.indexes()[: count + 3] == list(range(count + 3))
        await held.nak()
        await reaches(superuser, count + 4)
    assert recorder.indexes() == list(range(count + 4))


async def test_what_the_record_brought_is_given_up_once(
    database: SecretStr, broker: NatsServer, client: Client, superuser: asyncpg.Connection
) -> None:
    """The stream brings it afterwards: to try again would be to handle it out of its place."""
    recorder, workflow, wrong = Recorder(), uuid7(), set[int]()

    class Picky(Recorder):
        async def __call__(self, delivery: Delivery) -> None:
            if delivery.log_index in wrong:
                wrong.clear()
                raise CannotHandleError("not now")
            await recorder(delivery)

    async with (
        sequencing(database),
        relaying(database, broker.url()),
        consuming(client, database, Picky()),
    ):
        await append_to(database, [workflow], 1)
        await recorder.has(1)
        async with holding_one(client, database, workflow, recorder) as held:
            count = len(recorder.seen)
            wrong.add(count)
            await append_to(database, [workflow], 2)
            await recorder.has(count + 2)
        await held.nak()
        await reaches(superuser, count + 3)
        assert recorder.indexes() == [*range(count), count + 1, count + 2]
        (letter,) = [each async for each in list_dead_letters(client.jetstream())]
        await requeue_dead_letter(client.jetstream(), letter.sequence)
        await recorder.has(count + 3)
    assert recorder.indexes() == [*range(count), count + 1, count + 2, count]


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
        await append_to(database, [workflow], 1)
        await recorder.has(1)
        async with holding_one(client, database, workflow, recorder) as held:
            count, before = len(recorder.seen), set(asked)

            async def began_anew() -> bool:
                return set(asked) > before

            # So the broker ends a request when another server takes the consumer over.
            await client.publish(asked[0], headers={"Status": "409"})
            await until(began_anew)
            await append_to(database, [workflow], 3)
            await recorder.has(count + 3)
            assert recorder.indexes()[: count + 3] == list(range(count + 3))
        await held.nak()
        await reaches(superuser, count + 4)
    assert recorder.indexes() == list(range(count + 4))


async def test_one_that_comes_again_says_nothing_of_those_after_it(
    database: SecretStr, broker: NatsServer, client: Client, superuser: asyncpg.Connection
) -> None:
    """Of two that a dead process had in hand the first is back; the second is not, for long."""
    quick = FAST.model_copy(update={"ack_wait_seconds": 1.0})
    recorder, workflow = Recorder(), uuid7()
    async with sequencing(database), relaying(database, broker.url()):
        await append_to(database, [workflow], 1)
        async with consuming(client, database, recorder, quick):
            await recorder.has(1)
            await reaches(superuser, 1)
        await append_to(database, [workflow], 2)
        first, second = await _take(client, 2)
        async with _kept(second), consuming(client, database, recorder, quick):
            await first.nak()
            await append_to(database, [workflow], 1)
            await recorder.has(3)
            assert recorder.indexes()[:3] == [0, 1, 2]
            await second.nak()
            await recorder.has(4)
    assert recorder.indexes() == [0, 1, 2, 3]
