"""An end within bounds: a process that was told to stop is gone when its time is up.

Tasks may swallow their cancellation, a thread may never return, the event loop itself may be stuck:
only a thread of its own can promise an end.
"""

import asyncio
import logging
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Final

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable

EXIT_CUT_SHORT: Final = 3
"""The exit code of a process that did not end in time after a signal."""
CLEANUP_SECONDS: Final = 5.0
"""How long cancelled work has to put things away."""

log = structlog.get_logger(__name__)


def on_stop_signal(call: Callable[[], None]) -> None:
    """Call on SIGTERM and SIGINT, within the running loop."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, call)


def end_within(seconds: float) -> None:
    """See to it that this process is gone after that time, by its own end or by force."""
    timer = threading.Timer(seconds, _end, [seconds])
    timer.daemon = True
    timer.start()


def _end(seconds: float) -> None:
    log.error("the process does not end: it is cut short", after_seconds=seconds)
    logging.shutdown()
    sys.stdout.flush()
    os._exit(EXIT_CUT_SHORT)
