"""What the processes have in common: settings or a plain refusal, logs, probes, signals."""

import asyncio
import signal
import sys
from typing import TYPE_CHECKING

import structlog
from pydantic import ValidationError
from venture_core.logging import configure_logging

from venture_record.probes import serve_probes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pydantic_settings import BaseSettings

    from venture_record.settings import ProcessSettings

log = structlog.get_logger(__name__)


def run_process[S: ProcessSettings](
    name: str, settings_type: type[S], work: Callable[[S, asyncio.Event], Awaitable[None]]
) -> None:
    """Run `work` until SIGTERM or SIGINT sets its event; exit code 2 for wrong settings."""
    settings = read_settings(name, settings_type)
    configure_logging(settings.log_level)
    asyncio.run(_run(name, settings, work))


def read_settings[S: BaseSettings](name: str, settings_type: type[S]) -> S:
    """Read the settings from the environment; name each that is wrong and exit with 2."""
    try:
        return settings_type()
    except ValidationError as error:
        for problem in error.errors(include_input=False, include_url=False):
            setting = "_".join(str(part) for part in problem["loc"]).upper()
            sys.stderr.write(f"{name}: VENTURE_{setting}: {problem['msg']}\n")
        sys.exit(2)


async def _run[S: ProcessSettings](
    name: str, settings: S, work: Callable[[S, asyncio.Event], Awaitable[None]]
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with serve_probes(settings.http_port):
        log.info("started", process=name)
        await work(settings, stop)
    log.info("stopped", process=name)
