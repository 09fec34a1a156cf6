"""The command line on a real stream: restoring it from the record, and its dead letters."""

import json
from typing import TYPE_CHECKING

import pytest
from clirecord import SIZE, Record
from recordrelay import STREAMS, published, relaying, stream_holds
from recordservers import NatsServer
from venture_cli.errors import ExitCode
from venture_core.messaging.deadletters import put_dead_letter
from venture_core.messaging.streams import DEAD_LETTERS, EVENTS, reconcile_streams
from venturecommand import Venture

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from pydantic import SecretStr


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[NatsServer]:
    """Run a broker of this test's own."""
    (tmp_path / "nats").mkdir()
    server = NatsServer(tmp_path / "nats")
    await server.start()
    yield server
    server.stop()


@pytest.fixture
def streaming(tmp_path: Path, database: SecretStr, broker: NatsServer) -> Venture:
    """Run commands that know where Postgres and NATS are."""
    return Venture(
        tmp_path,
        tmp_path / "no-kubeconfig",
        VENTURE_POSTGRES_URL=database.get_secret_value(),
        VENTURE_NATS_URL=broker.url().get_secret_value(),
    )


class TestStream:
    @pytest.mark.parametrize("anew", [False, True])
    async def test_a_lost_stream_is_restored_from_the_record(
        self,
        record: Record,
        streaming: Venture,
        database: SecretStr,
        broker: NatsServer,
        anew: bool,
    ) -> None:
        client = await broker.connect()
        async with relaying(database, broker.url()):
            await stream_holds(client, SIZE)
            before = await published(client)
            if not anew:
                await client.jetstream().delete_stream(EVENTS)
            replayed = await streaming(
                *("events", "replay", *(["--anew"] if anew else []), "-o", "json")
            )
        assert replayed.code == ExitCode.OK, replayed.err
        state = json.loads(replayed.text)
        assert (state["messages"], state["lastLogIndex"], state["missing"]) == (SIZE, SIZE - 1, 0)
        after = await published(client)
        assert after == before
        assert [each.message_id for each in after] == [str(each) for each in record.events]
        await client.close()

    async def test_without_a_relay_it_says_what_is_missing(
        self, record: Record, streaming: Venture
    ) -> None:
        assert record
        replayed = await streaming("events", "replay", "--timeout", "1s")
        assert replayed.code == ExitCode.TIMEOUT
        assert "Only the relay publishes" in replayed.err
        assert f"{SIZE} of {SIZE} events are not in the stream yet" in replayed.err

    async def test_dead_letters_are_listed_shown_and_handed_back(
        self, record: Record, streaming: Venture, database: SecretStr, broker: NatsServer
    ) -> None:
        client = await broker.connect()
        jetstream = client.jetstream()
        async with relaying(database, broker.url()):
            await stream_holds(client, SIZE)
        subscription = await jetstream.pull_subscribe("artifact.>", "test", stream=EVENTS)
        for message in await subscription.fetch(2):
            await put_dead_letter(
                jetstream, message, consumer="projector", reason="no such table", attempts=10
            )
            await message.ack()
        listed = await streaming("events", "dlq", "list", "--consumer", "projector")
        assert listed.code == ExitCode.OK, listed.err
        assert listed.text.count("no such table") == 2
        shown = json.loads((await streaming("events", "dlq", "show", "1", "-o", "json")).text)
        assert (shown["consumer"], shown["attempts"], shown["logIndex"]) == ("projector", 10, 0)
        assert shown["event"]["event_id"] == str(record.events[0])
        back = await streaming("events", "dlq", "requeue", "1", "2")
        assert back.text.splitlines() == [
            "1 handed back to projector",
            "2 handed back to projector",
        ]
        handed = await jetstream.get_msg(DEAD_LETTERS, 3)
        assert handed.subject == "requeue.projector.artifact.build.started.v1"
        empty = await streaming("events", "dlq", "list")
        assert (empty.code, empty.text) == (ExitCode.OK, "")
        gone = await streaming("events", "dlq", "show", "1")
        assert gone.code == ExitCode.NOT_FOUND
        assert "there is no dead letter 1" in gone.err
        await client.close()

    async def test_a_stranger_among_the_dead_letters_is_shown_as_it_is(
        self, streaming: Venture, broker: NatsServer
    ) -> None:
        client = await broker.connect()
        await reconcile_streams(client.jetstream(), STREAMS)
        await client.jetstream().publish("dlq.somebody.a.b", b"\xff", stream=DEAD_LETTERS)
        shown = json.loads((await streaming("events", "dlq", "show", "1", "-o", "json")).text)
        assert (shown["consumer"], shown["bodyBase64"]) == ("somebody", "/w==")
        await client.close()

    async def test_a_broker_that_is_away_or_empty_is_named(
        self, tmp_path: Path, streaming: Venture, broker: NatsServer
    ) -> None:
        empty = await streaming("events", "dlq", "list")
        assert empty.code in {ExitCode.OK, ExitCode.NOT_FOUND}
        broker.stop()
        away = await streaming("events", "dlq", "list")
        assert away.code == ExitCode.UNREACHABLE
        assert "NATS does not answer" in away.err
