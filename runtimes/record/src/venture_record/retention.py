"""What the programs of the retention have in common: one connection, the bucket, patience, an end.

Exit codes: 0 done (or nothing was due), 1 a month stays as it is for now (the log says why; run
again), 2 wrong settings.
"""

import sys
from typing import TYPE_CHECKING

import asyncpg
import structlog
from tenacity import retry, retry_if_exception, stop_after_delay, wait_exponential_jitter
from venture_core.objectstore import ObjectStore, ObjectStoreError
from venture_core.process.jobs import EXIT_DONE, EXIT_FAILED
from venture_core.record.database import connect
from venture_core.record.failures import may_pass
from venture_core.record.retention import RetentionError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tenacity import RetryCallState
    from venture_core.record.database import Role

    from venture_record.settings import ArchiveSettings

    type Work[R] = Callable[[asyncpg.Connection, ObjectStore], Awaitable[R]]

GIVE_UP_SECONDS = 300.0

log = structlog.get_logger(__name__)


def _report(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    log.warning("retention is interrupted", error=repr(error))


@retry(
    retry=retry_if_exception(lambda error: isinstance(error, ObjectStoreError) or may_pass(error)),
    wait=wait_exponential_jitter(initial=1, max=30),
    stop=stop_after_delay(GIVE_UP_SECONDS),
    before_sleep=_report,
    reraise=True,
)
async def run[R](settings: ArchiveSettings, role: Role, name: str, work: Work[R]) -> R:
    """Do the work over a connection of the role, again and again while what hinders it may pass.

    Raises RetentionError, ObjectStoreError, and the database driver's errors.
    """
    connection = await connect(settings.postgres_url, role, name=name)
    try:
        return await work(connection, ObjectStore(settings.s3()))
    finally:
        connection.terminate()


async def run_once[R](settings: ArchiveSettings, role: Role, name: str, work: Work[R]) -> int:
    """Do the work and say what came of it; return the exit code."""
    try:
        done = await run(settings, role, name, work)
    except (RetentionError, ObjectStoreError, OSError, asyncpg.PostgresError) as error:
        sys.stderr.write(f"{name}: {error}\n")
        return EXIT_FAILED
    log.info("nothing more is due", done=done)
    return EXIT_DONE
