"""The command line on a real record: following it, proving it, restoring the stream from it."""

import json
import signal
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid7

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from installations import DEPLOYMENTS, deployment, from_secret, session
from recordevents import started
from recordlog import ORIGIN, SIGNER, caught_up, sequencing
from recordrelay import STREAMS, published, relaying, stream_holds
from recordservers import NatsServer, free_port
from venture_cli.errors import CliError, ExitCode
from venture_cli.services.recordendpoints import Endpoint, Login
from venture_core.events.chain import ChainHead
from venture_core.events.checkpoint import Checkpoint, sign_checkpoint
from venture_core.events.notes import NoteSigner
from venture_core.kubernetes.resources import SECRETS
from venture_core.messaging.deadletters import put_dead_letter
from venture_core.messaging.streams import DEAD_LETTERS, EVENTS, reconcile_streams
from venture_core.record.producer import EventProducer
from venturecommand import Ended, Venture, finish

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from pathlib import Path

    import asyncpg
    from pydantic import SecretStr
    from venture_core.kubernetes.client import KubernetesClient

KEY = SIGNER.verifier.text
SIZE = 30
WORKFLOWS = 3


@dataclass(frozen=True)
class Record:
    """A record of SIZE events in turn of WORKFLOWS workflows, all signed for."""

    workflows: list[UUID]
    events: list[UUID]

    def place(self, log_index: int) -> tuple[UUID, int]:
        """Return the workflow of the event there, and its number within it."""
        return self.workflows[log_index % WORKFLOWS], log_index // WORKFLOWS + 1


@pytest.fixture
async def record(database: SecretStr, superuser: asyncpg.Connection) -> Record:
    workflows, events = [uuid7() for _ in range(WORKFLOWS)], [uuid7() for _ in range(SIZE)]
    found = Record(workflows, events)
    async with sequencing(database), EventProducer(database, name="test") as producer:
        for index, event_id in enumerate(events):
            await producer.append(started(*found.place(index), event_id=event_id))
        await caught_up(superuser, SIZE)
    return found


@pytest.fixture
def venture(tmp_path: Path, database: SecretStr) -> Venture:
    """Run commands that know where Postgres is and nothing of a cluster."""
    return Venture(
        tmp_path, tmp_path / "no-kubeconfig", VENTURE_POSTGRES_URL=database.get_secret_value()
    )


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


def lines(ended: Ended) -> list[dict[str, Any]]:
    assert ended.code == ExitCode.OK, ended.err
    return [json.loads(line) for line in ended.text.splitlines()]


class TestEvents:
    async def test_a_workflow_is_told_from_its_first_event(
        self, record: Record, venture: Venture
    ) -> None:
        told = lines(
            await venture(
                *("events", "tail", "--workflow", str(record.workflows[1]), "--no-follow"),
                *("-o", "json"),
            )
        )
        assert [each["logIndex"] for each in told] == list(range(1, SIZE, WORKFLOWS))
        assert {each["event"]["workflow_id"] for each in told} == {str(record.workflows[1])}
        assert [each["event"]["seq"] for each in told] == list(range(1, SIZE // WORKFLOWS + 1))

    async def test_type_and_time_narrow_it(self, record: Record, venture: Venture) -> None:
        everything = ("events", "tail", "--since", "1h", "--no-follow", "-o", "name")
        every = await venture(*everything)
        assert every.text.split() == [str(each) for each in record.events]
        none = await venture(*everything, "--type", "artifact.build.failed.*")
        assert (none.code, none.text) == (ExitCode.OK, "")
        some = await venture(*everything, "--type", "*.started.v1")
        assert len(some.text.split()) == SIZE
        shown = await venture("events", "tail", "--since", "1h", "--no-follow")
        header, *told = shown.text.splitlines()
        assert header.split() == ["LOG-INDEX", "TIME", "TYPE", "WORKFLOW/SEQ", "ABOUT"]
        # Each column begins where its name does, whatever the widths of what is in it.
        for name, at in (("TIME", 1), ("TYPE", 2), ("WORKFLOW/SEQ", 3), ("ABOUT", 4)):
            assert {line.index(line.split()[at], header.index(name)) for line in told} == {
                header.index(name)
            }
        later = await venture(
            *("events", "tail", "--no-follow", "--since", datetime.now(UTC).isoformat())
        )
        assert (later.code, later.text) == (ExitCode.OK, "")

    async def test_it_goes_on_after_a_lost_connection_until_ctrl_c(
        self,
        record: Record,
        venture: Venture,
        database: SecretStr,
        superuser: asyncpg.Connection,
    ) -> None:
        process = await venture.start("events", "tail", "--since", "1h", "-o", "json")
        assert process.stdout is not None
        told = [await process.stdout.readline() for _ in range(SIZE)]
        async with sequencing(database), EventProducer(database, name="test") as producer:
            await producer.append(started(record.workflows[0], 98))
            told.append(await process.stdout.readline())
            ended = await superuser.fetchval(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE application_name = 'venture-cli' AND datname = current_database()"
            )
            assert ended == 1
            await producer.append(started(record.workflows[0], 99))
            told.append(await process.stdout.readline())
        assert [json.loads(line)["logIndex"] for line in told] == list(range(SIZE + 2))
        process.send_signal(signal.SIGINT)
        done = await finish(process)
        assert (done.code, done.out) == (ExitCode.INTERRUPTED, b"")
        assert "lost the record, trying again" in done.err
        assert "Traceback" not in done.err

    async def test_an_event_is_shown(self, record: Record, venture: Venture) -> None:
        shown = await venture("events", "show", str(record.events[7]))
        assert shown.code == ExitCode.OK
        assert "artifact.build.started.v1" in shown.text
        assert f"{record.workflows[1]}, event 3" in shown.text
        assert f"of {ORIGIN}" in shown.text
        data = json.loads(
            (await venture("events", "show", str(record.events[7]), "-o", "json")).text
        )
        assert (data["logIndex"], data["sound"]) == (7, True)
        assert data["event"]["event_id"] == str(record.events[7])
        missing = await venture("events", "show", str(uuid7()))
        assert missing.code == ExitCode.NOT_FOUND
        assert "there is no event" in missing.err

    async def test_what_was_tampered_with_is_told(
        self, record: Record, venture: Venture, superuser: asyncpg.Connection
    ) -> None:
        await one_byte(superuser, record)
        shown = await venture("events", "show", str(record.events[10]))
        assert "this event is not what was logged" in shown.err
        told = await venture("events", "tail", "--since", "1h", "--no-follow")
        assert told.err.strip() == "log index 10: its bytes do not have the hash that was logged"

    async def test_a_database_that_is_away_or_refuses_is_named(
        self, tmp_path: Path, database: SecretStr, superuser: asyncpg.Connection
    ) -> None:
        nowhere = f"postgresql://postgres@127.0.0.1:{free_port()}/x"
        away = await Venture(tmp_path, tmp_path / "none", VENTURE_POSTGRES_URL=nowhere)(
            "events", "tail"
        )
        assert away.code == ExitCode.UNREACHABLE
        assert "the record's Postgres does not answer" in away.err
        stranger = f"stranger_{uuid7().hex}"
        await superuser.execute(f"CREATE ROLE {stranger} LOGIN")
        url = database.get_secret_value().replace("postgres@", f"{stranger}@")
        refused = await Venture(tmp_path, tmp_path / "none", VENTURE_POSTGRES_URL=url)(
            "events", "tail"
        )
        await superuser.execute(f"DROP ROLE {stranger}")
        assert refused.code == ExitCode.DENIED
        assert "venture_auditor" in refused.err


class TestAudit:
    @pytest.mark.parametrize("bundle", ["bundle", "bundle.tar"])
    async def test_a_bundle_is_verified_with_the_key_alone(
        self, record: Record, venture: Venture, tmp_path: Path, bundle: str
    ) -> None:
        assert record
        saved = await venture("audit", "export", "-o", bundle, "--format", "json")
        assert saved.code == ExitCode.OK, saved.err
        data = json.loads(saved.text)
        assert (data["first"], data["entries"], data["laterEntries"]) == (0, SIZE, 0)
        verified = await offline(tmp_path)("audit", "verify", bundle, "--key", KEY, "-o", "json")
        assert verified.code == ExitCode.OK, verified.err
        assert json.loads(verified.text)["entries"] == SIZE
        other = NoteSigner(ORIGIN, Ed25519PrivateKey.generate()).verifier.text
        assert (
            await offline(tmp_path)("audit", "verify", bundle, "--key", other)
        ).code == ExitCode.VERIFICATION_FAILED
        again = await venture("audit", "export", "-o", bundle)
        assert again.code == ExitCode.USAGE
        assert names_in(tmp_path) == [bundle]

    async def test_a_workflows_stretch_is_verified(
        self, record: Record, venture: Venture, tmp_path: Path
    ) -> None:
        workflow = str(record.workflows[2])
        saved = await venture("audit", "export", "-o", "part.tar", "--workflow", workflow)
        assert saved.code == ExitCode.OK, saved.err
        verified = await offline(tmp_path)(
            "audit", "verify", "part.tar", "--key", KEY, "-o", "json"
        )
        report = json.loads(verified.text)
        assert report["verified"]
        assert 0 <= report["first"] <= 2
        assert report["size"] == SIZE
        unknown = await venture("audit", "export", "-o", "none", "--workflow", str(uuid7()))
        assert unknown.code == ExitCode.NOT_FOUND

    async def test_an_event_is_proven(
        self, record: Record, venture: Venture, tmp_path: Path
    ) -> None:
        for index in (0, 11, SIZE - 1):
            event = str(record.events[index])
            proven = await venture("audit", "prove", event, "-o", ".")
            assert proven.code == ExitCode.OK, proven.err
            verified = await offline(tmp_path)(
                *("audit", "verify", f"{event}.tlog-proof", "--key", KEY, "-o", "json")
            )
            assert verified.code == ExitCode.OK, verified.err
            data = json.loads(verified.text)
            assert data["logIndex"] == index
            assert json.loads(data["event"])["event_id"] == event
        unknown = await venture("audit", "prove", str(uuid7()), "-o", ".")
        assert unknown.code == ExitCode.NOT_FOUND

    async def test_a_tampered_event_is_not_proven(
        self, record: Record, venture: Venture, tmp_path: Path, superuser: asyncpg.Connection
    ) -> None:
        await one_byte(superuser, record)
        proven = await venture("audit", "prove", str(record.events[10]), "-o", ".")
        assert proven.code == ExitCode.VERIFICATION_FAILED
        assert names_in(tmp_path) == []

    async def test_without_a_signature_there_is_nothing_to_export(
        self, venture: Venture, database: SecretStr
    ) -> None:
        async with EventProducer(database, name="test") as producer:
            event = started(uuid7(), 1)
            await producer.append(event)
        exported = await venture("audit", "export", "-o", "bundle")
        assert exported.code == ExitCode.NOT_FOUND
        proven = await venture("audit", "prove", str(event.event_id), "-o", ".")
        assert proven.code == ExitCode.NOT_FOUND


def names_in(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def offline(folder: Path) -> Venture:
    """Return the command line where there is neither a cluster nor a database."""
    return Venture(folder, folder / "no-kubeconfig")


async def as_superuser(superuser: asyncpg.Connection, statement: str, *values: object) -> None:
    """Change what is kept for ever: with the triggers off, and checked that it changed."""
    await superuser.execute("SET session_replication_role = replica")
    status = await superuser.execute(statement, *values)
    await superuser.execute("SET session_replication_role = origin")
    assert not status.endswith(" 0"), "nothing was tampered with"


async def chain_of(superuser: asyncpg.Connection, workflow: UUID) -> list[bytes]:
    rows = await superuser.fetch(
        "SELECT canonical FROM record.events WHERE workflow_id = $1 ORDER BY seq", workflow
    )
    return [row["canonical"] for row in rows]


async def rewrite(
    superuser: asyncpg.Connection, workflow: UUID, canonicals: Sequence[bytes]
) -> None:
    """Put these events in the place of the workflow's, hashes, head and all made to fit."""
    head = ChainHead()
    for canonical in canonicals:
        before, head = head, head.append(canonical)
        await as_superuser(
            superuser,
            "INSERT INTO record.events (seq, appended_at, workflow_id, event_id, prev_event_hash, "
            "  this_event_hash, canonical) "
            "SELECT $2, coalesce((SELECT appended_at FROM record.events "
            "  WHERE workflow_id = $1 AND seq = $2), clock_timestamp()), $1, $3, $4, $5, $6 "
            "ON CONFLICT (workflow_id, seq, appended_at) DO UPDATE SET "
            "  event_id = excluded.event_id, prev_event_hash = excluded.prev_event_hash, "
            "  this_event_hash = excluded.this_event_hash, canonical = excluded.canonical",
            workflow,
            head.seq,
            UUID(json.loads(canonical)["event_id"]),
            before.hash,
            head.hash,
            canonical,
        )
    await as_superuser(
        superuser,
        "UPDATE record.chain_heads SET seq = $2, event_hash = $3 WHERE workflow_id = $1",
        workflow,
        head.seq,
        head.hash,
    )


async def one_byte(superuser: asyncpg.Connection, record: Record) -> None:
    """Change one byte of the payload at log index 10."""
    await as_superuser(
        superuser,
        "UPDATE record.events SET canonical = overlay(canonical PLACING '\\x72'::bytea "
        "FROM position('board-deck'::bytea IN canonical) + 2 FOR 1) WHERE event_id = $1",
        record.events[10],
    )


async def deleted_row(superuser: asyncpg.Connection, record: Record) -> None:
    await as_superuser(
        superuser, "DELETE FROM record.events WHERE event_id = $1", record.events[10]
    )


async def deleted_everywhere(superuser: asyncpg.Connection, record: Record) -> None:
    """Delete an event, its place, and everything else that knows of it."""
    await deleted_row(superuser, record)
    await as_superuser(superuser, "DELETE FROM record.log_index WHERE log_index = 10")
    await as_superuser(
        superuser, "DELETE FROM record.event_ids WHERE event_id = $1", record.events[10]
    )


async def swapped_rows(superuser: asyncpg.Connection, record: Record) -> None:
    """Exchange what two rows of one workflow say."""
    workflow, seq = record.place(10)
    await as_superuser(
        superuser,
        "UPDATE record.events e SET canonical = o.canonical, event_id = o.event_id "
        "FROM record.events o WHERE e.workflow_id = $1 AND o.workflow_id = $1 "
        "AND (e.seq, o.seq) IN (($2, $3), ($3, $2))",
        workflow,
        seq,
        seq + 3,
    )


async def inserted_row(superuser: asyncpg.Connection, record: Record) -> None:
    """Insert an event into a chain, and recompute all of the chain after it."""
    workflow, seq = record.place(10)
    canonicals = await chain_of(superuser, workflow)
    new = started(workflow, 77, event_id=record_intruder(record)).canonical_bytes()
    await rewrite(superuser, workflow, [*canonicals[: seq - 1], new, *canonicals[seq - 1 :]])


def record_intruder(record: Record) -> UUID:
    return UUID(int=record.events[10].int ^ 1)


async def appended_row(superuser: asyncpg.Connection, record: Record) -> None:
    """Put an event at the end of a chain, which the log never saw."""
    workflow, _ = record.place(10)
    new = started(workflow, 77, event_id=record_intruder(record)).canonical_bytes()
    await rewrite(superuser, workflow, [*await chain_of(superuser, workflow), new])


async def rewritten_chain(superuser: asyncpg.Connection, record: Record) -> None:
    """Rewrite a chain from the event at log index 10 on."""
    workflow, seq = record.place(10)
    canonicals = await chain_of(superuser, workflow)
    forged = [each.replace(b"board-deck", b"fraud-deck") for each in canonicals[seq - 1 :]]
    await rewrite(superuser, workflow, [*canonicals[: seq - 1], *forged])


async def rewritten_log(superuser: asyncpg.Connection, record: Record) -> None:
    """Rewrite a chain, and the hashes that the log holds with it."""
    await rewritten_chain(superuser, record)
    await as_superuser(
        superuser,
        "UPDATE record.log_index l SET event_hash = e.this_event_hash FROM record.events e "
        "WHERE e.workflow_id = l.workflow_id AND e.seq = l.seq AND l.event_hash <> "
        "e.this_event_hash",
    )


async def forged_checkpoint(superuser: asyncpg.Connection, record: Record) -> None:
    """Sign the last checkpoint anew, in the log's name, with a key of the thief's."""
    assert record
    thief = NoteSigner(ORIGIN, Ed25519PrivateKey.generate())
    row = await superuser.fetchrow(
        "SELECT size, root FROM record.checkpoints WHERE size = $1", SIZE
    )
    assert row is not None
    note = sign_checkpoint(Checkpoint(ORIGIN, row["size"], row["root"]), [thief])
    await as_superuser(
        superuser,
        "UPDATE record.checkpoints SET note = $2 WHERE size = $1",
        SIZE,
        note.decode(),
    )


class TestTampering:
    @pytest.mark.parametrize(
        ("tamper", "kind", "log_index"),
        [
            (one_byte, "content-changed", 10),
            (deleted_row, "missing", 10),
            (deleted_everywhere, "missing", 10),
            (swapped_rows, "swapped", 10),
            (inserted_row, "inserted", 10),
            (rewritten_chain, "rewritten", 10),
            (rewritten_log, "rewritten", None),
            (forged_checkpoint, "forged-checkpoint", None),
        ],
        ids=lambda value: getattr(value, "__name__", None),
    )
    async def test_what_a_superuser_changed_is_caught_and_named(
        self,
        record: Record,
        venture: Venture,
        superuser: asyncpg.Connection,
        tmp_path: Path,
        tamper: Callable[[asyncpg.Connection, Record], Awaitable[None]],
        kind: str,
        log_index: int | None,
    ) -> None:
        await tamper(superuser, record)
        await venture("audit", "export", "-o", "bundle.tar")
        verified = await offline(tmp_path)(
            "audit", "verify", "bundle.tar", "--key", KEY, "-o", "json"
        )
        assert verified.code == ExitCode.VERIFICATION_FAILED, verified.err
        finding = json.loads(verified.text)["finding"]
        assert finding["kind"] == kind, finding
        if log_index is not None:
            assert finding["logIndex"] == log_index
        if tamper is forged_checkpoint:
            assert finding["checkpointSize"] == SIZE
        if tamper is rewritten_log:
            assert finding["logIndex"] <= 10 <= finding.get("lastLogIndex", finding["logIndex"])
        if tamper is inserted_row:
            assert finding["eventId"] == str(record_intruder(record))

    async def test_an_event_that_the_log_never_saw_is_named_by_the_export(
        self, record: Record, venture: Venture, superuser: asyncpg.Connection, tmp_path: Path
    ) -> None:
        await appended_row(superuser, record)
        exported = await venture("audit", "export", "-o", "bundle")
        assert exported.code == ExitCode.VERIFICATION_FAILED
        assert str(record_intruder(record)) in exported.err
        # The log itself is as it was, and so is the bundle.
        verified = await offline(tmp_path)("audit", "verify", "bundle", "--key", KEY)
        assert verified.code == ExitCode.OK

    async def test_an_event_under_anothers_name_is_named_by_the_export(
        self, record: Record, venture: Venture, superuser: asyncpg.Connection
    ) -> None:
        await as_superuser(
            superuser,
            "UPDATE record.events SET event_id = $2 WHERE event_id = $1",
            record.events[10],
            record_intruder(record),
        )
        exported = await venture("audit", "export", "-o", "bundle")
        assert exported.code == ExitCode.VERIFICATION_FAILED
        assert f"log index 10: the column event_id is {record_intruder(record)}" in exported.err

    async def test_a_truncated_bundle_is_named(
        self, record: Record, venture: Venture, tmp_path: Path
    ) -> None:
        assert record
        assert (await venture("audit", "export", "-o", "bundle.tar")).code == ExitCode.OK
        whole = (tmp_path / "bundle.tar").read_bytes()
        (tmp_path / "bundle.tar").write_bytes(whole[: len(whole) * 3 // 4])
        verified = await offline(tmp_path)(
            "audit", "verify", "bundle.tar", "--key", KEY, "-o", "json"
        )
        assert verified.code == ExitCode.VERIFICATION_FAILED
        assert json.loads(verified.text)["finding"]["kind"] == "truncated"

    async def test_a_log_that_was_cut_back_is_named_by_a_checkpoint_kept_from_before(
        self, record: Record, venture: Venture, tmp_path: Path, superuser: asyncpg.Connection
    ) -> None:
        assert record
        sizes = await superuser.fetch("SELECT size, note FROM record.checkpoints ORDER BY size")
        (tmp_path / "kept.note").write_text(sizes[-1]["note"])
        assert len(sizes) > 1, "the fixture's log is signed more than once"
        earlier = sizes[-2]["size"]
        for statement in (
            "DELETE FROM record.events e USING record.log_index l WHERE l.log_index >= $1 "
            "AND e.workflow_id = l.workflow_id AND e.seq = l.seq",
            "DELETE FROM record.log_index WHERE log_index >= $1",
            "DELETE FROM record.checkpoints WHERE size > $1",
        ):
            await as_superuser(superuser, statement, earlier)
        assert (await venture("audit", "export", "-o", "bundle")).code == ExitCode.OK
        verify = ("audit", "verify", "bundle", "--key", KEY, "-o", "json")
        assert (await offline(tmp_path)(*verify)).code == ExitCode.OK
        compared = await offline(tmp_path)(*verify, "--checkpoint", "kept.note")
        assert compared.code == ExitCode.VERIFICATION_FAILED
        assert json.loads(compared.text)["finding"]["kind"] == "truncated"


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


class TestEndpoints:
    """Where the record is, as the installation in the cluster says."""

    async def test_the_urls_are_found(
        self, api_server: Path, client: KubernetesClient, namespace: str
    ) -> None:
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "their-own"}}
        urls = {"pg": "postgresql://u:p@db.example.com/r", "nats": "nats://n.example.com"}
        await client.create(SECRETS, secret | {"stringData": urls}, namespace)
        reference = from_secret("their-own", "pg")
        for name, variables in {
            "operator": [{"name": "VENTURE_POSTGRES_URL", "valueFrom": reference}],
            "relay": [
                {"name": "VENTURE_POSTGRES_URL", "valueFrom": reference},
                {
                    "name": "VENTURE_NATS_URL",
                    "valueFrom": from_secret("their-own", "nats"),
                },
            ],
        }.items():
            await client.create(DEPLOYMENTS, deployment(name, variables), namespace)
        async with session(api_server, namespace) as opened:
            postgres = await opened.record_url(Endpoint.POSTGRES)
            nats = await opened.record_url(Endpoint.NATS)
        assert postgres.get_secret_value() == urls["pg"]
        assert nats.get_secret_value() == urls["nats"]

    async def test_none_and_two_are_told(
        self, api_server: Path, client: KubernetesClient, namespace: str
    ) -> None:
        async with session(api_server, namespace) as opened:
            with pytest.raises(CliError, match="found no VENTURE_NATS_URL"):
                await opened.record_url(Endpoint.NATS)
            for name in ("one", "two"):
                variables = [{"name": "VENTURE_NATS_URL", "value": f"nats://{name}"}]
                await client.create(DEPLOYMENTS, deployment(name, variables), namespace)
            with pytest.raises(CliError, match="found 2 logins of NATS") as caught:
                await opened.record_url(Endpoint.NATS)
        assert caught.value.code == ExitCode.NOT_FOUND

    async def test_of_many_logins_the_auditors_is_taken(
        self, api_server: Path, client: KubernetesClient, namespace: str
    ) -> None:
        for login in ("writer", "auditor"):
            url = f"postgresql://{login}:p@db.example.com/r"
            secret = login_secret(login, url)
            await client.create(SECRETS, secret, namespace)
            variable = {
                "name": "VENTURE_POSTGRES_URL",
                "valueFrom": from_secret(f"venture-{login}", "postgres-url"),
            }
            await client.create(DEPLOYMENTS, deployment(login, [variable]), namespace)
        async with session(api_server, namespace) as opened:
            found = await opened.record_url(Endpoint.POSTGRES)
        assert found.get_secret_value() == "postgresql://auditor:p@db.example.com/r"

    async def test_recovery_has_a_login_of_its_own_and_takes_no_other(
        self, api_server: Path, client: KubernetesClient, namespace: str
    ) -> None:
        secret = login_secret("auditor", "postgresql://auditor:p@db.example.com/r")
        await client.create(SECRETS, secret, namespace)
        variable = {"name": "VENTURE_POSTGRES_URL", "value": "postgresql://w:p@db.example.com/r"}
        await client.create(DEPLOYMENTS, deployment("writer", [variable]), namespace)
        async with session(api_server, namespace) as opened:
            with pytest.raises(CliError, match="no login of recovery") as caught:
                await opened.record_url(Endpoint.POSTGRES, Login.RECOVERY)
            assert caught.value.code == ExitCode.NOT_FOUND
            assert "venture_recovery" in caught.value.next_step
            assert "venture.parpour.dev/login=recovery" in caught.value.next_step
            secret = login_secret("recovery", "postgresql://duty:p@db.example.com/r")
            await client.create(SECRETS, secret, namespace)
            found = await opened.record_url(Endpoint.POSTGRES, Login.RECOVERY)
            others = await opened.record_url(Endpoint.POSTGRES)
        assert found.get_secret_value() == "postgresql://duty:p@db.example.com/r"
        assert others.get_secret_value() == "postgresql://auditor:p@db.example.com/r"

    async def test_many_logins_without_an_auditors_are_named(
        self, api_server: Path, client: KubernetesClient, namespace: str
    ) -> None:
        for login in ("reader", "writer"):
            variable = {
                "name": "VENTURE_POSTGRES_URL",
                "valueFrom": from_secret(f"venture-{login}", "url"),
            }
            await client.create(DEPLOYMENTS, deployment(login, [variable]), namespace)
        async with session(api_server, namespace) as opened:
            with pytest.raises(CliError, match="none that is labelled for auditors") as caught:
                await opened.record_url(Endpoint.POSTGRES)
        assert caught.value.details == (
            "Secret venture-reader, key url",
            "Secret venture-writer, key url",
        )
        assert "venture.parpour.dev/login=auditor" in caught.value.next_step

    async def test_two_releases_are_asked_about_and_one_can_be_named(
        self, api_server: Path, client: KubernetesClient, namespace: str
    ) -> None:
        for release in ("blue", "green"):
            secret = login_secret("auditor", f"postgresql://a:p@{release}.example.com/r", release)
            await client.create(SECRETS, secret, namespace)
        async with session(api_server, namespace) as opened:
            with pytest.raises(CliError, match=r"installed 2 times .*: blue, green") as caught:
                await opened.record_url(Endpoint.POSTGRES)
        assert "--release" in caught.value.next_step
        async with session(api_server, namespace, release="green") as opened:
            found = await opened.record_url(Endpoint.POSTGRES)
        assert found.get_secret_value() == "postgresql://a:p@green.example.com/r"


def login_secret(login: str, url: str, release: str = "venture") -> dict[str, Any]:
    labels = {"venture.parpour.dev/login": login, "app.kubernetes.io/instance": release}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": f"{release}-{login}", "labels": labels},
        "stringData": {"postgres-url": url},
    }
