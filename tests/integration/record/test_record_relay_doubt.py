"""The relay believes nothing that the stream says, and steps over what it cannot read."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid7

import pytest
from prometheus_client import REGISTRY as METRICS
from recordevents import started
from recordlog import caught_up, record_raw
from recordrelay import published, relaying, stream_holds
from recordservers import heard
from structlog.testing import capture_logs
from venture_core.events.chain import ChainHead
from venture_core.events.envelope import recorded_json
from venture_core.messaging.delivery import LOG_INDEX_HEADER
from venture_core.record.database import Role, connect
from venture_core.record.phantoms import NAMED_AT_ONCE, Phantom, record_phantoms
from venture_core.record.replay import stream_state
from waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import asyncpg
    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from pydantic import SecretStr
    from recordservers import NatsServer
    from venture_core.record.producer import EventProducer

FORGED = "artifact.build.forged.v1"


def forged_event(number: int = 1) -> bytes:
    """Return a well-formed event that nobody ever appended."""
    workflow = uuid7()
    canonical = started(workflow, number).canonical_bytes()
    return recorded_json(canonical, seq=1, prev=None, this=ChainHead().append(canonical).hash)


async def _indexes(client: Client, superuser: asyncpg.Connection) -> list[int]:
    """Return the log indexes of the stream's messages that are events of the record."""
    rows = await superuser.fetch(
        "SELECT l.log_index, e.event_id FROM record.log_index l "
        "JOIN record.events e USING (workflow_id, seq, appended_at)"
    )
    known = {(row["log_index"], str(row["event_id"])) for row in rows}
    return [
        each.log_index
        for each in await published(client)
        if (each.log_index, each.message_id) in known
    ]


@pytest.mark.parametrize(
    "headers",
    [
        {LOG_INDEX_HEADER: "5000000"},
        {LOG_INDEX_HEADER: "2"},
        {LOG_INDEX_HEADER: "5"},
        {LOG_INDEX_HEADER: "five"},
        {LOG_INDEX_HEADER: "-1"},
        {LOG_INDEX_HEADER: "\u0665"},
        {LOG_INDEX_HEADER: "9" * 5000},
        {},
    ],
    ids=["beyond", "taken", "next", "word", "negative", "arabic", "endless", "none"],
)
@pytest.mark.parametrize("well_formed", [True, False])
async def test_a_strangers_index_is_not_believed(
    database: SecretStr,
    broker: NatsServer,
    client: Client,
    producer: EventProducer,
    superuser: asyncpg.Connection,
    headers: dict[str, str],
    well_formed: bool,
) -> None:
    async with relaying(database, broker.url()):
        await producer.append_all(started(uuid7(), 1) for _ in range(5))
        await stream_holds(client, 5)
    body = forged_event() if well_formed else b"{}"
    # The relay is away: it must find the stream's end by itself.
    await client.jetstream().publish(FORGED, body, headers=headers or None)
    async with relaying(database, broker.url()):
        await producer.append_all(started(uuid7(), 1) for _ in range(5))
        await stream_holds(client, 11)
        await client.jetstream().publish(FORGED, body, headers=headers or None)
        await producer.append_all(started(uuid7(), 1) for _ in range(5))
        await stream_holds(client, 17)
    assert (await stream_state(client.jetstream(), superuser)).missing == 0
    messages = [
        m
        async for m in _messages(client)
        if (m.get("Nats-Msg-Id") is not None and m[LOG_INDEX_HEADER].isdecimal())
    ]
    assert [int(each[LOG_INDEX_HEADER]) for each in messages] == list(range(15))
    row = await superuser.fetchrow("SELECT * FROM record.relay_positions")
    assert row is not None
    assert row["next_log_index"] == 15


async def _messages(client: Client) -> AsyncIterator[dict[str, str]]:
    jetstream = client.jetstream()
    last = (await jetstream.stream_info("EVENTS")).state.last_seq
    for sequence in range(1, last + 1):
        yield (await jetstream.get_msg("EVENTS", sequence)).headers or {}


async def test_a_copy_of_an_event_is_not_the_end_of_the_stream(
    database: SecretStr,
    broker: NatsServer,
    client: Client,
    producer: EventProducer,
    superuser: asyncpg.Connection,
) -> None:
    async with relaying(database, broker.url()):
        await producer.append_all(started(uuid7(), 1) for _ in range(8))
        await stream_holds(client, 8)
    jetstream = client.jetstream()
    second = await jetstream.get_msg("EVENTS", 2)
    headers = {LOG_INDEX_HEADER: (second.headers or {})[LOG_INDEX_HEADER]}
    await jetstream.publish(second.subject or "", second.data or b"", headers=headers)
    async with relaying(database, broker.url()):
        await producer.append_all(started(uuid7(), 1) for _ in range(2))
        await stream_holds(client, 11)
        messages = [m async for m in _messages(client) if "Nats-Msg-Id" in m]
    assert [int(each[LOG_INDEX_HEADER]) for each in messages] == list(range(10))


async def test_an_event_that_was_published_ahead_hides_none_before_it(
    database: SecretStr,
    broker: NatsServer,
    client: Client,
    producer: EventProducer,
    superuser: asyncpg.Connection,
) -> None:
    async with relaying(database, broker.url()):
        await producer.append_all(started(uuid7(), 1) for _ in range(4))
        await stream_holds(client, 4)
    await producer.append_all(started(uuid7(), 1) for _ in range(4))
    await caught_up(superuser, 8)
    row = await superuser.fetchrow(
        "SELECT * FROM record.events JOIN record.log_index USING (workflow_id, seq, appended_at) "
        "WHERE log_index = 7"
    )
    assert row is not None
    body = recorded_json(row["canonical"], seq=1, prev=None, this=row["this_event_hash"])
    await client.jetstream().publish(FORGED, body, headers={LOG_INDEX_HEADER: "7"})
    async with relaying(database, broker.url()):
        await stream_holds(client, 9)
    messages = [m async for m in _messages(client) if "Nats-Msg-Id" in m]
    assert [int(each[LOG_INDEX_HEADER]) for each in messages] == list(range(8))


async def test_what_a_broker_forgot_is_not_hidden_by_strangers(
    database: SecretStr,
    broker: NatsServer,
    client: Client,
    producer: EventProducer,
    superuser: asyncpg.Connection,
) -> None:
    async with relaying(database, broker.url()):
        await producer.append_all(started(uuid7(), 1) for _ in range(5))
        await stream_holds(client, 5)
        await until(lambda: _saved(superuser, 5))
    await producer.append_all(started(uuid7(), 1) for _ in range(5))
    await caught_up(superuser, 10)
    # As after a broker that lost five acknowledged messages, and five strangers since.
    await superuser.execute(
        "UPDATE record.relay_positions SET next_log_index = 10, stream_sequence = 10"
    )
    for _ in range(7):
        await client.jetstream().publish(FORGED, b"{}")
    async with relaying(database, broker.url()):
        await stream_holds(client, 17)
    assert await _indexes(client, superuser) == list(range(10))


async def _saved(superuser: asyncpg.Connection, index: int) -> bool:
    return bool(
        await superuser.fetchval("SELECT next_log_index FROM record.relay_positions") == index
    )


async def test_twenty_thousand_strangers_cost_few_reads(
    database: SecretStr,
    broker: NatsServer,
    client: Client,
    producer: EventProducer,
    superuser: asyncpg.Connection,
) -> None:
    async with relaying(database, broker.url()):
        await producer.append_all(started(uuid7(), 1) for _ in range(5))
        await stream_holds(client, 5)
    for number in range(20_000):
        await client.publish(FORGED, b"{}", headers={LOG_INDEX_HEADER: str(10**6 + number)})
    await client.flush(timeout=30)
    await stream_holds(client, 20_005, seconds=60)
    requests = 0

    async def count(_: Msg) -> None:
        nonlocal requests
        requests += 1

    # Whoever listens there hears every request, also those that the broker's own count leaves out.
    listening = await client.subscribe("$JS.API.>", cb=count)
    await heard(client)
    async with relaying(database, broker.url()):
        await producer.append_all(started(uuid7(), 1) for _ in range(5))
        await stream_holds(client, 20_010, seconds=60)
    await listening.unsubscribe()
    assert 0 < requests < 500
    assert await _indexes(client, superuser) == list(range(10))


UNREADABLE = {
    "no JSON": b"not an event",
    "no object": b'["an","array"]',
    "cut off": b'{"event_type":"artifact.build.started.v1","event_id":',
    "no type": b'{"payload":{}}',
    "another root": b'{"event_type":"foreign.build.started.v1"}',
    "no subject": b'{"event_type":"artifact..started.v1"}',
    "too large": b'{"event_type":"artifact.build.started.v1","payload":"' + b"x" * 2**21 + b'"}',
}


@pytest.mark.parametrize("canonical", UNREADABLE.values(), ids=UNREADABLE.keys())
async def test_what_cannot_be_read_is_stepped_over_loudly(
    database: SecretStr,
    broker: NatsServer,
    client: Client,
    producer: EventProducer,
    superuser: asyncpg.Connection,
    canonical: bytes,
) -> None:
    before = METRICS.get_sample_value("venture_relay_unreadable_total") or 0
    async with relaying(database, broker.url()):
        await producer.append(started(uuid7(), 1))
        await record_raw(superuser, canonical)
        await caught_up(superuser, 2)
        await producer.append(started(uuid7(), 1))
        await stream_holds(client, 2)
        await record_raw(superuser, canonical)
        # Even at the end of the log it holds nothing back: the position passes it.
        await until(lambda: _saved(superuser, 4))
    assert [each.log_index for each in await published(client)] == [0, 2]
    assert (METRICS.get_sample_value("venture_relay_unreadable_total") or 0) >= before + 2


async def test_what_the_record_lacks_is_told_outside_of_it_too(
    database: SecretStr, superuser: asyncpg.Connection
) -> None:
    """A database that is lost again forgets what it had found out about the loss before."""
    found = [Phantom(at, at + 1, uuid7(), uuid7(), bytes(32)) for at in range(NAMED_AT_ONCE + 1)]
    relay = await connect(database, Role.RELAY, name="test")
    with capture_logs() as logged:
        await record_phantoms(relay, found)
        await record_phantoms(relay, found)
        await superuser.execute("DELETE FROM record.phantoms")
        await record_phantoms(relay, found[:1])
    await relay.close()
    told = [event for each in logged for event in each.get("event_ids", ())]
    assert told == [str(each.event_id) for each in (*found, found[0])]
