"""Tampering that no bundle shows, because no bundle has a place for it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid7

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from recordevents import started
from recordlog import ORIGIN, SIGNER, caught_up, sequencing
from venture_core.events.bundle import open_bundle
from venture_core.events.checkpoint import Checkpoint, sign_checkpoint
from venture_core.events.notes import NoteSigner
from venture_core.events.verify import verify_bundle
from venture_core.record import export
from venture_core.record.crosscheck import MAX_NAMED, crosscheck
from venture_core.record.database import Role, connect
from venture_core.record.producer import EventProducer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import asyncpg
    from pydantic import SecretStr

EVENTS = 620
"""More than are compared at once."""


@pytest.fixture
async def workflow(database: SecretStr, superuser: asyncpg.Connection) -> UUID:
    """Fill the log with one workflow's events, and switch the superuser's triggers off."""
    name = uuid7()
    async with sequencing(database), EventProducer(database, name="test") as producer:
        await producer.append_all(started(name, number) for number in range(1, EVENTS + 1))
        await caught_up(superuser, EVENTS)
    await superuser.execute("SET session_replication_role = replica")
    return name


@pytest.fixture
async def auditor(database: SecretStr) -> AsyncIterator[asyncpg.Connection]:
    connection = await connect(database, Role.AUDITOR, name="test")
    yield connection
    await connection.close()


@pytest.mark.usefixtures("workflow")
async def test_an_untouched_record_has_no_fault(
    database: SecretStr, auditor: asyncpg.Connection
) -> None:
    seen: list[tuple[int, int]] = []
    async with EventProducer(database, name="test") as producer:
        await producer.append_all(started(uuid7(), 1) for _ in range(30))
    found = await crosscheck(auditor, progress=lambda done, size: seen.append((done, size)))
    assert (found.entries, found.faults, found.fault_count) == (EVENTS, (), 0)
    assert seen == [(500, EVENTS), (EVENTS, EVENTS)]


async def test_a_changed_event_id_is_named(
    workflow: UUID, superuser: asyncpg.Connection, auditor: asyncpg.Connection
) -> None:
    other = uuid7()
    await superuser.execute(
        "UPDATE record.events SET event_id = $1 WHERE workflow_id = $2 AND seq = 601",
        other,
        workflow,
    )
    found = await crosscheck(auditor)
    [fault] = found.faults
    assert (fault.log_index, fault.event_id, fault.seq) == (600, other, 601)
    assert f"the column event_id is {other}" in fault.message
    assert found.fault_count == 1


async def test_an_event_moved_to_another_workflow_is_named(
    workflow: UUID, superuser: asyncpg.Connection, auditor: asyncpg.Connection
) -> None:
    other = uuid7()
    for table in ("events", "log_index"):
        await superuser.execute(
            f"UPDATE record.{table} SET workflow_id = $1 WHERE workflow_id = $2 AND seq = 7",  # noqa: S608
            other,
            workflow,
        )
    [fault] = (await crosscheck(auditor)).faults
    assert (fault.log_index, fault.workflow_id) == (6, other)
    assert f"bytes say {workflow}" in fault.message


async def test_all_faults_are_counted_and_the_first_are_named(
    workflow: UUID, superuser: asyncpg.Connection, auditor: asyncpg.Connection
) -> None:
    await superuser.execute(
        "UPDATE record.events SET event_id = gen_random_uuid() "
        "WHERE workflow_id = $1 AND seq <= 150",
        workflow,
    )
    found = await crosscheck(auditor)
    assert found.fault_count == 150
    assert [fault.log_index for fault in found.faults] == list(range(MAX_NAMED))


FORGER = NoteSigner(ORIGIN, Ed25519PrivateKey.generate())


def _note(size: int, signer: NoteSigner = SIGNER) -> str:
    return sign_checkpoint(Checkpoint(ORIGIN, size, bytes(32)), [signer]).decode()


@pytest.mark.parametrize(
    ("size", "note", "problem"),
    [
        (17, _note(17), "have another root than the one that was signed"),
        (17, _note(17, FORGER), "no trusted key signed it"),
        (17, _note(16), "its columns are not what was signed"),
        (17, "no note", "a note is a text"),
        (EVENTS + 1, _note(EVENTS + 1), f"the log has {EVENTS} entries and never had more"),
    ],
)
@pytest.mark.usefixtures("workflow")
async def test_a_forged_checkpoint_is_named_though_the_bundle_leaves_it_out(
    size: int,
    note: str,
    problem: str,
    superuser: asyncpg.Connection,
    auditor: asyncpg.Connection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    insert = "INSERT INTO record.checkpoints (size, root, note) VALUES ($1, $2, $3)"
    await superuser.execute("DELETE FROM record.checkpoints WHERE size = $1", size)
    await superuser.execute(insert, size, bytes(32), note)
    monkeypatch.setattr(export, "MAX_CHECKPOINTS", 1)
    await export.export_bundle(auditor, tmp_path / "bundle", size=EVENTS, origin=ORIGIN)
    assert verify_bundle(open_bundle(tmp_path / "bundle"), [SIGNER.verifier]).ok
    found = await crosscheck(auditor)
    [fault] = found.faults
    assert fault.message.startswith(f"the checkpoint of {size} entries: ")
    assert problem in fault.message
    assert (fault.log_index, found.fault_count) == (size - 1, 1)


async def test_checkpoints_behind_a_hole_are_not_accused(
    workflow: UUID, superuser: asyncpg.Connection, auditor: asyncpg.Connection
) -> None:
    await superuser.execute("DELETE FROM record.log_index WHERE log_index = 3")
    assert (await crosscheck(auditor)).faults == ()
