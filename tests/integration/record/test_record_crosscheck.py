"""Tampering that no bundle shows, because no bundle has a place for it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid7

import pytest
from recordevents import started
from recordlog import caught_up, sequencing
from venture_core.record.crosscheck import MAX_NAMED, crosscheck
from venture_core.record.database import Role, connect
from venture_core.record.producer import EventProducer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

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
