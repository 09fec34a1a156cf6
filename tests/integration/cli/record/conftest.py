"""A record of signed events, and the command line that knows where it is."""

from typing import TYPE_CHECKING
from uuid import uuid7

import pytest
from clirecord import SIZE, WORKFLOWS, Record
from recordevents import started
from recordlog import caught_up, sequencing
from venture_core.record.producer import EventProducer
from venturecommand import Venture

if TYPE_CHECKING:
    from pathlib import Path

    import asyncpg
    from pydantic import SecretStr


@pytest.fixture
async def record(database: SecretStr, superuser: asyncpg.Connection) -> Record:
    workflows, events = [uuid7() for _ in range(WORKFLOWS)], [uuid7() for _ in range(SIZE)]
    found = Record(workflows, events)
    async with sequencing(database), EventProducer(database, name="test") as producer:
        for index, event_id in enumerate(events):
            await producer.append(started(*found.place(index), event_id=event_id))
        await caught_up(superuser, SIZE)
    return found


@pytest.fixture
def venture(tmp_path: Path, database: SecretStr) -> Venture:
    """Run commands that know where Postgres is and nothing of a cluster."""
    return Venture(
        tmp_path, tmp_path / "no-kubeconfig", VENTURE_POSTGRES_URL=database.get_secret_value()
    )
