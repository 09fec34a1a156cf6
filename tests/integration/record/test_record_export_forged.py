"""Checkpoints that somebody put into the database: an export ends, and the forged one is named."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING
from uuid import uuid7

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from recordevents import started
from recordlog import ORIGIN, SIGNER, caught_up, sequencing
from venture_core.events.bundle import open_bundle
from venture_core.events.checkpoint import Checkpoint, sign_checkpoint
from venture_core.events.notes import NoteSigner
from venture_core.events.verify import Kind, verify_bundle
from venture_core.record.database import Role, connect
from venture_core.record.export import (
    MAX_CHECKPOINTS,
    MAX_GAPS_AT_END,
    NothingToExportError,
    export_bundle,
)
from venture_core.record.producer import EventProducer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import asyncpg
    from pydantic import SecretStr

EVENTS = 60
FORGER = NoteSigner(ORIGIN, Ed25519PrivateKey.generate())
MIB = 1024 * 1024
_FORGE = "INSERT INTO record.checkpoints (size, root, note) VALUES ($1, $2, $3)"


def _signed(size: int, origin: str = ORIGIN) -> str:
    return sign_checkpoint(Checkpoint(origin, size, bytes(32)), [FORGER]).decode()


@pytest.fixture
async def auditor(
    database: SecretStr, superuser: asyncpg.Connection
) -> AsyncIterator[asyncpg.Connection]:
    """Connect as the auditor of a log that is signed to its end."""
    async with sequencing(database), EventProducer(database, name="test") as producer:
        await producer.append_all(started(uuid7(), 1) for _ in range(EVENTS))
        await caught_up(superuser, EVENTS)
    connection = await connect(database, Role.AUDITOR, name="test")
    yield connection
    await connection.close()


@pytest.mark.parametrize(
    ("size", "note"),
    [
        pytest.param(2**62, _signed(2**62), id="of-a-log-too-long-to-write"),
        pytest.param(EVENTS + 1, _signed(EVENTS + 1, "other.example.com/log"), id="other-origin"),
        pytest.param(EVENTS + 1, "\nno note", id="no-name"),
        pytest.param(EVENTS + 1, "x" * 5000, id="endless-name"),
    ],
)
async def test_a_forged_checkpoint_at_the_end_is_named(
    size: int, note: str, superuser: asyncpg.Connection, auditor: asyncpg.Connection, tmp_path: Path
) -> None:
    await superuser.execute(_FORGE, size, bytes(32), note)
    manifest = await export_bundle(auditor, tmp_path / "bundle")
    assert manifest.origin == ORIGIN
    assert manifest.size == min(size, EVENTS + MAX_GAPS_AT_END)
    finding = verify_bundle(open_bundle(tmp_path / "bundle"), [SIGNER.verifier]).finding
    assert finding is not None
    assert finding.kind is Kind.FORGED_CHECKPOINT
    assert finding.checkpoint_size != EVENTS


async def test_an_auditor_may_say_which_log_it_is(
    auditor: asyncpg.Connection, tmp_path: Path
) -> None:
    right = await export_bundle(auditor, tmp_path / "right", origin=ORIGIN)
    assert verify_bundle(open_bundle(tmp_path / "right"), [SIGNER.verifier]).ok
    assert right.origin == ORIGIN
    await export_bundle(auditor, tmp_path / "wrong", origin="other.example.com/log")
    finding = verify_bundle(open_bundle(tmp_path / "wrong"), [SIGNER.verifier]).finding
    assert finding is not None
    assert finding.kind is Kind.OTHER_LOG


async def test_a_log_of_which_nothing_is_signed_is_refused(
    superuser: asyncpg.Connection, auditor: asyncpg.Connection, tmp_path: Path
) -> None:
    await superuser.execute("SET session_replication_role = replica")
    await superuser.execute("DELETE FROM record.checkpoints")
    with pytest.raises(NothingToExportError):
        await export_bundle(auditor, tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


async def test_as_many_checkpoints_as_a_bundle_takes_are_never_in_memory_together(
    superuser: asyncpg.Connection, auditor: asyncpg.Connection, tmp_path: Path
) -> None:
    note = _signed(EVENTS)
    await superuser.execute(
        "INSERT INTO record.checkpoints (size, root, note) "
        "SELECT size, $3, $4 FROM generate_series($1::bigint, $2) size",
        *(EVENTS + 1, EVENTS + MAX_CHECKPOINTS, bytes(32), note),
    )
    tracemalloc.start()
    try:
        await export_bundle(auditor, tmp_path / "bundle", size=EVENTS + MAX_CHECKPOINTS)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    written = (tmp_path / "bundle" / "checkpoints.ndjson").read_bytes()
    assert written.count(b"\n") > MAX_CHECKPOINTS // 2
    assert peak < 16 * MIB
