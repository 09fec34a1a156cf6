"""The relay: every event once, in order, through deaths of everybody it talks to."""

from __future__ import annotations

import asyncio
import re
import shutil
from typing import TYPE_CHECKING
from uuid import uuid7

import pytest
from pydantic import SecretStr
from recordevents import started
from recordrelay import STREAMS, Published, published, relaying, stream_holds
from recordservers import REPOSITORY, NatsServer
from surroundings import free_port
from tenacity import AsyncRetrying, retry_if_exception, stop_after_delay, wait_fixed
from venture_core.events.envelope import EventEnvelopeV1
from venture_core.messaging.connection import connect_nats, is_interruption
from venture_core.messaging.streams import EVENTS, reconcile_streams
from venture_core.messaging.subjects import (
    SERVICE_MAPPINGS,
    TOOL_ALLOWLIST_CHECK,
    service_subject,
    subject_of,
)
from venture_core.messaging.window import PublishError, PublishWindow
from venture_core.record.replay import StreamState, rebuild_stream, stream_state
from waiting import until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    import asyncpg
    from nats.aio.client import Client
    from venture_core.record.producer import EventProducer


async def _is_the_log(
    connection: asyncpg.Connection, messages: list[Published], *, size: int
) -> None:
    rows = await connection.fetch(
        "SELECT l.log_index, e.event_id FROM record.log_index l JOIN record.events e "
        "USING (workflow_id, seq, appended_at) ORDER BY log_index"
    )
    assert [(each.log_index, each.message_id) for each in messages] == [
        (row["log_index"], str(row["event_id"])) for row in rows
    ]
    assert len(rows) == size


async def test_a_plain_client_reads_whole_events_in_order(
    database: SecretStr,
    broker: NatsServer,
    client: Client,
    producer: EventProducer,
    superuser: asyncpg.Connection,
) -> None:
    workflow = uuid7()
    async with relaying(database, broker.url()):
        await producer.append_all(started(workflow, number) for number in range(1, 41))
        await stream_holds(client, 40)
        messages = await published(client)
    await _is_the_log(superuser, messages, size=40)
    for number, message in enumerate(messages, start=1):
        # Parsing checks the hash over the hash before, the number and the canonical bytes.
        event = EventEnvelopeV1.model_validate_json(message.body)
        assert (event.seq, event.workflow_id) == (number, workflow)
        assert message.subject == event.event_type == "artifact.build.started.v1"
        assert message.message_id == str(event.event_id)


async def test_a_relay_that_starts_again_publishes_nothing_twice(
    database: SecretStr,
    broker: NatsServer,
    client: Client,
    producer: EventProducer,
    superuser: asyncpg.Connection,
) -> None:
    for round_number in range(1, 4):
        async with relaying(database, broker.url()):
            await producer.append_all(started(uuid7(), 1) for _ in range(25))
            await stream_holds(client, 25 * round_number)
        # As if it had died before it wrote down how far it was.
        await superuser.execute(
            "UPDATE record.relay_positions SET next_log_index = 7, stream_sequence = 7"
        )
    await _is_the_log(superuser, await published(client), size=75)


async def test_a_deleted_stream_is_restored_from_the_record(
    database: SecretStr,
    broker: NatsServer,
    client: Client,
    producer: EventProducer,
    superuser: asyncpg.Connection,
) -> None:
    async with relaying(database, broker.url()):
        await producer.append_all(started(uuid7(), 1) for _ in range(60))
        await stream_holds(client, 60)
        await client.jetstream().delete_stream(EVENTS)
        await producer.append_all(started(uuid7(), 1) for _ in range(10))
        await stream_holds(client, 70)
    await _is_the_log(superuser, await published(client), size=70)


async def test_a_stream_is_made_anew_on_demand(
    database: SecretStr,
    broker: NatsServer,
    client: Client,
    producer: EventProducer,
    superuser: asyncpg.Connection,
) -> None:
    jetstream = client.jetstream()
    assert await stream_state(jetstream, superuser) == StreamState(0, None, 0)
    async with relaying(database, broker.url()):
        await producer.append_all(started(uuid7(), 1) for _ in range(40))
        await stream_holds(client, 40)
        told: list[StreamState] = []
        async with asyncio.timeout(60):
            state = await rebuild_stream(jetstream, superuser, told.append)
        assert state == told[-1] == StreamState(40, 39, 40)
        assert state.missing == 0
    await _is_the_log(superuser, await published(client), size=40)


async def test_what_a_broker_forgot_is_published_again(
    database: SecretStr,
    broker: NatsServer,
    client: Client,
    producer: EventProducer,
    superuser: asyncpg.Connection,
    tmp_path: Path,
) -> None:
    async with relaying(database, broker.url()):
        await producer.append_all(started(uuid7(), 1) for _ in range(30))
        await stream_holds(client, 30)
        broker.stop()
        shutil.copytree(tmp_path / "data", tmp_path / "earlier")
        await broker.start()
        await producer.append_all(started(uuid7(), 1) for _ in range(30))
        await stream_holds(client, 60)
        # Acknowledged, and lost all the same.
        broker.kill()
        shutil.rmtree(tmp_path / "data")
        (tmp_path / "earlier").rename(tmp_path / "data")
        await broker.start()
        await stream_holds(client, 60)
        await producer.append_all(started(uuid7(), 1) for _ in range(5))
        await stream_holds(client, 65)
    await _is_the_log(superuser, await published(client), size=65)


async def test_a_stranger_on_the_stream_disturbs_nothing(
    database: SecretStr,
    broker: NatsServer,
    client: Client,
    producer: EventProducer,
    superuser: asyncpg.Connection,
) -> None:
    async with relaying(database, broker.url()):
        await producer.append_all(started(uuid7(), 1) for _ in range(5))
        await stream_holds(client, 5)
        await client.jetstream().publish("artifact.build.forged.v1", b"{}")
        await producer.append_all(started(uuid7(), 1) for _ in range(5))
        await stream_holds(client, 11)
    await _is_the_log(superuser, await published(client), size=10)


async def test_a_standby_takes_over(
    database: SecretStr,
    broker: NatsServer,
    client: Client,
    producer: EventProducer,
    superuser: asyncpg.Connection,
) -> None:
    async with (
        relaying(database, broker.url(), name="one") as stop_one,
        relaying(database, broker.url(), name="two"),
    ):
        await producer.append_all(started(uuid7(), 1) for _ in range(20))
        await stream_holds(client, 20)
        stop_one.set()
        await producer.append_all(started(uuid7(), 1) for _ in range(20))
        await stream_holds(client, 40)
    await _is_the_log(superuser, await published(client), size=40)


async def test_a_replaced_relay_cannot_publish(client: Client) -> None:
    jetstream = client.jetstream()
    await reconcile_streams(jetstream, STREAMS)

    async def publish(window: PublishWindow, *names: str) -> None:
        for name in names:
            await window.publish(
                "artifact.one.two.v1",
                name.encode(),
                message_id=name,
                headers={},
                acknowledged=lambda: None,
            )
        await window.drain()

    old, new = (PublishWindow(client, EVENTS, last_sequence=0) for _ in range(2))
    await old.open()
    await new.open()
    await publish(new, "1", "2", "3")
    # The fourth of these would fit behind what the new one published, were it not for the ids.
    with pytest.raises(PublishError, match="refused"):
        await publish(old, "a", "b", "c", "d", "e")
    await publish(new, "4", "5")
    assert (await jetstream.stream_info(EVENTS)).state.messages == 5


async def test_a_cluster_that_loses_its_leader_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    """Three brokers, as in production; the window goes on with the next leader."""
    routes = [free_port() for _ in range(3)]
    urls = ", ".join(f'"nats://127.0.0.1:{route}"' for route in routes)
    servers: dict[str, NatsServer] = {}
    for number, route in enumerate(routes):
        folder = tmp_path / str(number)
        folder.mkdir()
        config = (
            f'server_name: "{number}"\n'
            f'cluster {{ name: test, listen: "127.0.0.1:{route}", routes: [{urls}] }}\n'
        )
        servers[str(number)] = NatsServer(folder, config=config)
    await asyncio.gather(*(server.start() for server in servers.values()))
    addresses = ",".join(server.url().get_secret_value() for server in servers.values())
    client = await connect_nats(SecretStr(addresses), name="test")
    jetstream = client.jetstream()
    settings = STREAMS.model_copy(update={"replicas": 3})
    await patiently(lambda: reconcile_streams(jetstream, settings))
    acknowledged = 0

    def count() -> None:
        nonlocal acknowledged
        acknowledged += 1

    async def publish(window: PublishWindow, first: int, end: int) -> None:
        await window.open()
        for number in range(first, end):
            await window.publish(
                "artifact.one.two.v1",
                b"x",
                message_id=str(number),
                headers={},
                acknowledged=count,
            )
        await window.drain()

    await publish(PublishWindow(client, EVENTS, last_sequence=0), 0, 2000)
    info = await jetstream.stream_info(EVENTS)
    assert info.cluster is not None
    leader = servers.pop(info.cluster.leader or "")
    with pytest.raises(PublishError):
        await asyncio.gather(
            publish(PublishWindow(client, EVENTS, last_sequence=2000), 2000, 4000),
            asyncio.to_thread(leader.kill),
        )
    after = (await patiently(lambda: jetstream.stream_info(EVENTS))).state.last_seq
    assert after >= acknowledged
    await publish(PublishWindow(client, EVENTS, last_sequence=after), after, after + 500)
    for sequence in range(1, after + 501, 61):
        message = await jetstream.get_msg(EVENTS, sequence)
        assert (message.headers or {})["Nats-Msg-Id"] == str(sequence - 1)
    await client.close()
    for server in servers.values():
        server.stop()


async def patiently[T](ask: Callable[[], Awaitable[T]]) -> T:
    """Ask until a cluster that elects a leader answers."""
    async for attempt in AsyncRetrying(
        retry=retry_if_exception(is_interruption), wait=wait_fixed(0.2), stop=stop_after_delay(60)
    ):
        with attempt:
            return await ask()
    raise AssertionError("tenacity raises when it gives up")


async def test_streams_are_corrected_and_strange_ones_are_refused(client: Client) -> None:
    jetstream = client.jetstream()
    await reconcile_streams(jetstream, STREAMS)
    await reconcile_streams(jetstream, STREAMS.model_copy(update={"max_bytes": 4 * 1024 * 1024}))
    info = await jetstream.stream_info(EVENTS)
    assert info.config.max_bytes == 4 * 1024 * 1024
    assert info.config.deny_delete
    assert info.config.deny_purge


def test_the_chart_maps_requests_as_the_code_expects() -> None:
    template = REPOSITORY / "charts" / "venture" / "templates" / "dataplane" / "nats.yaml"
    found = re.search(r"^mappings \{\n(.*?)^\}", template.read_text(), re.MULTILINE | re.DOTALL)
    assert found is not None
    assert dict(re.findall(r'"(.+)": "(.+)"', found[1])) == SERVICE_MAPPINGS


async def test_a_request_below_a_captured_subject_reaches_its_responder(tmp_path: Path) -> None:
    mappings = "".join(f'"{old}": "{new}"\n' for old, new in SERVICE_MAPPINGS.items())
    for config, expected in (("", b'"stream"'), (f"mappings {{\n{mappings}}}\n", b"allowed")):
        folder = tmp_path / str(len(config))
        folder.mkdir()
        server = NatsServer(folder, config=config)
        await server.start()
        client = await server.connect()
        await reconcile_streams(client.jetstream(), STREAMS)

        async def answer(message: object) -> None:
            await message.respond(b"allowed")  # type: ignore[attr-defined]

        await client.subscribe(service_subject(TOOL_ALLOWLIST_CHECK), cb=answer)
        reply = await client.request(TOOL_ALLOWLIST_CHECK, b"{}", timeout=60)
        # Without the mapping, the stream takes the request for an event: the trap is real.
        assert expected in reply.data
        stored = (await client.jetstream().stream_info(EVENTS)).state.messages
        assert stored == (0 if config else 1)
        await client.close()
        server.stop()


def test_the_subject_is_the_type_and_nothing_in_the_payload() -> None:
    event = started(uuid7(), 1, job='"event_type":"money.x.y.v1"')
    assert subject_of(event.canonical_bytes()) == "artifact.build.started.v1"
    with pytest.raises(ValueError, match="no event_type"):
        subject_of(b"{}")


async def test_the_position_is_saved_while_idle(
    database: SecretStr,
    broker: NatsServer,
    client: Client,
    producer: EventProducer,
    superuser: asyncpg.Connection,
) -> None:
    async with relaying(database, broker.url()):
        await producer.append_all(started(uuid7(), 1) for _ in range(3))
        await stream_holds(client, 3)

        async def saved() -> bool:
            row = await superuser.fetchrow("SELECT * FROM record.relay_positions")
            return row is not None and (row["next_log_index"], row["stream_sequence"]) == (3, 3)

        await until(saved)
        await asyncio.sleep(0)
