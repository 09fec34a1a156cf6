"""What one service appends harms nobody who reads what others did."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import UUID, uuid7

import asyncpg
import pytest
from recordevents import started
from recordlog import caught_up, sequencing
from venture_core.canonical import canonical_json
from venture_core.record.database import Role, connect
from venture_core.record.feed import Feed
from venture_core.record.living import living_builds
from venture_core.record.objectevents import ObjectEvents
from venture_core.record.producer import EventProducer
from venture_core.record.projection.projector import Projector, projection_engine

if TYPE_CHECKING:
    from pydantic import SecretStr

INSERT = "SELECT FROM record.venture_append_events($1, $2, $3)"
ODD = {
    "a number beyond jsonb's": b"1e400000",
    "a number of 131,000 digits": b"1e131000",
    "a number that is hardly any": b"1e-16000",
    "a number of 5,000 digits": b"1" * 5_000,
    "a fraction": b"1.5",
    "a list in a thousand lists": b"[" * 1_000 + b"]" * 1_000,
}
"""What JSON has, and not every reader of it."""


BEFORE = """
CREATE OR REPLACE FUNCTION record.reread(p_text text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT p_text::jsonb::text $$
"""
"""How Postgres before 16 read events when it still took exponents: logs hold what it took."""


async def _append_odd(superuser: asyncpg.Connection, workflow: UUID, value: bytes) -> None:
    """Append an event of the workflow's object that holds the value, if any database took it."""
    await superuser.execute(BEFORE)
    like = json.loads(started(workflow, 2).canonical_bytes())
    like["payload"]["odd"] = "odd"
    data = canonical_json(like).replace(b'"odd":"odd"', b'"odd":' + value)
    try:
        await superuser.execute(INSERT, [UUID(like["event_id"])], [workflow], [data])
    except asyncpg.DataError, asyncpg.ProgramLimitExceededError:
        return


@pytest.mark.parametrize("value", ODD.values(), ids=ODD)
async def test_what_not_every_reader_reads_hides_nothing_else(
    database: SecretStr, superuser: asyncpg.Connection, value: bytes
) -> None:
    workflow, engine = uuid7(), projection_engine(database)
    async with sequencing(database), EventProducer(database, name="test") as producer:
        await producer.append(started(workflow, 1))
        await caught_up(superuser, 1)
        await Projector(engine).catch_up()
        await _append_odd(superuser, workflow, value)
        last = await producer.append(started(workflow, 3))
        await caught_up(superuser, last.seq)
    await engine.dispose()

    feed, objects = Feed(database, name="test"), ObjectEvents(database, name="test")
    stretch = await feed.after("default", -1)
    assert stretch.last == last.seq - 1
    assert [each.event["payload"]["attempt"] for each in stretch.events] == [1, 3]
    shown = await objects.of(workflow, workflow, after=0, limit=10)
    assert [each.seq for each in shown] == [1, last.seq]
    await feed.close()
    await objects.close()
    operator = await connect(database, Role.PRODUCER, name="test")
    await operator.execute("SET ROLE venture_service_venture_orchestrator")
    assert [each.uid async for each in living_builds(operator)] == [workflow]
    await operator.close()
