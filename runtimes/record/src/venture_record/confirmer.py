"""venture-confirmer: reads archives back, confirms them, drops the months they hold, and ends."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from venture_core.process.jobs import run_job
from venture_core.record.confirming import Confirmer
from venture_core.record.database import Role

from venture_record.retention import run_once
from venture_record.settings import ArchiverSettings

if TYPE_CHECKING:
    import asyncpg
    from venture_core.objectstore import ObjectStore

NAME = "venture-confirmer"


async def confirm(settings: ArchiverSettings) -> int:
    """Confirm what is archived and drop what is due; return the exit code."""

    async def work(connection: asyncpg.Connection, store: ObjectStore) -> list[str]:
        confirmer = Confirmer(connection, store)
        return await confirmer.run(now=datetime.now(UTC), keep_months=settings.retention_months)

    return await run_once(settings, Role.CONFIRMER, NAME, work)


def main() -> None:
    """Run once."""
    run_job(NAME, ArchiverSettings, confirm)
