"""Exporting the real record, and what a superuser's tampering looks like to an auditor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid7

import pytest
from recordevents import started
from recordlog import ORIGIN, SIGNER, caught_up, sequencing
from venture_core.events.bundle import open_bundle
from venture_core.events.chain import event_hash
from venture_core.events.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from venture_core.events.merkle import verify_consistency
from venture_core.events.notes import NoteSigner
from venture_core.events.verify import Kind, Report, verify_bundle
from venture_core.record.database import Role, connect
from venture_core.record.export import NothingToExportError, export_bundle
from venture_core.record.producer import EventProducer
from venture_core.record.proofs import CannotProveError, prove_consistency, prove_event

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import asyncpg
    from pydantic import SecretStr

EVENTS = 60
WORKFLOWS = 4
TRUSTED = [SIGNER.verifier]


@pytest.fixture
async def workflows(database: SecretStr, superuser: asyncpg.Connection) -> list[UUID]:
    """Fill the record; return the workflows."""
    names = [uuid7() for _ in range(WORKFLOWS)]
    async with sequencing(database), EventProducer(database, name="test") as producer:
        for number in range(EVENTS):
            await producer.append(started(names[number % WORKFLOWS], number // WORKFLOWS + 1))
        await caught_up(superuser, EVENTS)
    return names


@pytest.fixture
async def auditor(database: SecretStr) -> AsyncIterator[asyncpg.Connection]:
    connection = await connect(database, Role.AUDITOR, name="test")
    yield connection
    await connection.close()


async def _verify(auditor: asyncpg.Connection, folder: Path, **options: Any) -> Report:
    await export_bundle(auditor, folder, **options)
    return verify_bundle(open_bundle(folder), TRUSTED)


async def _tamper(superuser: asyncpg.Connection, *statements: str, **values: Any) -> None:
    """Do what only a superuser can: switch the triggers off and change what is kept for ever."""
    await superuser.execute("SET session_replication_role = replica")
    for statement in statements:
        await superuser.execute(statement, *values.values())
    await superuser.execute("SET session_replication_role = origin")


async def test_an_untouched_record_verifies_whole_and_in_part(
    workflows: list[UUID], auditor: asyncpg.Connection, tmp_path: Path
) -> None:
    told: list[tuple[int, int]] = []
    report = await _verify(
        auditor, tmp_path / "whole", progress=lambda done, of: told.append((done, of))
    )
    assert report.ok, report.finding
    assert (report.first, report.size, report.entries) == (0, EVENTS, EVENTS)
    assert report.workflows == len(workflows)
    assert told[-1] == (EVENTS, EVENTS)
    assert open_bundle(tmp_path / "whole").manifest.origin == ORIGIN

    part = await _verify(auditor, tmp_path / "part", first=17)
    assert part.ok, part.finding
    assert (part.first, part.entries) == (17, EVENTS - 17)

    with pytest.raises(NothingToExportError):
        await export_bundle(auditor, tmp_path / "none", first=EVENTS)


async def test_one_byte_of_a_payload(
    workflows: list[UUID],
    auditor: asyncpg.Connection,
    superuser: asyncpg.Connection,
    tmp_path: Path,
) -> None:
    await _tamper(
        superuser,
        "UPDATE record.events SET canonical = "
        "overlay(canonical PLACING '\\x62' FROM position('\\x61'::bytea IN canonical)) "
        "WHERE workflow_id = $1 AND seq = 3",
        workflow=workflows[1],
    )
    report = await _verify(auditor, tmp_path / "bundle")
    assert report.finding is not None
    assert report.finding.kind is Kind.CONTENT_CHANGED
    assert (report.finding.log_index, report.finding.seq) == (2 * WORKFLOWS + 1, 3)
    assert report.finding.workflow_id == str(workflows[1])


async def test_a_deleted_row(
    workflows: list[UUID],
    auditor: asyncpg.Connection,
    superuser: asyncpg.Connection,
    tmp_path: Path,
) -> None:
    await _tamper(
        superuser,
        "DELETE FROM record.events WHERE workflow_id = $1 AND seq = 5",
        workflow=workflows[2],
    )
    report = await _verify(auditor, tmp_path / "bundle")
    assert report.finding is not None
    assert (report.finding.kind, report.finding.log_index) == (Kind.MISSING, 4 * WORKFLOWS + 2)


async def test_a_row_deleted_from_the_log_too(
    workflows: list[UUID],
    auditor: asyncpg.Connection,
    superuser: asyncpg.Connection,
    tmp_path: Path,
) -> None:
    assert workflows
    await _tamper(superuser, "DELETE FROM record.log_index WHERE log_index = 21")
    report = await _verify(auditor, tmp_path / "bundle")
    assert report.finding is not None
    assert (report.finding.kind, report.finding.log_index) == (Kind.MISSING, 21)


async def test_two_swapped_rows(
    workflows: list[UUID],
    auditor: asyncpg.Connection,
    superuser: asyncpg.Connection,
    tmp_path: Path,
) -> None:
    await _tamper(
        superuser,
        "UPDATE record.events e SET canonical = o.canonical, event_id = o.event_id "
        "FROM record.events o WHERE e.workflow_id = $1 AND o.workflow_id = $1 "
        "AND (e.seq, o.seq) IN ((4, 9), (9, 4))",
        workflow=workflows[0],
    )
    report = await _verify(auditor, tmp_path / "bundle")
    assert report.finding is not None
    assert report.finding.kind in {Kind.SWAPPED, Kind.CONTENT_CHANGED}
    assert report.finding.log_index == 3 * WORKFLOWS


async def _rewrite(superuser: asyncpg.Connection, workflow: UUID, first: int) -> None:
    """Change an event and recompute the whole chain after it, as well as can be."""
    rows = await superuser.fetch(
        "SELECT * FROM record.events WHERE workflow_id = $1 AND seq >= $2 ORDER BY seq",
        workflow,
        first,
    )
    prev = rows[0]["prev_event_hash"]
    await superuser.execute("SET session_replication_role = replica")
    for row in rows:
        canonical = row["canonical"]
        if row["seq"] == first:
            canonical = canonical.replace(b"board-deck", b"bored-deck")
        new = event_hash(prev if row["seq"] > 1 else None, row["seq"], canonical)
        await superuser.execute(
            "UPDATE record.events SET canonical = $3, prev_event_hash = $4, this_event_hash = $5 "
            "WHERE workflow_id = $1 AND seq = $2",
            workflow,
            row["seq"],
            canonical,
            prev,
            new,
        )
        prev = new
    await superuser.execute("SET session_replication_role = origin")


async def test_a_chain_rewritten_from_the_middle(
    workflows: list[UUID],
    auditor: asyncpg.Connection,
    superuser: asyncpg.Connection,
    tmp_path: Path,
) -> None:
    await _rewrite(superuser, workflows[3], 6)
    report = await _verify(auditor, tmp_path / "bundle")
    assert report.finding is not None
    assert (report.finding.kind, report.finding.seq) == (Kind.REWRITTEN, 6)

    # And the log's hashes with it: then the signed root does not fit.
    await _tamper(
        superuser,
        "UPDATE record.log_index l SET event_hash = e.this_event_hash FROM record.events e "
        "WHERE e.workflow_id = l.workflow_id AND e.seq = l.seq",
    )
    report = await _verify(auditor, tmp_path / "again")
    assert report.finding is not None
    assert report.finding.kind is Kind.REWRITTEN


async def test_an_inserted_row_with_a_recomputed_chain(
    workflows: list[UUID],
    auditor: asyncpg.Connection,
    superuser: asyncpg.Connection,
    tmp_path: Path,
) -> None:
    # The log's later places move by one, and the chain is made to fit.
    workflow = workflows[0]
    await _tamper(
        superuser,
        "UPDATE record.events SET seq = seq + 1000 WHERE workflow_id = $1 AND seq >= 8",
        "UPDATE record.events SET seq = seq - 999 WHERE workflow_id = $1 AND seq >= 1000",
        "INSERT INTO record.events SELECT 8, appended_at, workflow_id, gen_random_uuid(), "
        "prev_event_hash, this_event_hash, canonical FROM record.events "
        "WHERE workflow_id = $1 AND seq = 7",
        "UPDATE record.log_index SET log_index = log_index + 1001 "
        "WHERE log_index >= 28 AND $1::uuid IS NOT NULL",
        "UPDATE record.log_index SET log_index = log_index - 1000, "
        "seq = seq + (workflow_id = $1)::int WHERE log_index >= 1000",
        "INSERT INTO record.log_index SELECT 28, seq, appended_at, workflow_id, this_event_hash "
        "FROM record.events WHERE workflow_id = $1 AND seq = 8",
        workflow=workflow,
    )
    await _rewrite(superuser, workflow, 8)
    report = await _verify(auditor, tmp_path / "bundle")
    assert report.finding is not None
    assert report.finding.kind in {Kind.INSERTED, Kind.REWRITTEN}
    assert report.finding.log_index == 28 or report.finding.seq == 8


async def test_a_forged_checkpoint(
    workflows: list[UUID],
    auditor: asyncpg.Connection,
    superuser: asyncpg.Connection,
    tmp_path: Path,
) -> None:
    assert workflows
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    thief = NoteSigner(ORIGIN, Ed25519PrivateKey.generate())
    row = await superuser.fetchrow("SELECT * FROM record.checkpoints ORDER BY size DESC LIMIT 1")
    assert row is not None
    forged = sign_checkpoint(Checkpoint(ORIGIN, row["size"], b"\x11" * 32), [thief])
    await _tamper(
        superuser,
        "UPDATE record.checkpoints SET note = $1 WHERE size = (SELECT max(size) "
        "FROM record.checkpoints)",
        note=forged.decode(),
    )
    report = await _verify(auditor, tmp_path / "bundle")
    assert report.finding is not None
    assert report.finding.kind is Kind.FORGED_CHECKPOINT
    assert report.finding.checkpoint_size == EVENTS


async def test_an_event_and_a_prefix_are_proven(
    workflows: list[UUID], auditor: asyncpg.Connection, superuser: asyncpg.Connection
) -> None:
    rows = await superuser.fetch("SELECT event_id, seq FROM record.events")
    for row in rows[:: EVENTS // 6]:
        proof = await prove_event(auditor, row["event_id"])
        checkpoint = proof.verify(TRUSTED, origin=ORIGIN)
        assert checkpoint.size > proof.log_index
        assert proof.seq == row["seq"]
    with pytest.raises(CannotProveError, match="no event"):
        await prove_event(auditor, workflows[0])

    notes = await superuser.fetch("SELECT note FROM record.checkpoints ORDER BY size")
    first, last = (open_checkpoint(notes[n]["note"].encode(), TRUSTED) for n in (0, -1))
    verify_consistency(
        old_size=first.size,
        new_size=last.size,
        old_root=first.root,
        new_root=last.root,
        proof=await prove_consistency(auditor, first.size, last.size),
    )
