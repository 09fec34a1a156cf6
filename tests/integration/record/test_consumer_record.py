"""Consumers that can ask the record: nothing unrecorded, nothing missed, nothing handled twice."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid7

from prometheus_client import REGISTRY as METRICS
from recordconsumer import FAST, Recorder, append_to, consuming, reaches
from recordevents import started
from recordlog import caught_up, record_raw, sequencing
from recordrelay import STREAMS, relaying, stream_holds
from venture_core.events.chain import ChainHead
from venture_core.events.envelope import recorded_json
from venture_core.messaging.consumer import CannotHandleError
from venture_core.messaging.deadletters import list_dead_letters, requeue_dead_letter
from venture_core.messaging.delivery import LOG_INDEX_HEADER
from venture_core.messaging.streams import EVENTS, reconcile_streams
from waiting import until

if TYPE_CHECKING:
    import asyncpg
    from nats.aio.client import Client
    from pydantic import SecretStr
    from recordservers import NatsServer
    from venture_core.messaging.delivery import Delivery

EVENTS_IN_ALL = 3000
KEPT_BYTES = 1_700_000
"""Room for about 1,870 of those events."""


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
        await append_to(database, workflows, 1)
        async with consuming(client, database, recorder):
            await recorder.has(30)
            await reaches(superuser, 30)
        await append_to(database, workflows, EVENTS_IN_ALL // 30 - 1)
        await stream_holds(client, EVENTS_IN_ALL, seconds=60)
        await reconcile_streams(
            client.jetstream(), STREAMS.model_copy(update={"max_bytes": KEPT_BYTES})
        )
        first = (await client.jetstream().stream_info(EVENTS)).state.first_seq
        discarded = first - 1 - 30
        assert discarded >= 1127
        async with consuming(client, database, recorder):
            await recorder.has(EVENTS_IN_ALL)
            await append_to(database, workflows, 1)
            await recorder.has(EVENTS_IN_ALL + 30)
            await reaches(superuser, EVENTS_IN_ALL + 30)
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
        await append_to(database, workflows, 50)
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
            await append_to(database, workflows, 1)
            await stream_holds(client, 1020)
    assert sorted(recorder.indexes()) == list(range(1000))
    assert nothing.seen == []


async def test_without_the_record_a_consumer_says_what_it_missed(
    database: SecretStr, broker: NatsServer, client: Client
) -> None:
    recorder, workflows = Recorder(), [uuid7() for _ in range(30)]
    lost = _gap_events("lost")
    async with sequencing(database), relaying(database, broker.url()):
        await append_to(database, workflows, 1)
        await stream_holds(client, 30)
        async with consuming(client, None, recorder):
            await recorder.has(30)
        await append_to(database, workflows, 99)
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
        await append_to(database, [workflow], 2)
        await stream_holds(client, 2)
        for index in ("0", "1", "2", "77", "0"):
            await client.jetstream().publish(
                "artifact.build.started.v1", forged, headers={LOG_INDEX_HEADER: index}
            )
        async with consuming(client, database, recorder):
            await append_to(database, [workflow], 2)
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
            await append_to(database, workflows, 5)
            await recorder.has(50)
            await reaches(superuser, 50)
        # No inbox remembers: the events are older than 90 days, so to speak.
        await client.jetstream().delete_stream(EVENTS)
        await stream_holds(client, 50)
        async with consuming(client, database, recorder):
            await append_to(database, workflows, 1)
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
        await append_to(database, [workflow], 4)
        await recorder.has(3)
        await reaches(superuser, 4)
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
        await append_to(database, [uuid7() for _ in range(6)], 1)
        await recorder.has(5)
        await reaches(superuser, 2)
        released.set()
        await reaches(superuser, 6)


async def test_a_gap_with_what_nobody_can_read_is_filled_up_to_that(
    database: SecretStr, broker: NatsServer, client: Client, superuser: asyncpg.Connection
) -> None:
    recorder, lost = Recorder(), _gap_events("lost")
    async with sequencing(database), relaying(database, broker.url()):
        await append_to(database, [uuid7()], 3)
        await record_raw(superuser, b"no event")
        await caught_up(superuser, 4)
        await append_to(database, [uuid7()], 3)
        await stream_holds(client, 6)
        jetstream = client.jetstream()
        config = (await jetstream.stream_info(EVENTS)).config.evolve(max_msgs=2)
        await jetstream.update_stream(config)
        async with consuming(client, database, recorder):
            await recorder.has(6)
    assert recorder.indexes() == [0, 1, 2, 4, 5, 6]
    assert _gap_events("lost") - lost == 1
