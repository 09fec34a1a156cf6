"""The process: runs the Job, leaves the result where the kubelet reads it, exits with its code."""

import asyncio
import logging
import os
import signal
import sys
from typing import TYPE_CHECKING

import structlog
from venture_core.artifacts.jobcontract import (
    EXIT_DONE,
    WORKER_FILE,
    CompileJobResult,
    JobEnd,
    Stage,
)
from venture_core.logging import configure_logging
from venture_core.settings.reading import read_settings

from venture_artifact_compiler.failures import CompileError, TransientCompileError
from venture_artifact_compiler.job import peak_memory_mib, read_task, run
from venture_artifact_compiler.settings import Settings
from venture_artifact_compiler.worker import await_assignment, read_worker, task_of, tell_end

if TYPE_CHECKING:
    from collections.abc import Callable

    from venture_artifact_compiler.job import Task

log = structlog.get_logger(__name__)

# The HTTP client logs the URL of every request at INFO, and these URLs are secrets.
_LOGGERS_THAT_SHOW_URLS = ("httpx2", "httpcore2")


def main() -> None:
    """Run the Job and leave. Never returns."""
    settings = read_settings("venture-compile", Settings)
    configure_logging(settings.log_level)
    for name in _LOGGERS_THAT_SHOW_URLS:
        logging.getLogger(name).setLevel(logging.WARNING)
    code = asyncio.run(_supervise(settings))
    sys.exit(code)


async def _supervise(settings: Settings) -> int:
    """Run the Job, leave its result for the kubelet, and return the exit code."""
    work = asyncio.ensure_future(_work(settings))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, work.cancel)
    try:
        end = await work
    except asyncio.CancelledError:
        stopped = TransientCompileError(Stage.COMPILE, "Terminated", "the pod was told to stop")
        end = _failed(stopped)
        settings.termination_log.write_text(end.message)
        # A compile that still runs in its thread would hold up an orderly exit.
        sys.stdout.flush()
        os._exit(end.exit_code)
    settings.termination_log.write_text(end.message)
    return end.exit_code


async def _work(settings: Settings) -> JobEnd:
    """Do the one task that there is, now or later, and return how it ended."""
    if not (settings.input_folder / WORKER_FILE).exists():
        return await _end_of(settings, lambda: read_task(settings.input_folder))
    try:
        worker = read_worker(settings.input_folder)
        assignment = await await_assignment(worker, settings)
    except CompileError as failure:
        return _failed(failure)
    if assignment is None:
        # Nobody needed it: that is no failure.
        return JobEnd(exit_code=EXIT_DONE, message="")
    task = task_of(assignment)
    end = await _end_of(settings, lambda: task)
    await tell_end(assignment, end, settings)
    return end


async def _end_of(settings: Settings, task: Callable[[], Task]) -> JobEnd:
    """Do a task, and return how it ended, whatever happened."""
    try:
        result = await run(task(), settings)
    except CompileError as failure:
        return _failed(failure)
    except Exception as error:
        log.exception("crashed")
        crash = CompileError(
            Stage.COMPILE, "InternalError", f"the compiler failed with {type(error).__name__}"
        )
        return _failed(crash)
    return JobEnd(exit_code=EXIT_DONE, message=result.to_message().decode())


def _failed(failure: CompileError) -> JobEnd:
    """Return how a task ends that failed, in words that the operator understands."""
    error = failure.error
    log.error(
        "failed",
        stage=error.stage,
        reason=error.reason,
        message=error.message,
        peak_memory_mib=peak_memory_mib(),
    )
    result = CompileJobResult(error=error, gates=failure.gates)
    return JobEnd(exit_code=failure.exit_code, message=result.to_message().decode())


if __name__ == "__main__":
    main()
