"""Thousands of events that somebody changed: each is refused, or the log verifies with it in it."""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid7

import asyncpg
import pytest
from mutations import event_bytes, mutated
from recordconsumer import Recorder, append_to, consuming
from recordlog import SIGNER, caught_up, sequencing
from recordrelay import relaying
from soaking import examples
from venture_core.events.bundle import open_bundle
from venture_core.events.form import MEMBERS, malformation
from venture_core.events.verify import Kind, verify_bundle
from venture_core.record.database import Role, connect
from venture_core.record.export import export_bundle
from venture_core.record.projection.projector import Projector, projection_engine
from waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from nats.aio.client import Client
    from pydantic import SecretStr
    from recordservers import NatsServer

MUTATIONS: Final = examples(800)
SEED: Final = int(os.environ.get("VENTURE_MUTATIONS_SEED", "20261127"))
REFUSALS: Final = ("VE", "22", "54")
"""Classes of what the append refuses: by itself, as no JSON or no date, and as too deep."""
INSERT: Final = "SELECT * FROM record.venture_append_events($1, $2, $3)"


async def _append_changed(superuser: asyncpg.Connection) -> Counter[str]:
    """Append changed events, alone or behind one that is as it should be; count what was said."""
    random = Random(SEED)  # noqa: S311 - to be repeated, not secret
    said = Counter[str]()
    workflows = [uuid7() for _ in range(4)]
    for _ in range(MUTATIONS):
        workflow = random.choice(workflows)
        event_id = uuid7()
        data = mutated(event_bytes(random, event_id, workflow), random)
        ids, events = [event_id], [data]
        if random.random() < 0.5:
            ids.insert(0, uuid7())
            events.insert(0, event_bytes(random, ids[0], workflow))
        said[await _append(superuser, ids, workflow, events)] += 1
    return said


async def _append(
    superuser: asyncpg.Connection, ids: list[UUID], workflow: UUID, events: list[bytes]
) -> str:
    """Return the class of the refusal, or that there was none."""
    try:
        await superuser.fetch(INSERT, ids, [workflow] * len(ids), events)
    except asyncpg.PostgresError as error:
        if (error.sqlstate or "").startswith(REFUSALS):
            return f"refused {error.sqlstate}"
        error.add_note(repr(events))
        raise
    return "accepted"


async def _accepted(superuser: asyncpg.Connection) -> list[bytes]:
    """Return the events of the log, each the one that its columns name, whatever its payload."""
    rows = await superuser.fetch(
        "SELECT e.* FROM record.log_index l JOIN record.events e USING (workflow_id, seq) "
        "ORDER BY l.log_index"
    )
    for row in rows:
        outer = json.loads(row["canonical"])
        assert tuple(outer) == MEMBERS
        named = UUID(outer["event_id"]), UUID(outer["workflow_id"])
        assert named == (row["event_id"], row["workflow_id"])
        assert isinstance(outer["payload"], dict)
    return [row["canonical"] for row in rows]


@pytest.mark.soak
@pytest.mark.timeout(900)
async def test_what_is_changed_is_refused_or_verifies_and_stops_nobody(
    database: SecretStr,
    superuser: asyncpg.Connection,
    broker: NatsServer,
    client: Client,
    tmp_path: Path,
) -> None:
    recorder, engine = Recorder(), projection_engine(database)
    async with (
        sequencing(database),
        relaying(database, broker.url()),
        consuming(client, database, recorder),
    ):
        said = await _append_changed(superuser)
        last = uuid7()
        await append_to(database, [last], 1)
        size = await superuser.fetchval("SELECT count(*) FROM record.events")
        await caught_up(superuser, size, seconds=60)

        async def last_is_consumed() -> bool:
            return any(each.event.workflow_id == last for each in recorder.seen)

        await until(last_is_consumed)
        await Projector(engine).catch_up()
    await engine.dispose()
    positions = await superuser.fetchrow(
        "SELECT r.next_log_index, p.next_log_index "
        "FROM record.relay_positions r, projection.positions p"
    )
    assert tuple(positions) == (size, size)

    log = await _accepted(superuser)
    odd = [index for index, event in enumerate(log) if malformation(event) is not None]
    auditor = await connect(database, Role.AUDITOR, name="test")
    await export_bundle(auditor, tmp_path / "bundle")
    await auditor.close()
    bundle = open_bundle(tmp_path / "bundle")
    proven = await asyncio.to_thread(verify_bundle, bundle, [SIGNER.verifier], strict=False)
    assert proven.finding is None
    assert proven.entries == size == len(log)
    strictly = await asyncio.to_thread(verify_bundle, bundle, [SIGNER.verifier])
    found = strictly.finding and (strictly.finding.kind, strictly.finding.log_index)
    assert found == ((Kind.MALFORMED, odd[0]) if odd else None)
    print(f"\n{MUTATIONS} changed events, {dict(said)}; {size} in the log, {len(odd)} of them odd")
