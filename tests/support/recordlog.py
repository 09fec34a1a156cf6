"""A sequencer for the tests of the record, and what its log must be."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from uuid import UUID, uuid7

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from venture_core.events.chain import ChainHead
from venture_core.events.checkpoint import open_checkpoint
from venture_core.events.merkle import MerkleTree, leaf_hash
from venture_core.events.notes import NoteSigner
from venture_core.record.continuity import Continuity
from venture_core.record.database import Role, connect
from venture_core.record.leader import Leader, lead_until
from venture_core.record.sequencer import ROLE, Sequencer
from waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import asyncpg
    from pydantic import SecretStr
    from venture_core.objectstore import ObjectStore

ORIGIN = "test.example.com/record"
KEY = Ed25519PrivateKey.generate()
SIGNER = NoteSigner(ORIGIN, KEY)


@asynccontextmanager
async def sequencing(
    url: SecretStr,
    *,
    name: str = "one",
    store: ObjectStore | None = None,
    origin: str = ORIGIN,
    leader: Leader | None = None,
) -> AsyncIterator[asyncio.Event]:
    """Run a sequencer as long as the context; setting the yielded event stops it before."""
    stop = asyncio.Event()
    leader = leader or Leader(ROLE, name)
    sequencer = Sequencer(
        leader,
        origin=origin,
        signers=[SIGNER if origin == ORIGIN else NoteSigner(origin, KEY)],
        continuity=None if store is None else Continuity(store),
    )

    async def work(connection: asyncpg.Connection, epoch: int) -> None:
        await sequencer.run(connection, epoch, stop)

    running = asyncio.create_task(
        lead_until(stop, leader, lambda: connect(url, Role.SEQUENCER, name=name), work)
    )
    try:
        yield stop
    finally:
        stop.set()
        await running


async def caught_up(connection: asyncpg.Connection, events: int, *, seconds: float = 60) -> None:
    """Wait until so many events are numbered and signed for."""
    await until(lambda: _reached(connection, events), seconds=seconds)


async def _reached(connection: asyncpg.Connection, events: int) -> bool:
    return await signed_size(connection) >= events


async def signed_size(connection: asyncpg.Connection) -> int:
    """Return the size of the newest checkpoint."""
    size: int = await connection.fetchval("SELECT coalesce(max(size), 0) FROM record.checkpoints")
    return size


async def record_raw(superuser: asyncpg.Connection, canonical: bytes) -> UUID:
    """Put bytes into the record past its front door, as an older version took them."""
    event_id, workflow = uuid7(), uuid7()
    after = ChainHead().append(canonical)
    async with superuser.transaction():
        now = await superuser.fetchval("SELECT now()")
        await superuser.execute(
            "INSERT INTO record.events (seq, appended_at, workflow_id, event_id, prev_event_hash,"
            " this_event_hash, canonical) VALUES (1, $1, $2, $3, $4, $5, $6)",
            now,
            workflow,
            event_id,
            bytes(32),
            after.hash,
            canonical,
        )
        await superuser.execute(
            "INSERT INTO record.unsequenced (appended_at, workflow_ids, seqs, event_hashes) "
            "VALUES ($1, $2, $3, $4)",
            now,
            [workflow],
            [1],
            [after.hash],
        )
    return event_id


async def check_log(connection: asyncpg.Connection) -> int:
    """Check the log against the events and every checkpoint against the log; return its size."""
    rows = await connection.fetch("SELECT * FROM record.log_index ORDER BY log_index")
    assert [row["log_index"] for row in rows] == list(range(len(rows)))
    known = {
        (row["workflow_id"], row["seq"]): row["this_event_hash"]
        for row in await connection.fetch("SELECT * FROM record.events")
    }
    assert {(row["workflow_id"], row["seq"]): row["event_hash"] for row in rows} == known
    last: dict[UUID, int] = {}
    for row in rows:
        assert row["seq"] == last.get(row["workflow_id"], 0) + 1
        last[row["workflow_id"]] = row["seq"]
    tree = MerkleTree([leaf_hash(row["event_hash"]) for row in rows])
    for row in await connection.fetch("SELECT * FROM record.checkpoints"):
        checkpoint = open_checkpoint(row["note"].encode(), [SIGNER.verifier], origin=ORIGIN)
        assert (checkpoint.size, checkpoint.root) == (row["size"], row["root"])
        assert tree.root(row["size"]) == row["root"]
    return len(rows)
