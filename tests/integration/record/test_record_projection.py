"""Read models: level with the log, rebuilt from zero, the same row by row."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid7

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from recordevents import believe_everything
from recordlog import caught_up, record_raw, sequencing
from recordrelay import relaying
from recordservers import NatsServer
from venture_core.events.envelope import Service
from venture_core.events.types import REGISTRY
from venture_core.events.types.artifact import (
    Artifact,
    ArtifactBuildPayload,
    BuildCacheHitV1,
    BuildCompletedV1,
    BuildFailedV1,
    BuildGatesV1,
    BuildRequestedV1,
    BuildResumedV1,
    BuildRetryingV1,
    BuildStartedV1,
    BuildSuspendedV1,
    Gate,
    Provenance,
)
from venture_core.events.types.task import TaskQueuedV1, TaskStartedV1
from venture_core.messaging.connection import connect_nats
from venture_core.messaging.consumer import ConsumerSettings, EventConsumer
from venture_core.record.append import Canonical
from venture_core.record.database import Role, connect
from venture_core.record.migrate import migrate
from venture_core.record.producer import EventProducer
from venture_core.record.projection.models import Base
from venture_core.record.projection.projector import NAME, Projector, projection_engine
from waiting import until
from workflowevents import Flow

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from pydantic import SecretStr
    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncEngine
    from venture_core.events.envelope import EventEnvelopeV1

KEY = "sha256:" + "cd" * 32
DECK = Artifact(
    uri="s3://venture/artifacts/sha256/aa/artifact",
    sha256="aa" * 32,
    size_bytes=1234,
    media_type="application/pptx",
)
STATEMENT = Provenance(uri="s3://venture/statement", sha256="bb" * 32, key_id="key")
TABLES = ("workflows", "tasks", "artifacts", "money_intents", "skipped_events", "positions")

PHASES = {
    "artifacts": {"Ready", "Failed"},
    "tasks": {"Queued", "Succeeded", "Failed", "Blocked", "Skipped", "Cancelled"},
    "money_intents": {"Rejected", "Consumed", "Expired", "Revoked"},
    # What is no Workflow has no phase of its own.
    "workflows": {"Succeeded", "Failed", "Cancelled", None},
}


class Build:
    """Says what happened to one ArtifactBuild."""

    def __init__(self, name: str = "board-deck") -> None:
        self.uid = uuid7()
        self.common: dict[str, Any] = {
            "namespace": "default",
            "name": name,
            "uid": self.uid,
            "generation": 1,
        }

    def event(self, kind: type[ArtifactBuildPayload], **fields: Any) -> EventEnvelopeV1:
        return REGISTRY.new_event(
            kind(**self.common, **fields),
            event_id=uuid7(),
            trace_id=UUID(int=7),
            workflow_id=self.uid,
            created_at=datetime.now(UTC),
        )

    def story(self, chooser: Random) -> list[EventEnvelopeV1]:
        """Return a whole build that went one way or another."""
        events = [self.event(BuildRequestedV1, target="Pptx", cache_key=KEY)]
        if chooser.random() < 0.2:
            done = self.event(BuildCacheHitV1, cache_key=KEY, artifact=DECK, provenance=STATEMENT)
            return [*events, done]
        if chooser.random() < 0.2:
            events += [self.event(BuildSuspendedV1), self.event(BuildResumedV1)]
        events.append(self.event(BuildStartedV1, attempt=1, job="job-1", cache_key=KEY))
        if chooser.random() < 0.5:
            failed = {"attempt": 1, "reason": "StorageDown", "message": "S3 was away"}
            events.append(self.event(BuildRetryingV1, **failed, retry_at=datetime.now(UTC)))
            events.append(self.event(BuildStartedV1, attempt=2, job="job-2", cache_key=KEY))
        gates = (Gate(name="contrast", passed=True, findings=0),)
        events.append(self.event(BuildGatesV1, attempt=2, gates=gates))
        if chooser.random() < 0.3:
            failed = {"attempt": 2, "reason": "GateFailed", "message": "too pale"}
            return [*events, self.event(BuildFailedV1, **failed)]
        fields = {"attempt": 2, "cache_key": KEY, "artifact": DECK, "provenance": STATEMENT}
        return [*events, self.event(BuildCompletedV1, **fields)]


@pytest.fixture
async def engine(database: SecretStr) -> AsyncIterator[AsyncEngine]:
    made = projection_engine(database)
    yield made
    await made.dispose()


async def _rows(connection: asyncpg.Connection) -> dict[str, list[tuple[Any, ...]]]:
    return {
        table: sorted(
            tuple(row)
            for row in await connection.fetch(f"SELECT * FROM projection.{table}")  # noqa: S608
        )
        for table in TABLES
    }


async def test_the_read_models_are_rebuilt_row_by_row_the_same(
    database: SecretStr, superuser: asyncpg.Connection, engine: AsyncEngine
) -> None:
    chooser = Random(5)  # noqa: S311 - to be varied, not secret
    stories = [Build(f"deck-{n}").story(chooser) for n in range(200)]
    stories += [Flow(f"launch-{n}").story(chooser) for n in range(100)]
    total = sum(map(len, stories))
    projector = Projector(engine)
    async with sequencing(database), EventProducer(database, name="test") as producer:
        shown = 0

        async def tell(story: list[EventEnvelopeV1]) -> None:
            for event in story:
                await producer.append(event)

        telling = [asyncio.create_task(tell(story)) for story in stories]
        while shown < total:
            shown += await projector.advance()
        await asyncio.gather(*telling)
        await caught_up(superuser, total)
    before = await _rows(superuser)
    counts = {table: len(rows) for table, rows in before.items()}
    assert counts["workflows"] == 300
    assert counts["tasks"] == 300
    assert counts["artifacts"] == 200
    assert counts["money_intents"] > 50
    assert before["positions"] == [(NAME, total)]
    assert before["skipped_events"] == []
    for table, phases in PHASES.items():
        found = await superuser.fetch(f"SELECT DISTINCT phase FROM projection.{table}")  # noqa: S608
        assert {row["phase"] for row in found} == phases

    assert await projector.rebuild() == total
    assert await _rows(superuser) == before

    # And once more from tables that never were.
    assert await migrate(database, "2026_11_23_02") == "2026_11_23_02"
    await migrate(database)
    assert await projector.catch_up() == total
    assert await _rows(superuser) == before

    # A release back and forth, the tables of tasks and money intents are empty until a rebuild.
    assert await migrate(database, "2026_11_23_04") == "2026_11_23_04"
    await migrate(database)
    assert await projector.catch_up() == 0
    assert await projector.rebuild() == total
    assert await _rows(superuser) == before


async def test_a_row_says_what_its_events_said(
    database: SecretStr, superuser: asyncpg.Connection, engine: AsyncEngine
) -> None:
    build = Build()
    gates = (Gate(name="contrast", passed=False, findings=3),)
    steps = [
        (build.event(BuildRequestedV1, target="Pptx", cache_key=KEY), "Requested"),
        (build.event(BuildStartedV1, attempt=1, job="job", cache_key=KEY), "Compiling"),
        (build.event(BuildGatesV1, attempt=1, gates=gates), "Compiling"),
        (build.event(BuildFailedV1, attempt=1, reason="GateFailed", message="pale"), "Failed"),
        (build.event(BuildRequestedV1, target="Pptx", cache_key=KEY, retry="2"), "Requested"),
        (
            build.event(BuildCacheHitV1, cache_key=KEY, artifact=DECK, provenance=STATEMENT),
            "Ready",
        ),
    ]
    projector = Projector(engine)
    async with sequencing(database), EventProducer(database, name="test") as producer:
        for number, (event, phase) in enumerate(steps, start=1):
            await producer.append(event)
            await caught_up(superuser, number)
            await projector.catch_up()
            row = await superuser.fetchrow("SELECT * FROM projection.artifacts")
            assert row is not None
            assert (row["phase"], row["last_event_id"]) == (phase, event.event_id)
            assert (row["last_event_seq"], row["last_log_index"]) == (number, number - 1)
            if phase == "Failed":
                assert (row["reason"], row["message"]) == ("GateFailed", "pale")
                assert '"findings": 3' in row["gates"]
    assert row["cache_hit"] is True
    assert row["reason"] is None
    assert row["artifact_sha256"] == DECK.sha256
    workflow = await superuser.fetchrow("SELECT * FROM projection.workflows")
    assert workflow is not None
    assert (workflow["events"], workflow["last_event_type"]) == (6, "artifact.build.cache_hit.v1")


async def test_an_event_nobody_can_show_is_set_apart(
    database: SecretStr, superuser: asyncpg.Connection, engine: AsyncEngine
) -> None:
    build = Build()
    good = build.event(BuildSuspendedV1)
    bad = build.event(BuildSuspendedV1).model_copy(update={"payload": {"namespace": "x"}})
    unknown = build.event(BuildSuspendedV1).model_copy(update={"event_type": "task.a.b.v1"})
    await believe_everything(superuser)
    async with sequencing(database), EventProducer(database, name="test") as producer:
        for event in (good, bad, unknown):
            await producer.append_canonical(
                Canonical(event.event_id, event.workflow_id, event.canonical_bytes())
            )
        await caught_up(superuser, 3)
    await Projector(engine).catch_up()
    skipped = await superuser.fetch("SELECT * FROM projection.skipped_events")
    assert [(row["event_id"], row["log_index"]) for row in skipped] == [
        (bad.event_id, 1),
        (unknown.event_id, 2),
    ]
    assert skipped[1]["problem"] == "there is no event type task.a.b.v1"
    assert await superuser.fetchval("SELECT events FROM projection.workflows") == 3


UNREADABLE = {
    "no JSON": lambda _: b"not an event",
    "no envelope": lambda _: b'{"event_type":"artifact.build.started.v1"}',
    "another form": lambda good: good.replace(b'":"', b'": "', 1),
    "a member twice": lambda good: b'{"created_at":"2026-01-01T00:00:00Z",' + good[1:],
    "a NUL": lambda _: b'{"created_at":"\\u0000"}',
    "deep": lambda _: b"[" * 20_000,
}


@pytest.mark.parametrize("forge", UNREADABLE.values(), ids=UNREADABLE.keys())
async def test_what_is_no_event_is_stepped_over_and_leaves_a_row(
    database: SecretStr,
    superuser: asyncpg.Connection,
    engine: AsyncEngine,
    forge: Callable[[bytes], bytes],
) -> None:
    before, after = Build().event(BuildSuspendedV1), Build().event(BuildSuspendedV1)
    async with sequencing(database), EventProducer(database, name="test") as producer:
        await producer.append(before)
        event_id = await record_raw(superuser, forge(after.canonical_bytes()))
        await caught_up(superuser, 2)
        await producer.append(after)
        await caught_up(superuser, 3)
    assert await Projector(engine).catch_up() == 3
    skipped = await superuser.fetch("SELECT * FROM projection.skipped_events")
    assert [(row["event_id"], row["log_index"]) for row in skipped] == [(event_id, 1)]
    assert await superuser.fetchval("SELECT count(*) FROM projection.workflows") == 2


async def test_an_event_that_was_taken_away_is_stepped_over_and_leaves_a_row(
    database: SecretStr, superuser: asyncpg.Connection, engine: AsyncEngine
) -> None:
    events = [Build().event(BuildSuspendedV1) for _ in range(3)]
    async with sequencing(database), EventProducer(database, name="test") as producer:
        for event in events:
            await producer.append(event)
        await caught_up(superuser, 3)
    async with superuser.transaction():
        await superuser.execute("SET LOCAL session_replication_role = replica")
        await superuser.execute("DELETE FROM record.events WHERE event_id = $1", events[1].event_id)
    assert await Projector(engine).catch_up() == 3
    skipped = await superuser.fetch("SELECT * FROM projection.skipped_events")
    assert [(row["event_id"], row["log_index"]) for row in skipped] == [(None, 1)]
    assert await superuser.fetchval("SELECT count(*) FROM projection.workflows") == 2


@pytest.mark.parametrize(
    "change",
    [
        {"payload": {"approver": "alice"}},
        {"task_id": UUID(int=9)},
        {"source_service": Service.EVENT_RELAY},
    ],
    ids=["field", "task", "service"],
)
async def test_what_a_task_may_not_say_changes_no_task(
    database: SecretStr, superuser: asyncpg.Connection, engine: AsyncEngine, change: dict[str, Any]
) -> None:
    flow = Flow()
    good = flow.task(TaskQueuedV1, 0)
    bad = flow.task(TaskStartedV1, 1)
    fields = {**change, "payload": bad.payload | change.get("payload", {})}
    bad = bad.model_copy(update=fields)
    await believe_everything(superuser)
    async with sequencing(database), EventProducer(database, name="test") as producer:
        for event in (good, bad):
            await producer.append_canonical(
                Canonical(event.event_id, event.workflow_id, event.canonical_bytes())
            )
        await caught_up(superuser, 2)
    await Projector(engine).catch_up()
    row = await superuser.fetchrow("SELECT * FROM projection.tasks")
    assert row is not None
    assert (row["phase"], row["last_event_id"]) == ("Queued", good.event_id)
    skipped = await superuser.fetch("SELECT event_id, problem FROM projection.skipped_events")
    assert [each["event_id"] for each in skipped] == [bad.event_id]


async def test_two_projectors_and_a_broker_that_repeats_show_everything_once(
    database: SecretStr, superuser: asyncpg.Connection, engine: AsyncEngine, tmp_path: Path
) -> None:
    broker = NatsServer(tmp_path)
    await broker.start()
    client = await connect_nats(broker.url(), name="test")
    stop = asyncio.Event()
    settings = ConsumerSettings(name=NAME)
    async with sequencing(database), relaying(database, broker.url()):
        consuming = [
            asyncio.create_task(EventConsumer(client, settings, Projector(engine).handle).run(stop))
            for _ in range(2)
        ]
        async with EventProducer(database, name="test") as producer:
            builds = [Build(f"deck-{n}") for n in range(60)]
            for _ in range(3):
                await producer.append_all(each.event(BuildSuspendedV1) for each in builds)
        broker.kill()
        await broker.start()

        async def shown() -> bool:
            position = "SELECT next_log_index FROM projection.positions"
            return await superuser.fetchval(position) == 180

        await until(shown)
        stop.set()
        await asyncio.gather(*consuming)
    counts = await superuser.fetch("SELECT events, last_event_seq FROM projection.workflows")
    assert [tuple(row) for row in counts] == [(3, 3)] * 60
    await client.close()
    broker.stop()


async def test_an_auditor_reads_every_read_model_and_changes_none(database: SecretStr) -> None:
    connection = await connect(database, Role.AUDITOR, name="test")
    for table in TABLES:
        assert await connection.fetchval(f"SELECT count(*) FROM projection.{table}") == 0  # noqa: S608
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(f"DELETE FROM projection.{table}")  # noqa: S608
    await connection.close()


async def test_the_tables_are_what_the_models_say(engine: AsyncEngine) -> None:
    def compare(connection: Connection) -> list[Any]:
        options = {
            "include_schemas": True,
            "include_name": lambda name, kind, _: kind != "schema" or name == "projection",
            "compare_type": True,
        }
        context = MigrationContext.configure(connection, opts=options)
        return compare_metadata(context, Base.metadata)

    async with engine.connect() as connection:
        differences = await connection.run_sync(compare)
    assert [each for each in differences if each[0] != "remove_index"] == []
