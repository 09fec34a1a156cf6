"""A Job that was started ahead: it makes itself ready, waits for one build, and ends with it.

Until then it knows nothing of anybody's: only where its assignment will be.
"""

import asyncio
import time
from typing import TYPE_CHECKING, Final

import structlog
from venture_core.artifacts.jobcontract import (
    MAX_ASSIGNMENT_BYTES,
    WORKER_FILE,
    Stage,
    parse_assignment,
    parse_worker,
)
from venture_core.artifacts.warming import warm_up

from venture_artifact_compiler.failures import CompileError
from venture_artifact_compiler.job import MAX_REQUEST_BYTES, Task, read_message, understood
from venture_artifact_compiler.transfer import (
    InterruptedTransferError,
    TransferError,
    Transfers,
)

if TYPE_CHECKING:
    from pathlib import Path

    from venture_core.artifacts.jobcontract import Assignment, JobEnd, WorkerInput

    from venture_artifact_compiler.settings import Settings

LOOK_SECONDS: Final = 0.1
"""How often the assignment is looked for."""

log = structlog.get_logger(__name__)


def read_worker(folder: Path) -> WorkerInput:
    """Read where the assignment will be. Raises `CompileError`."""
    return read_message(folder / WORKER_FILE, MAX_REQUEST_BYTES, parse_worker)


async def await_assignment(worker: WorkerInput, settings: Settings) -> Assignment | None:
    """Make ready, then wait for a build; None where the time is over before one came.

    Raises `CompileError` for an assignment that cannot be understood.
    """
    for cold in await asyncio.to_thread(lambda: list(warm_up())):
        log.warning("not_warmed_up", what=cold)
    log.info("waiting", ready_after_seconds=round(time.process_time(), 3))
    until = time.monotonic() + worker.wait_seconds
    async with Transfers.opened(settings.transfer_seconds, worker.authorities) as transfers:
        while time.monotonic() < until:
            try:
                data = await transfers.glance(worker.assignment_url, limit=MAX_ASSIGNMENT_BYTES)
            except TransferError as error:
                message = f"the assignment: {error}"
                raise CompileError(Stage.VALIDATE, "DownloadRefused", message) from error
            if data is not None:
                return understood("the assignment", data, parse_assignment)
            await asyncio.sleep(LOOK_SECONDS)
    log.info("not_needed")
    return None


def task_of(assignment: Assignment) -> Task:
    """Return the task: from here on all is as in a Job that was started for it."""
    document = assignment.document
    return Task(assignment.request, None if document is None else document.encode())


async def tell_end(assignment: Assignment, end: JobEnd, settings: Settings) -> None:
    """Tell the operator of the end before the kubelet does; who cannot is heard all the same."""
    authorities = assignment.request.authorities
    try:
        async with Transfers.opened(settings.transfer_seconds, authorities) as transfers:
            await transfers.upload(assignment.end, end.to_json(), "application/json")
    except (TransferError, InterruptedTransferError) as error:
        log.warning("end_not_told", error=str(error))
