"""The process: runs the Job, writes the result where the kubelet reads it, exits with its code."""

import asyncio
import logging
import os
import signal
import sys
from typing import TYPE_CHECKING

import structlog
from venture_core.artifacts.jobcontract import EXIT_DONE, CompileJobResult, Stage
from venture_core.logging import configure_logging
from venture_core.settings.reading import read_settings

from venture_artifact_compiler.failures import CompileError, TransientCompileError
from venture_artifact_compiler.job import run
from venture_artifact_compiler.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

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
    """Run the Job, report its result, and return the exit code."""
    work = asyncio.ensure_future(run(settings))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, work.cancel)
    try:
        result = await work
    except asyncio.CancelledError:
        stopped = TransientCompileError(Stage.COMPILE, "Terminated", "the pod was told to stop")
        code = _report_failure(settings.termination_log, stopped)
        # A compile that still runs in its thread would hold up an orderly exit.
        sys.stdout.flush()
        os._exit(code)
    except CompileError as failure:
        return _report_failure(settings.termination_log, failure)
    except Exception as error:
        log.exception("crashed")
        crash = CompileError(
            Stage.COMPILE, "InternalError", f"the compiler failed with {type(error).__name__}"
        )
        return _report_failure(settings.termination_log, crash)
    settings.termination_log.write_bytes(result.to_message())
    return EXIT_DONE


def _report_failure(termination_log: Path, failure: CompileError) -> int:
    """Write the failure where the operator finds it, and return its exit code."""
    error = failure.error
    log.error("failed", stage=error.stage, reason=error.reason, message=error.message)
    result = CompileJobResult(error=error, gates=failure.gates)
    termination_log.write_bytes(result.to_message())
    return failure.exit_code


if __name__ == "__main__":
    main()
