"""Appending: once, in order, chained, joined to transactions or coalesced."""

from __future__ import annotations

import asyncio
from random import Random
from typing import TYPE_CHECKING
from uuid import UUID, uuid7

import pytest
from prometheus_client import REGISTRY as METRICS
from recordevents import started
from venture_core.events.chain import ChainHead
from venture_core.events.envelope import recorded_event
from venture_core.record.append import (
    AppendError,
    AppendRefusedError,
    Canonical,
    Fence,
    StaleEpochError,
    append_call,
    append_in_transaction,
)
from venture_core.record.database import Role, connect
from venture_core.record.producer import EventProducer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import asyncpg
    from pydantic import SecretStr

WRITER = "venture-orchestrator/test"
ALL = "SELECT * FROM record.events ORDER BY workflow_id, seq"


@pytest.fixture
async def connection(database: SecretStr) -> AsyncIterator[asyncpg.Connection]:
    connected = await connect(database, Role.PRODUCER, name="test")
    yield connected
    await connected.close()


async def _verify(superuser: asyncpg.Connection) -> int:
    """Check every chain against the rules of the record; return how many events there are."""
    heads: dict[UUID, ChainHead] = {}
    rows = await superuser.fetch(ALL)
    for row in rows:
        event = recorded_event(
            row["canonical"],
            seq=row["seq"],
            prev=row["prev_event_hash"] if row["seq"] > 1 else None,
            this=row["this_event_hash"],
        )
        assert (event.event_id, event.workflow_id) == (row["event_id"], row["workflow_id"])
        heads[row["workflow_id"]] = heads.get(row["workflow_id"], ChainHead()).append(
            row["canonical"]
        )
        assert heads[row["workflow_id"]] == ChainHead(row["seq"], row["this_event_hash"])
    for row in await superuser.fetch("SELECT * FROM record.chain_heads"):
        assert heads[row["workflow_id"]] == ChainHead(row["seq"], row["event_hash"])
    return len(rows)


async def test_events_are_chained_as_the_rules_say(
    database: SecretStr, superuser: asyncpg.Connection
) -> None:
    workflows = [uuid7() for _ in range(7)]
    async with EventProducer(database, name="test") as producer:
        for number in range(1, 6):
            appended = await producer.append_all(started(each, number) for each in workflows)
            assert {each.seq for each in appended} == {number}
    assert await _verify(superuser) == 35


async def test_one_call_takes_several_events_of_a_workflow_in_order(
    connection: asyncpg.Connection, superuser: asyncpg.Connection
) -> None:
    one, other = uuid7(), uuid7()
    chooser = Random(3)  # noqa: S311 - to be varied, not secret
    events = [started(chooser.choice((one, other)), number) for number in range(1, 101)]
    async with connection.transaction():
        appended = await append_in_transaction(connection, events)
    for workflow in (one, other):
        seqs = [a.seq for a, e in zip(appended, events, strict=True) if e.workflow_id == workflow]
        assert seqs == list(range(1, len(seqs) + 1))
    assert await _verify(superuser) == 100


async def test_the_same_event_again_is_one_event(
    database: SecretStr, superuser: asyncpg.Connection
) -> None:
    workflow = uuid7()
    first, second = started(workflow, 1), started(workflow, 2)
    async with EventProducer(database, name="test") as producer:
        once = await producer.append_all([first, second])
        # Whoever runs again has another clock: the first bytes stay.
        again = await producer.append(started(workflow, 1, event_id=first.event_id))
        mixed = await producer.append_all([second, started(workflow, 3), second])
    assert [each.is_new for each in once] == [True, True]
    assert again == once[0]._replace(is_new=False)
    assert [each.seq for each in mixed] == [2, 3, 2]
    assert await _verify(superuser) == 3


async def test_an_event_twice_in_one_call_is_one_event(
    connection: asyncpg.Connection, superuser: asyncpg.Connection
) -> None:
    event = started(uuid7(), 1)
    async with connection.transaction():
        appended = await append_in_transaction(connection, [event, event])
    assert [each.seq for each in appended] == [1, 1]
    assert await _verify(superuser) == 1


async def test_an_append_is_undone_with_its_transaction(
    connection: asyncpg.Connection, superuser: asyncpg.Connection
) -> None:
    workflow = uuid7()
    transaction = connection.transaction()
    await transaction.start()
    await append_in_transaction(connection, [started(workflow, 1)])
    await transaction.rollback()
    assert await superuser.fetchval("SELECT count(*) FROM record.unsequenced") == 0

    async with connection.transaction():
        (appended,) = await append_in_transaction(connection, [started(workflow, 2)])
    assert appended.seq == 1
    assert await _verify(superuser) == 1


async def test_joining_needs_a_transaction(connection: asyncpg.Connection) -> None:
    with pytest.raises(ValueError, match="no transaction"):
        await append_in_transaction(connection, [started(uuid7(), 1)])


async def test_an_id_cannot_move_to_another_workflow(
    database: SecretStr, superuser: asyncpg.Connection
) -> None:
    event = started(uuid7(), 1)
    async with EventProducer(database, name="test") as producer:
        await producer.append(event)
        stolen = started(uuid7(), 1, event_id=event.event_id)
        good = [started(uuid7(), number) for number in range(1, 9)]
        answers = await asyncio.gather(
            *(producer.append(each) for each in [*good[:4], stolen, *good[4:]]),
            return_exceptions=True,
        )
    assert isinstance(answers.pop(4), AppendRefusedError)
    # The refused one took nobody with it.
    assert all(not isinstance(each, BaseException) for each in answers)
    assert await _verify(superuser) == 9


async def test_many_writers_on_the_same_workflows_neither_deadlock_nor_fork(
    database: SecretStr, superuser: asyncpg.Connection
) -> None:
    workflows = [uuid7() for _ in range(12)]
    chooser = Random(4)  # noqa: S311 - to be varied, not secret

    async def write(rounds: int) -> int:
        own = await connect(database, Role.PRODUCER, name="test")
        for number in range(1, rounds + 1):
            chosen = chooser.sample(workflows, chooser.randint(1, len(workflows)))
            await append_call(
                own,
                [
                    Canonical(event.event_id, event.workflow_id, event.canonical_bytes())
                    for event in (started(each, number) for each in chosen)
                ],
                None,
            )
        await own.close()
        return rounds

    await asyncio.gather(*(write(25) for _ in range(8)))
    assert await _verify(superuser) > 8 * 25
    deadlocks = await superuser.fetchval(
        "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    )
    assert deadlocks == 0


async def test_concurrent_appends_share_calls(
    database: SecretStr, superuser: asyncpg.Connection
) -> None:
    workflows = [uuid7() for _ in range(200)]
    before = METRICS.get_sample_value("venture_event_append_batch_count") or 0
    async with EventProducer(database, name="test", lanes=1) as producer:
        await producer.append_all(started(each, 1) for each in workflows)
    calls = (METRICS.get_sample_value("venture_event_append_batch_count") or 0) - before
    assert calls <= 3
    assert await _verify(superuser) == 200


async def test_an_epoch_ends_when_the_next_begins(database: SecretStr) -> None:
    async with EventProducer(database, name="old", fence=Fence(WRITER, 1)) as old:
        await old.append(started(uuid7(), 1))
        async with EventProducer(database, name="new", fence=Fence(WRITER, 2)) as new:
            with pytest.raises(StaleEpochError, match="epoch 1"):
                await old.append(started(uuid7(), 1))
            await new.append(started(uuid7(), 1))
    with pytest.raises(StaleEpochError):
        async with EventProducer(database, name="old", fence=Fence(WRITER, 1)):
            pytest.fail("an old leader came back")


async def test_beginning_an_epoch_waits_for_appends_under_the_last(
    database: SecretStr, connection: asyncpg.Connection
) -> None:
    async with EventProducer(database, name="old", fence=Fence(WRITER, 1)):
        transaction = connection.transaction()
        await transaction.start()
        await append_in_transaction(connection, [started(uuid7(), 1)], fence=Fence(WRITER, 1))

        async def take_over() -> None:
            async with EventProducer(database, name="new", fence=Fence(WRITER, 2)):
                pass

        takeover = asyncio.create_task(take_over())
        await asyncio.sleep(0.3)
        assert not takeover.done()
        await transaction.commit()
        await takeover


async def test_a_lost_connection_loses_and_doubles_nothing(
    database: SecretStr, superuser: asyncpg.Connection
) -> None:
    workflows = [uuid7() for _ in range(20)]
    over = asyncio.Event()

    async def disturb() -> None:
        while not over.is_set():
            await superuser.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'disturbed'"
            )
            await asyncio.sleep(0.15)

    async with EventProducer(database, name="disturbed") as producer:
        disturbing = asyncio.create_task(disturb())

        async def write(workflow: UUID) -> None:
            for number in range(1, 21):
                assert (await producer.append(started(workflow, number))).seq == number

        await asyncio.gather(*(write(each) for each in workflows))
        over.set()
        await disturbing
    assert await _verify(superuser) == 400


async def test_an_absent_database_is_an_error_in_time(database: SecretStr) -> None:
    async with EventProducer(database, name="test", give_up_after_seconds=0.3) as producer:
        producer._lanes[0]._url = type(database)("postgresql://127.0.0.1:1/nothing")
        producer._lanes[1]._url = producer._lanes[0]._url
        with pytest.raises(AppendError, match="did not take it in time"):
            await producer.append(started(uuid7(), 1))


async def test_closing_appends_what_still_waits(
    database: SecretStr, superuser: asyncpg.Connection
) -> None:
    async with EventProducer(database, name="test") as producer:
        tasks = [asyncio.create_task(producer.append(started(uuid7(), 1))) for _ in range(50)]
        await asyncio.sleep(0)
    assert {each.seq for each in await asyncio.gather(*tasks)} == {1}
    assert await _verify(superuser) == 50
