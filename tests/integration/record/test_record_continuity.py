"""A database that forgot: the log is compared with what it signed, and stops until people act."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import uuid7

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from prometheus_client import REGISTRY as METRICS
from recordevents import started
from recordlog import KEY, caught_up, sequencing
from recordrelay import Published, published, relaying, stream_holds
from venture_core.events.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from venture_core.events.notes import NoteSigner, open_note
from venture_core.events.types.control import RECORD_ID
from venture_core.objectstore import ObjectStore, S3Settings
from venture_core.record.anchor import Anchor, AnchorKeeper
from venture_core.record.continuity import Continuity, LogContradictionError
from venture_core.record.database import Role, connect
from venture_core.record.leader import Leader
from venture_core.record.producer import EventProducer
from venture_core.record.recovery import NothingToRecoverError, find_damage, recover
from venture_core.record.relay import ROLE as RELAY
from venture_core.record.sequencer import ROLE as SEQUENCER
from waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from nats.aio.client import Client
    from pydantic import SecretStr
    from recordservers import NatsServer


@pytest.fixture
def origin() -> str:
    """Name a log of this test's own: the bucket is everybody's."""
    return f"{secrets.token_hex(6)}.example.com/record"


class Backup:
    """A copy of the test's database, to be brought back in its place."""

    def __init__(self, url: SecretStr) -> None:
        parts = urlsplit(url.get_secret_value())
        self.name = parts.path[1:]
        self._admin = url.get_secret_value().replace(f"/{self.name}", "/postgres")

    async def take(self) -> None:
        await self._run(f"CREATE DATABASE {self.name}_old TEMPLATE {self.name}", of=self.name)

    async def bring_back(self) -> None:
        """Replace the database under whoever uses it."""
        connection = await asyncpg.connect(self._admin)
        await connection.execute(f"DROP DATABASE {self.name} WITH (FORCE)")
        await connection.execute(f"ALTER DATABASE {self.name}_old RENAME TO {self.name}")
        await connection.close()

    async def _run(self, statement: str, *, of: str) -> None:
        connection = await asyncpg.connect(self._admin)
        try:
            await connection.execute(f"ALTER DATABASE {of} ALLOW_CONNECTIONS false")
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", of
            )
            async for _ in _gone(connection, of):
                pass
            await connection.execute(statement)
            await connection.execute(f"ALTER DATABASE {of} ALLOW_CONNECTIONS true")
            await connection.execute(f"ALTER DATABASE {of}_old ALLOW_CONNECTIONS true")
        finally:
            await connection.close()


async def _gone(connection: asyncpg.Connection, of: str) -> AsyncIterator[None]:
    async def nobody() -> bool:
        query = "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = $1)"
        return bool(await connection.fetchval(query, of))

    await until(nobody)
    yield


async def _append(database: SecretStr, count: int) -> None:
    async with EventProducer(database, name="test") as producer:
        await producer.append_all(started(uuid7(), 1) for _ in range(count))


async def _open(database: SecretStr) -> asyncpg.Connection:
    connection: asyncpg.Connection = await asyncpg.connect(database.get_secret_value())
    return connection


async def _signed(database: SecretStr, size: int) -> None:
    connection = await _open(database)
    await caught_up(connection, size)
    await connection.close()


async def _anchored(store: ObjectStore, origin: str, size: int) -> None:
    """Wait until the object store holds a checkpoint of this size."""
    verifier = NoteSigner(origin, KEY).verifier

    async def reached() -> bool:
        note = await Anchor(store, origin).newest()
        return note is not None and open_checkpoint(note, [verifier]).size == size

    await until(reached)


async def _stands_still(leader: Leader, words: str) -> None:
    async def complains() -> bool:
        return leader.complaint is not None and words in leader.complaint

    await until(complains)
    value = METRICS.get_sample_value("venture_record_stands_still", {"role": leader.role})
    assert value == 1


async def _recover(database: SecretStr) -> int:
    connection = await connect(database, Role.RECOVERY, name="test")
    try:
        damage = await find_damage(connection)
        return await recover(
            connection, damage, who="ann", reason="the backup of noon", now=datetime.now(UTC)
        )
    finally:
        await connection.close()


async def test_a_restored_database_stops_both_until_somebody_begins_an_epoch(
    database: SecretStr, broker: NatsServer, client: Client, store: ObjectStore, origin: str
) -> None:
    backup = Backup(database)
    async with (
        sequencing(database, store=store, origin=origin),
        relaying(database, broker.url(), store=store),
    ):
        await _append(database, 20)
        await stream_holds(client, 20)
        await _signed(database, 20)
    await backup.take()
    async with (
        sequencing(database, store=store, origin=origin),
        relaying(database, broker.url(), store=store),
    ):
        await _append(database, 15)
        await stream_holds(client, 35)
        await _signed(database, 35)
        await _anchored(store, origin, 35)
    lost = [each.message_id for each in (await published(client))[20:]]
    await backup.bring_back()

    numbering, relay = Leader(SEQUENCER, "one"), Leader(RELAY, "one")
    async with (
        sequencing(database, store=store, origin=origin, leader=numbering),
        relaying(database, broker.url(), store=store, leader=relay),
    ):
        await _append(database, 5)
        await _stands_still(numbering, "contradicts what it signed when it had 35")
        await _stands_still(relay, "venture record recover")
        connection = await _open(database)
        # Appends go on, nothing is numbered, nothing is published: nothing is decided yet.
        assert await connection.fetchval("SELECT max(log_index) FROM record.log_index") == 19
        assert (await client.jetstream().stream_info("EVENTS")).state.last_seq == 35
        (row,) = await connection.fetch("SELECT * FROM record.contradictions")
        assert (row["anchor_size"], row["log_size"], row["kept_size"]) == (35, 20, 20)
        found = await connection.fetch("SELECT event_id FROM record.phantoms ORDER BY log_index")
        assert [str(each["event_id"]) for each in found] == lost

        assert await _recover(database) == 1
        await stream_holds(client, 42, seconds=60)
        await _signed(database, 27)
        await _anchored(store, origin, 27)
        assert (numbering.complaint, relay.complaint) == (None, None)

    await _says_what_was_lost(connection, await published(client), lost)
    await connection.close()
    # Whoever reads the bucket sees it too, signed and for good.
    folder = f"anchor/{hashlib.sha256(origin.encode()).hexdigest()[:16]}/recoveries"
    (attested,) = [each.key async for each in store.list(folder)]
    note = await store.get(attested, max_bytes=10_000)
    text = open_note(note, [NoteSigner(origin, KEY).verifier]).text
    assert Checkpoint.parse(text).size == 20
    assert "epoch 1 instead of 35 " in text


async def _says_what_was_lost(
    connection: asyncpg.Connection, messages: list[Published], lost: list[str]
) -> None:
    """Check the first recovery, in the stream and in the database."""
    after = messages[35:]
    assert [each.log_index for each in after] == list(range(20, 27))
    told = {each.subject: each.event["payload"] for each in after if "control." in each.subject}
    payload, phantoms = (told[f"control.record.{name}.v1"] for name in ("recovered", "phantoms"))
    assert isinstance(payload, dict)
    assert isinstance(phantoms, dict)
    assert (payload["keptSize"], payload["lostSize"], payload["epoch"]) == (20, 35, 1)
    assert phantoms["eventIds"] == lost
    recovery = await connection.fetchrow("SELECT * FROM record.recoveries")
    assert recovery is not None
    assert payload["lostNoteDigest"] == _digest(recovery["lost_note"])
    assert recovery["recovered_by"].startswith("ann (")
    assert recovery["reason"] == "the backup of noon"


def _digest(note: str) -> str:
    return f"sha256:{hashlib.sha256(note.encode()).hexdigest()}"


async def test_what_a_living_sequencer_saw_committed_counts_though_it_was_never_anchored(
    database: SecretStr, store: ObjectStore, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failover that loses the last moments: the anchor in the store is older than the loss."""
    monkeypatch.setattr("venture_core.record.anchor.EVERY_SECONDS", 3600.0)
    backup, leader = Backup(database), Leader(SEQUENCER, "one")
    async with sequencing(database, store=store, origin=origin, leader=leader):
        await _append(database, 10)
        await _signed(database, 10)
        await backup.take()
        await _append(database, 3)
        await _signed(database, 13)
        # The store holds what was signed when the leader began last.
        await _anchored(store, origin, 10)
        await backup.bring_back()
        await _stands_still(leader, "contradicts what it signed when it had 13")
        await _recover(database)
        await _append(database, 2)
        await _signed(database, 13)
        assert leader.complaint is None


async def test_an_epoch_whose_number_comes_again_lets_the_log_go_on(
    database: SecretStr, store: ObjectStore, origin: str
) -> None:
    backup, leader = Backup(database), Leader(SEQUENCER, "one")
    async with sequencing(database, store=store, origin=origin):
        await _append(database, 3)
        await _anchored(store, origin, 3)
    await backup.take()
    async with sequencing(database, store=store, origin=origin, leader=leader):
        await _append(database, 2)
        await _anchored(store, origin, 5)
        await backup.bring_back()
        await backup.take()
        await _stands_still(leader, "had 5")
        assert await _recover(database) == 1
        await _anchored(store, origin, 4)
        await backup.bring_back()
        await _stands_still(leader, "had 4")
        assert await _recover(database) == 1
        await _signed(database, 4)


async def test_an_emptied_database_is_no_new_log(
    database: SecretStr, store: ObjectStore, origin: str
) -> None:
    backup = Backup(database)
    await backup.take()
    async with sequencing(database, store=store, origin=origin):
        await _append(database, 5)
        await _anchored(store, origin, 5)
    await backup.bring_back()
    leader = Leader(SEQUENCER, "one")
    async with sequencing(database, store=store, origin=origin, leader=leader):
        await _stands_still(leader, "the log has 0 events")


async def test_a_log_that_was_rewritten_is_found_while_it_is_running(
    database: SecretStr, store: ObjectStore, origin: str
) -> None:
    leader = Leader(SEQUENCER, "one")
    async with sequencing(database, store=store, origin=origin, leader=leader):
        await _append(database, 10)
        await _anchored(store, origin, 10)
        connection = await _open(database)
        async with connection.transaction():
            await connection.execute("SET LOCAL session_replication_role = replica")
            await connection.execute(
                "UPDATE record.log_index SET event_hash = sha256('x') WHERE log_index = 9"
            )
        await _stands_still(leader, "contradicts what it signed when it had 10")
        row = await connection.fetchrow("SELECT * FROM record.contradictions")
        assert row is not None
        # The hour's checkpoint is of the first size that was anchored, and is contradicted as well.
        assert row["kept_size"] < 10
        await connection.close()


async def test_a_contradiction_is_recovered_from_once(
    database: SecretStr, store: ObjectStore, origin: str
) -> None:
    connection = await connect(database, Role.RECOVERY, name="test")
    with pytest.raises(NothingToRecoverError):
        await find_damage(connection)
    backup = Backup(database)
    await connection.close()
    async with sequencing(database, store=store, origin=origin):
        await _append(database, 4)
        await _signed(database, 4)
    await backup.take()
    async with sequencing(database, store=store, origin=origin):
        await _append(database, 6)
        await _anchored(store, origin, 10)
    await backup.bring_back()
    leader = Leader(SEQUENCER, "one")
    async with sequencing(database, store=store, origin=origin, leader=leader):
        await _stands_still(leader, "had 10")
        await _recover(database)
        await _anchored(store, origin, 5)
    # Restored once more, to what the recovery does not speak of.
    await _append(database, 7)
    async with sequencing(database, store=store, origin=origin):
        await _anchored(store, origin, 12)
    connection = await _open(database)
    async with connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute("DELETE FROM record.log_index WHERE log_index >= 8")
        await connection.execute("DELETE FROM record.checkpoints WHERE size > 8")
    await connection.close()
    leader = Leader(SEQUENCER, "one")
    async with sequencing(database, store=store, origin=origin, leader=leader):
        await _stands_still(leader, "had 12")


@pytest.mark.parametrize("note", [b"", b"garbage", None], ids=["empty", "garbage", "a stranger's"])
async def test_an_anchor_that_nobody_signed_stops_too(
    database: SecretStr, store: ObjectStore, origin: str, note: bytes | None
) -> None:
    async with sequencing(database, store=store, origin=origin):
        await _append(database, 3)
        await _anchored(store, origin, 3)
    if note is None:
        stranger = NoteSigner(origin, Ed25519PrivateKey.generate())
        note = sign_checkpoint(Checkpoint(origin, 3, bytes(32)), [stranger])
    await Anchor(store, origin).put(note)
    leader = Leader(SEQUENCER, "one")
    async with sequencing(database, store=store, origin=origin, leader=leader):
        await _stands_still(leader, "no checkpoint that a key of this log signed")


async def test_without_the_newest_anchor_the_hour_s_is_asked(
    database: SecretStr, store: ObjectStore, origin: str
) -> None:
    async with sequencing(database, store=store, origin=origin):
        await _append(database, 3)
        await _anchored(store, origin, 3)
    folder = f"anchor/{hashlib.sha256(origin.encode()).hexdigest()[:16]}"
    keys = [each.key async for each in store.list(folder)]
    assert [key.removeprefix(folder)[:8] for key in sorted(keys)] == ["/hourly/", "/newest"]
    await store.delete(f"{folder}/newest")
    connection = await _open(database)
    # It has been asked: it is what the log is, or was.
    assert await Continuity(store).check(connection) is not None
    async with connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute("DELETE FROM record.log_index")
    with pytest.raises(LogContradictionError):
        await Continuity(store).check(connection)
    await connection.close()


async def test_an_hour_keeps_its_first_checkpoint(store: ObjectStore, origin: str) -> None:
    anchor, signer = Anchor(store, origin), NoteSigner(origin, KEY)
    keeper = AnchorKeeper(anchor, found=None)
    for size, hour in ((1, 8), (2, 8), (3, 9)):
        keeper.signed = sign_checkpoint(Checkpoint(origin, size, bytes(32)), [signer])
        await keeper.keep(datetime(2026, 11, 26, hour, 30, tzinfo=UTC))
    await anchor.put_hourly(b"of an hour to come", datetime.now(UTC) + timedelta(days=1))
    kept = [open_checkpoint(each, [signer.verifier]).size async for each in anchor.hourly(most=5)]
    assert kept == [3, 1]


@pytest.mark.parametrize("forged", ["newest", "hour"])
async def test_what_is_put_into_the_bucket_hides_no_loss_and_hinders_no_recovery(
    database: SecretStr, store: ObjectStore, origin: str, forged: str
) -> None:
    backup, anchor = Backup(database), Anchor(store, origin)
    async with sequencing(database, store=store, origin=origin):
        await _append(database, 3)
        await _anchored(store, origin, 3)
    older = await anchor.newest()
    await backup.take()
    async with sequencing(database, store=store, origin=origin):
        await _append(database, 7)
        await _anchored(store, origin, 10)
    newest = await anchor.newest()
    assert older
    assert newest
    soon = datetime.now(UTC) + timedelta(hours=1)
    if forged == "newest":
        await anchor.put_hourly(newest, soon)
        await anchor.put(older)
    else:
        await anchor.put_hourly(b"garbage", soon)
    await backup.bring_back()
    leader = Leader(SEQUENCER, "one")
    async with sequencing(database, store=store, origin=origin, leader=leader):
        await _stands_still(leader, "had 10")
        await _recover(database)
        await _anchored(store, origin, 4)
    async with sequencing(database, store=store, origin=origin):
        await _append(database, 2)
        await _anchored(store, origin, 6)


async def test_without_the_store_nobody_begins_but_who_leads_goes_on(
    database: SecretStr, s3_settings: S3Settings, origin: str
) -> None:
    away = ObjectStore(s3_settings.model_copy(update={"bucket": "not-there"}))
    leader = Leader(SEQUENCER, "one")
    async with sequencing(database, store=away, origin=origin, leader=leader):
        await _stands_still(leader, "cannot be compared")
    present = ObjectStore(s3_settings)
    leader = Leader(SEQUENCER, "two")
    async with sequencing(database, store=present, origin=origin, leader=leader):
        await _append(database, 3)
        await _anchored(present, origin, 3)
        present._store = away._store
        await _append(database, 3)
        await _signed(database, 6)
        assert leader.complaint is None


async def test_phantoms_are_named_where_the_log_itself_is_whole(
    database: SecretStr, store: ObjectStore, origin: str
) -> None:
    connection = await _open(database)
    phantom = uuid7()
    async with sequencing(database, store=store, origin=origin):
        await connection.execute(
            "INSERT INTO record.phantoms (log_index, stream_sequence, event_id, workflow_id,"
            " event_hash) VALUES (3, 4, $1, $2, $3)",
            phantom,
            uuid7(),
            bytes(32),
        )
        assert await _recover(database) == 0
        await caught_up(connection, 1)
    rows = await connection.fetch("SELECT canonical FROM record.events")
    assert [str(phantom) in row["canonical"].decode() for row in rows] == [True]
    assert await connection.fetchval("SELECT count(*) FROM record.recoveries") == 0
    assert await connection.fetchval("SELECT workflow_id FROM record.events") == RECORD_ID
    await connection.close()
