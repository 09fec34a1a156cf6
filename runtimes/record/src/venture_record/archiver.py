"""venture-archiver: moves months of events past the retention to the object store, and ends.

Exit codes: 0 done (or nothing was due), 1 a month stays in the database for now (the log says why;
run again), 2 wrong settings.
"""

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import asyncpg
import structlog
from tenacity import retry, retry_if_exception, stop_after_delay, wait_exponential_jitter
from venture_core.objectstore import ObjectStore, ObjectStoreError
from venture_core.process.jobs import EXIT_DONE, EXIT_FAILED, run_job
from venture_core.record.database import Role, connect
from venture_core.record.failures import may_pass
from venture_core.record.retention import Archiver, RetentionError

from venture_record.settings import ArchiverSettings

if TYPE_CHECKING:
    from tenacity import RetryCallState

NAME = "venture-archiver"
GIVE_UP_SECONDS = 300.0

log = structlog.get_logger(__name__)


def _report(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    log.warning("archiving is interrupted", error=repr(error))


@retry(
    retry=retry_if_exception(lambda error: isinstance(error, ObjectStoreError) or may_pass(error)),
    wait=wait_exponential_jitter(multiplier=1, max=30),
    stop=stop_after_delay(GIVE_UP_SECONDS),
    before_sleep=_report,
    reraise=True,
)
async def run(settings: ArchiverSettings, *, now: datetime) -> list[str]:
    """Archive and drop what is due; return the months.

    Raises RetentionError, ObjectStoreError, and the database driver's errors.
    """
    connection = await connect(settings.postgres_url, Role.ARCHIVER, name=NAME)
    try:
        archiver = Archiver(connection, ObjectStore(settings.s3()))
        return await archiver.run(now=now, keep_months=settings.retention_months)
    finally:
        connection.terminate()


async def _archive(settings: ArchiverSettings) -> int:
    try:
        months = await run(settings, now=datetime.now(UTC))
    except (RetentionError, ObjectStoreError, OSError, asyncpg.PostgresError) as error:
        sys.stderr.write(f"{NAME}: {error}\n")
        return EXIT_FAILED
    log.info("nothing more is due", archived=months)
    return EXIT_DONE


def main() -> None:
    """Run once."""
    run_job(NAME, ArchiverSettings, _archive)
