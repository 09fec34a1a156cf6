"""The log over the record: nothing skipped, in order, provable, signed in time, by one leader."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import median
from typing import TYPE_CHECKING
from uuid import uuid7

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from recordevents import started
from recordlog import ORIGIN, SIGNER, caught_up, check_log, sequencing, signed_size, until
from venture_core.events.checkpoint import (
    Checkpoint,
    open_checkpoint,
    sign_checkpoint,
    to_milliseconds,
)
from venture_core.events.merkle import (
    MerkleTree,
    assemble,
    consistency_plan,
    inclusion_plan,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from venture_core.events.notes import NoteSigner
from venture_core.record.append import append_in_transaction
from venture_core.record.database import Role, connect
from venture_core.record.leader import Leader, LeadershipLostError
from venture_core.record.lognodes import load_frontier, load_nodes
from venture_core.record.producer import EventProducer
from venture_core.record.sequencer import ROLE, Sequencer

if TYPE_CHECKING:
    import asyncpg
    from pydantic import SecretStr


async def test_whoever_commits_late_is_not_skipped(
    database: SecretStr, superuser: asyncpg.Connection
) -> None:
    """Long, short, abandoned and overtaking transactions; the log grows while they are open."""
    chooser = Random(11)  # noqa: S311 - to be varied, not secret
    workflows = [uuid7() for _ in range(10)]
    committed = 0
    sizes: list[int] = []
    looking = asyncio.Lock()

    async def write(rounds: int) -> None:
        nonlocal committed
        own = await connect(database, Role.PRODUCER, name="test")
        for number in range(rounds):
            mine = [*chooser.sample(workflows, 2), uuid7()]
            transaction = own.transaction()
            await transaction.start()
            await append_in_transaction(own, [started(each, number + 1) for each in mine])
            await asyncio.sleep(chooser.choice((0, 0, 0, 0.01, 0.1, 0.4)))
            if chooser.random() < 0.2:
                await transaction.rollback()
            else:
                await transaction.commit()
                committed += len(mine)
            async with looking:
                sizes.append(await signed_size(superuser))
        await own.close()

    async with sequencing(database), EventProducer(database, name="test") as producer:
        slowest = await connect(database, Role.PRODUCER, name="test")
        open_all_along = slowest.transaction()
        await open_all_along.start()
        await append_in_transaction(slowest, [started(uuid7(), 1)])

        await asyncio.gather(*(write(12) for _ in range(8)))
        await producer.append_all(started(uuid7(), 1) for _ in range(100))
        await caught_up(superuser, committed + 100)
        # The oldest append of all is still open, and held nobody up.
        assert await check_log_without_open(superuser) == committed + 100

        await open_all_along.commit()
        await slowest.close()
        await caught_up(superuser, committed + 101)
    assert await check_log(superuser) == committed + 101
    assert len(set(sizes)) > 5


async def check_log_without_open(connection: asyncpg.Connection) -> int:
    size: int = await connection.fetchval("SELECT count(*) FROM record.log_index")
    return size


async def test_the_tree_is_proven_from_what_is_kept(
    database: SecretStr, superuser: asyncpg.Connection
) -> None:
    async with EventProducer(database, name="test") as producer:
        for target in (1, 2, 3, 20, 333):
            async with sequencing(database):
                size = await signed_size(superuser)
                await producer.append_all(started(uuid7(), 1) for _ in range(target - size))
                await caught_up(superuser, target)
    assert await check_log(superuser) == 333
    hashes = await superuser.fetch("SELECT event_hash FROM record.log_index ORDER BY log_index")
    leaves = [leaf_hash(row["event_hash"]) for row in hashes]
    tree = MerkleTree(leaves)
    kept = await superuser.fetchval("SELECT count(*) FROM record.log_nodes")
    assert kept == 333 // 16 + 333 // 256

    for size in (1, 2, 15, 16, 17, 256, 300, 333):
        assert (await load_frontier(superuser, size)).root() == tree.root(size)
        for index in {0, size // 2, size - 1}:
            plan = inclusion_plan(index, size)
            proof = assemble(plan, await load_nodes(superuser, plan.nodes))
            verify_inclusion(
                index=index, size=size, leaf=leaves[index], proof=proof, root=tree.root(size)
            )
        plan = consistency_plan(size, 333)
        verify_consistency(
            old_size=size,
            new_size=333,
            old_root=tree.root(size),
            new_root=tree.root(),
            proof=assemble(plan, await load_nodes(superuser, plan.nodes)),
        )


async def test_a_leader_that_was_replaced_writes_nothing(
    database: SecretStr, superuser: asyncpg.Connection
) -> None:
    stop = asyncio.Event()
    old_leader = Leader(ROLE, "old")
    old_connection = await connect(database, Role.SEQUENCER, name="old")
    old_epoch = await old_leader.take(old_connection)
    assert old_epoch is not None

    new_connection = await connect(database, Role.SEQUENCER, name="new")
    new_leader = Leader(ROLE, "new")
    assert await new_leader.take(new_connection) is None
    await superuser.execute("UPDATE record.leaders SET expires_at = clock_timestamp()")
    assert await new_leader.take(new_connection) == old_epoch + 1

    async with EventProducer(database, name="test") as producer:
        await producer.append(started(uuid7(), 1))
    old = Sequencer(old_leader, origin=ORIGIN, signers=[SIGNER])
    with pytest.raises(LeadershipLostError, match=f"epoch {old_epoch}"):
        await old.run(old_connection, old_epoch, stop)
    assert await superuser.fetchval("SELECT count(*) FROM record.log_index") == 0
    assert await superuser.fetchval("SELECT count(*) FROM record.unsequenced") == 1
    await old_connection.close()
    await new_connection.close()


async def test_a_standby_takes_over_where_the_leader_stopped(
    database: SecretStr, superuser: asyncpg.Connection
) -> None:
    async with (
        EventProducer(database, name="test") as producer,
        sequencing(database, name="one") as stop_one,
        sequencing(database, name="two"),
    ):
        await producer.append_all(started(uuid7(), 1) for _ in range(30))
        await caught_up(superuser, 30)
        stop_one.set()

        async def two_leads() -> bool:
            return await superuser.fetchval("SELECT holder FROM record.leaders") == "two"

        await until(two_leads)
        await producer.append_all(started(uuid7(), 1) for _ in range(30))
        await caught_up(superuser, 60)
    assert await check_log(superuser) == 60


async def test_a_hung_leader_is_replaced(
    database: SecretStr, superuser: asyncpg.Connection
) -> None:
    hung = Leader(ROLE, "hung", lease_seconds=0.5)
    connection = await connect(database, Role.SEQUENCER, name="hung")
    assert await hung.take(connection) == 1
    async with EventProducer(database, name="test") as producer, sequencing(database):
        await producer.append(started(uuid7(), 1))
        await caught_up(superuser, 1)
    await connection.close()


async def test_a_lone_event_is_signed_within_a_second(
    database: SecretStr, superuser: asyncpg.Connection
) -> None:
    """Most of them: other tests on the machine may hold one up."""
    took = []
    async with EventProducer(database, name="test") as producer, sequencing(database):
        for size in range(1, 6):
            began = time.monotonic()
            await producer.append(started(uuid7(), 1))
            await caught_up(superuser, size)
            took.append(time.monotonic() - began)
    assert median(took) < 1, took


FORGER = NoteSigner(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"\x09" * 32))


@pytest.mark.parametrize("signer", [SIGNER, FORGER], ids=["ours", "forged"])
async def test_checkpoints_say_when_they_were_signed_and_never_an_earlier_time(
    database: SecretStr, superuser: asyncpg.Connection, signer: NoteSigner
) -> None:
    # Whoever led before had a clock an hour ahead; what somebody else wrote there binds nobody.
    start = to_milliseconds(datetime.now(UTC))
    before = Checkpoint(ORIGIN, 1, bytes(32), start + timedelta(hours=1))
    await superuser.execute(
        "INSERT INTO record.checkpoints (size, root, note) VALUES ($1, $2, $3)",
        before.size,
        before.root,
        sign_checkpoint(before, [signer]).decode(),
    )
    async with sequencing(database), EventProducer(database, name="test") as producer:
        for number in range(3):
            await producer.append(started(uuid7(), number + 1))
        await caught_up(superuser, 3)
    rows = await superuser.fetch("SELECT note FROM record.checkpoints WHERE size > 1 ORDER BY size")
    times = [open_checkpoint(row["note"].encode(), [SIGNER.verifier]).signed_at for row in rows]
    if signer is SIGNER:
        assert set(times) == {before.signed_at}
    else:
        assert all(each is not None and start <= each <= datetime.now(UTC) for each in times)
        assert times == sorted(times, key=str)
