"""What each login of the chart may do at the broker, tried with a real server and client."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

import nats.errors
import nats.js.errors
import pytest
from nats.js.api import AckPolicy, ConsumerConfig
from recordservers import NatsServer, heard
from tenacity import AsyncRetrying, stop_after_delay, wait_fixed
from venture_core.events.registry import EVENT_ROOTS
from venture_core.messaging.connection import connect_nats
from venture_core.messaging.consumer import ConsumerSettings, EventConsumer
from venture_core.messaging.deadletters import list_dead_letters, requeue_dead_letter
from venture_core.messaging.streamread import READER, read_stream
from venture_core.messaging.streams import (
    DEAD_LETTERS,
    EVENTS,
    StreamSettings,
    reconcile_streams,
)
from venture_core.messaging.subjects import TOOL_ALLOWLIST_CHECK, service_subject

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from nats.aio.client import Client

type Json = dict[str, Any]
type Render = Callable[..., list[Json]]

STREAMS = StreamSettings(replicas=1, max_bytes=1024 * 1024 * 16)
LOGINS = ("relay", "projector", "auditor", "preflight", "policy-engine")


def _named(manifests: list[Json], kind: str, name: str) -> Json:
    (found,) = [one for one in manifests if (one["kind"], one["metadata"]["name"]) == (kind, name)]
    return found


class Broker:
    """A server with the chart's users, and their passwords."""

    def __init__(self, folder: Path, manifests: list[Json]) -> None:
        users = _named(manifests, "Secret", "venture-nats")["stringData"]["authorization.conf"]
        config = _named(manifests, "ConfigMap", "venture-nats")["data"]["nats.conf"]
        mappings = re.findall(r"^mappings \{.*?^\}\n", config, re.MULTILINE | re.DOTALL)
        self._passwords = {"venture": re.findall(r'venture, password: "(\w+)"', users)[0]}
        for name in LOGINS:
            secret = _named(manifests, "Secret", f"venture-login-{name}")
            self._passwords[name] = secret["stringData"]["nats-password"]
        self.server = NatsServer(
            folder, config="".join([*mappings, users]), login=self.login("venture")
        )

    def login(self, name: str) -> str:
        return f"{name}:{self._passwords[name]}"

    async def connect(self, name: str) -> Client:
        return await connect_nats(self.server.url(self.login(name)), name="tests", reconnect=False)


@pytest.fixture
async def broker(tmp_path: Path, render_chart: Render) -> AsyncIterator[Broker]:
    made = Broker(tmp_path, render_chart("ci/dev.yaml"))
    await made.server.start()
    yield made
    made.server.stop()


@pytest.fixture
async def clients(broker: Broker) -> AsyncIterator[dict[str, Client]]:
    opened = {name: await broker.connect(name) for name in (*LOGINS, "venture")}
    # The relay makes the streams.
    await reconcile_streams(opened["relay"].jetstream(timeout=3), STREAMS)
    yield opened
    for client in opened.values():
        await client.close()


REFUSED = (TimeoutError, nats.errors.Error)
"""The broker drops what is not allowed: whoever waits for an answer waits in vain."""


@pytest.mark.parametrize("login", LOGINS)
async def test_only_the_relay_publishes_events(clients: dict[str, Client], login: str) -> None:
    jetstream = clients[login].jetstream(timeout=0.5 if login != "relay" else 5)

    async def may_publish(root: str) -> bool:
        try:
            taken = await jetstream.publish(f"{root}.thing.happened.v1", b"{}", stream=EVENTS)
        except REFUSED:
            return False
        return taken.stream == EVENTS

    published = await asyncio.gather(*map(may_publish, EVENT_ROOTS))
    assert published == [login == "relay"] * len(EVENT_ROOTS)


async def test_only_the_relay_reads_where_the_stream_ends(clients: dict[str, Client]) -> None:
    jetstream = clients["relay"].jetstream(timeout=5)
    for number in range(3):
        await jetstream.publish("artifact.x.y.v1", b"%d" % number, stream=EVENTS)

    async def read(login: str, seconds: float) -> list[bytes]:
        through = clients[login].jetstream(timeout=seconds)
        batches = [batch async for batch in read_stream(through, 2, 3)]
        return [each.body for batch in batches for each in batch]

    assert await read("relay", 5) == [b"1", b"2"]
    # Whoever died while reading left a reader that had begun elsewhere.
    left = ConsumerConfig(name=READER, ack_policy=AckPolicy.NONE, mem_storage=True)
    await jetstream.add_consumer(EVENTS, left)
    assert await read("relay", 5) == [b"1", b"2"]
    for login in set(LOGINS) - {"relay"}:
        with pytest.raises(REFUSED):
            await read(login, 0.5)


async def test_only_the_relay_shapes_streams_and_nobody_deletes_their_messages(
    clients: dict[str, Client],
) -> None:
    other = StreamSettings(replicas=1, max_bytes=2 * 1024 * 1024)

    async def attempts(login: str) -> AsyncIterator[Awaitable[object]]:
        jetstream = clients[login].jetstream(timeout=0.5)
        if login != "relay":
            yield reconcile_streams(jetstream, other)
        yield jetstream.purge_stream(EVENTS)
        yield jetstream.delete_msg(EVENTS, 1)
        if login != "auditor":
            yield jetstream.delete_stream(EVENTS)

    async def is_refused(login: str) -> None:
        async for attempt in attempts(login):
            with pytest.raises(REFUSED):
                await attempt

    # Each of them waits in vain for as long as the client does.
    await asyncio.gather(*map(is_refused, LOGINS))


async def test_the_projector_consumes_and_buries_as_itself_only(
    clients: dict[str, Client],
) -> None:
    handled = asyncio.Event()
    stop = asyncio.Event()

    async def handle(_delivery: object) -> None:
        handled.set()

    # What is no event is buried: the consumer reads, acknowledges and writes its dead letter.
    await clients["relay"].jetstream().publish("artifact.x.y.v1", b"no event", stream=EVENTS)
    consumer = EventConsumer(clients["projector"], ConsumerSettings(name="projector"), handle)
    running = asyncio.create_task(consumer.run(stop))
    try:
        auditor = clients["auditor"].jetstream(timeout=3)
        async for attempt in AsyncRetrying(wait=wait_fixed(0.05), stop=stop_after_delay(20)):
            with attempt:
                assert (await auditor.stream_info(DEAD_LETTERS)).state.messages == 1
    finally:
        stop.set()
        await running
    jetstream = clients["projector"].jetstream(timeout=0.5)
    with pytest.raises(REFUSED):
        await jetstream.publish("dlq.another.artifact.x.y.v1", b"{}", stream=DEAD_LETTERS)
    with pytest.raises(REFUSED):
        await jetstream.consumer_info(EVENTS, "another")
    for login in set(LOGINS) - {"projector"}:
        with pytest.raises(REFUSED):
            await clients[login].jetstream(timeout=0.5).consumer_info(EVENTS, "projector")


async def test_the_auditor_looks_after_dead_letters(clients: dict[str, Client]) -> None:
    await (
        clients["projector"]
        .jetstream()
        .publish("dlq.projector.artifact.x.y.v1", b"{}", stream=DEAD_LETTERS)
    )
    jetstream = clients["auditor"].jetstream(timeout=3)
    assert (await jetstream.stream_info(EVENTS)).config.name == EVENTS
    (letter,) = [each async for each in list_dead_letters(jetstream)]
    await requeue_dead_letter(jetstream, letter.sequence)
    assert [each async for each in list_dead_letters(jetstream)] == []
    # As a replay does: the relay makes the stream again from the record.
    assert await jetstream.delete_stream(EVENTS)


@pytest.mark.parametrize("login", LOGINS)
async def test_nobody_listens_to_what_is_another_s(
    clients: dict[str, Client], broker: Broker, login: str
) -> None:
    refusals: list[Exception] = []

    async def refused(error: Exception) -> None:
        refusals.append(error)

    client = await nats.connect(
        broker.server.url(broker.login(login)).get_secret_value(),
        error_cb=refused,
        inbox_prefix=f"_INBOX.{login}",
    )
    try:
        for subject in (">", "artifact.>", "_INBOX.>", "_INBOX.venture.>", "svc.>", "$JS.>"):
            await client.subscribe(subject)
        await heard(client)
        async for attempt in AsyncRetrying(wait=wait_fixed(0.02), stop=stop_after_delay(10)):
            with attempt:
                assert len(refusals) == 6
        assert all("permissions violation" in str(each).lower() for each in refusals)
    finally:
        await client.close()
    del clients


async def test_requests_of_a_mapped_name_reach_the_responder_and_events_the_stream(
    clients: dict[str, Client],
) -> None:
    """An event below policy.check is an event: a mapping by a pattern would have swallowed it."""
    admin, engine = clients["venture"], clients["policy-engine"]

    async def respond(message: Any) -> None:
        await message.respond(b"allowed")

    await engine.subscribe(service_subject(TOOL_ALLOWLIST_CHECK), cb=respond)
    await heard(engine)
    answer = await admin.request(TOOL_ALLOWLIST_CHECK, b"{}", timeout=5)
    assert answer.data == b"allowed"
    relay = clients["relay"].jetstream(timeout=3)
    published = await relay.publish("policy.check.refused.v1", b"{}", stream=EVENTS)
    assert published.stream == EVENTS


def test_every_login_of_the_chart_is_tried(render_chart: Render) -> None:
    sets = ("record.retention.months=1", "toolGateway.enabled=true", "llmGateway.enabled=true")
    with_password = {
        one["metadata"]["name"].removeprefix("venture-login-")
        for one in render_chart("ci/dev.yaml", sets=sets)
        if one["kind"] == "Secret" and "nats-password" in one.get("stringData", {})
    }
    assert with_password == set(LOGINS)


def test_the_chart_knows_all_roots_of_events(render_chart: Render) -> None:
    users = _named(render_chart("ci/dev.yaml"), "Secret", "venture-nats")["stringData"]
    relay = re.findall(r"user: relay.*?allow: (\[.*?\])", users["authorization.conf"], re.DOTALL)
    roots = re.findall(r'"(\w+)\.>"', relay[0])
    assert tuple(roots) == EVENT_ROOTS
