"""`venture record recover`: what was lost is shown, and nothing happens before somebody says so."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid7

from recordevents import started
from recordlog import caught_up, sequencing
from venture_cli.errors import ExitCode
from venture_core.record.producer import EventProducer
from venturecommand import Venture

if TYPE_CHECKING:
    from pathlib import Path

    import asyncpg
    from pydantic import SecretStr

SIZE = 5


async def test_a_loss_is_shown_before_anything_is_decided(
    tmp_path: Path, database: SecretStr, superuser: asyncpg.Connection
) -> None:
    venture = Venture(
        tmp_path, tmp_path / "no-kubeconfig", VENTURE_POSTGRES_URL=database.get_secret_value()
    )
    async with sequencing(database), EventProducer(database, name="test") as producer:
        await producer.append_all(started(uuid7(), 1) for _ in range(SIZE))
        await caught_up(superuser, SIZE)
    nothing = await venture("record", "recover", "--reason", "none")
    assert nothing.code == ExitCode.NOT_FOUND, nothing.err
    assert "found no contradiction" in " ".join(nothing.err.split())
    await superuser.execute(
        "INSERT INTO record.contradictions (anchor_size, log_size, kept_size, anchor_root,"
        " anchor_note) VALUES (40, $1, $1, sha256('x'), 'a note')",
        SIZE,
    )
    shown = await venture("record", "recover", "--reason", "the disk burnt")
    assert f"the first {SIZE} events" in shown.text, shown.err
    assert "up to 40 events" in shown.text
    assert await superuser.fetchval("SELECT count(*) FROM record.recoveries") == 0
    done = await venture("record", "recover", "--reason", "the disk burnt", "--who", "ann", "--yes")
    assert "epoch 1 begins" in done.text, done.err
    row = await superuser.fetchrow("SELECT * FROM record.recoveries")
    assert row is not None
    assert (row["kept_size"], row["lost_size"], row["reason"]) == (SIZE, 40, "the disk burnt")
    assert row["recovered_by"].startswith("ann (")
    types = await superuser.fetch("SELECT event_type FROM record.readable_events")
    assert "control.record.recovered.v1" in {each["event_type"] for each in types}
