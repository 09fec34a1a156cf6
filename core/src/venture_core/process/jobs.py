"""Programs that work once and end: migrations, checks, archiving."""

import asyncio
import sys
from typing import TYPE_CHECKING, Final, NoReturn

import structlog

from venture_core.logging import configure_logging
from venture_core.process.stopping import CLEANUP_SECONDS, end_within, on_stop_signal
from venture_core.settings.reading import read_settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from venture_core.settings.programs import LogSettings

EXIT_DONE: Final = 0
EXIT_FAILED: Final = 1
EXIT_STOPPED: Final = 143
"""Ended by SIGTERM, as a shell says it: what was done counts, the rest is to be run again."""

log = structlog.get_logger(__name__)


def run_job[S: LogSettings](
    name: str, settings_type: type[S], work: Callable[[S], Awaitable[int]]
) -> NoReturn:
    """Read the settings, do the work, and exit with the code it returns.

    Wrong settings exit with EXIT_SETTINGS, an error that `work` does not catch with EXIT_FAILED, a
    signal with EXIT_STOPPED. How long it works is for the Job to limit (`activeDeadlineSeconds`);
    what it does after a signal is limited here.
    """
    settings = read_settings(name, settings_type)
    configure_logging(settings.log_level)
    try:
        sys.exit(asyncio.run(_run(work(settings))))
    except Exception:
        log.exception("failed", process=name)
        sys.exit(EXIT_FAILED)


async def _run(work: Awaitable[int]) -> int:
    working = asyncio.ensure_future(work)
    stopped = False

    def stop() -> None:
        nonlocal stopped
        stopped = True
        end_within(CLEANUP_SECONDS)
        working.cancel()

    on_stop_signal(stop)
    try:
        return await working
    except asyncio.CancelledError:
        if not stopped:
            raise
        log.warning("stopped by a signal")
        return EXIT_STOPPED
