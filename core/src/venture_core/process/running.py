"""Processes that stay: work until a signal, then end within bounds."""

import asyncio
import sys
from typing import TYPE_CHECKING

import structlog

from venture_core.logging import configure_logging
from venture_core.process.probes import serve_probes
from venture_core.process.stopping import CLEANUP_SECONDS, end_within, on_stop_signal
from venture_core.settings.reading import read_settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from venture_core.process.probes import Complaints
    from venture_core.settings.programs import ProcessSettings

log = structlog.get_logger(__name__)


class Process:
    """What the work of a process sees of the process.

    `stop` is set by SIGTERM and SIGINT. Checks may be added at any time; a process that answers and
    has none is alive, and ready until it stops: what it waits for (a database that is being
    migrated, a broker that restarts) no restart of it would bring nearer. Metrics tell of that.
    """

    def __init__(self, name: str, *, starting: bool = False) -> None:
        self.name = name
        self.starting = starting
        """Not ready until the work sets it to False: it has something to load or to open first."""
        self.stop = asyncio.Event()
        self._liveness: list[Complaints] = []
        self._readiness: list[Complaints] = []
        self._degradation: list[Complaints] = []

    def alive_unless(self, check: Complaints) -> None:
        """Have the kubelet restart this process while `check` complains."""
        self._liveness.append(check)

    def ready_unless(self, check: Complaints) -> None:
        """Have no traffic sent here while `check` complains."""
        self._readiness.append(check)

    def degraded_by(self, check: Complaints) -> None:
        """Show what `check` complains of beside the readiness, which stays."""
        self._degradation.append(check)

    def degradation(self) -> list[str]:
        """Return what does not work, without harm to the rest."""
        return [complaint for check in self._degradation for complaint in check()]

    def liveness(self) -> list[str]:
        """Return all complaints that a restart would cure."""
        return [complaint for check in self._liveness for complaint in check()]

    def readiness(self) -> list[str]:
        """Return all complaints, and that it is stopping."""
        if self.stop.is_set():
            return ["the process is stopping"]
        if self.starting:
            return ["the process is starting"]
        own = [complaint for check in self._readiness for complaint in check()]
        # What is not alive is not ready either, and may say so in the same words.
        return list(dict.fromkeys([*self.liveness(), *own]))


def run_process[S: ProcessSettings](
    name: str,
    settings_type: type[S],
    work: Callable[[S, Process], Awaitable[None]],
    *,
    starting: bool = False,
) -> None:
    """Run `work` until it returns, which it does soon once `stop` is set.

    Wrong settings exit with EXIT_SETTINGS, an error of the work with 1, work that has not ended
    `stop_seconds` after the signal is cancelled, and what ignores that too ends with
    EXIT_CUT_SHORT. With `starting` the process is not ready until the work says so.
    """
    settings = read_settings(name, settings_type)
    configure_logging(settings.log_level)
    try:
        asyncio.run(_run(Process(name, starting=starting), settings, work))
    except Exception:
        log.exception("failed", process=name)
        sys.exit(1)


async def _run[S: ProcessSettings](
    process: Process, settings: S, work: Callable[[S, Process], Awaitable[None]]
) -> None:
    def stop() -> None:
        end_within(settings.stop_seconds + CLEANUP_SECONDS)
        process.stop.set()

    on_stop_signal(stop)
    async with serve_probes(
        settings.http_port,
        liveness=process.liveness,
        readiness=process.readiness,
        degradation=process.degradation,
    ):
        log.info("started", process=process.name)
        await _until_stopped(work(settings, process), process, settings.stop_seconds)
    log.info("stopped", process=process.name)


async def _until_stopped(work: Awaitable[None], process: Process, seconds: float) -> None:
    """Wait for the work; raise what it raises. Cancel it where it outlasts its time to stop."""
    working = asyncio.ensure_future(work)
    stopping = asyncio.create_task(process.stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            log.info("stopping", process=process.name)
            await asyncio.wait({working}, timeout=seconds)
        if not working.done():
            log.warning("the work does not end: it is cancelled", after_seconds=seconds)
            working.cancel()
            await asyncio.wait({working})
    finally:
        stopping.cancel()
        working.cancel()
    if not working.cancelled():
        working.result()
