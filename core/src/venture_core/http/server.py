"""Serving an application within a process, until it is to stop: drain, finish, end in time."""

import asyncio
import logging
import math
import socket
from typing import TYPE_CHECKING, Final, Literal

import structlog
import uvicorn

from venture_core.http.protocol import HEADER_BYTES, BoundedProtocol
from venture_core.http.settings import ServiceSettings
from venture_core.http.tls import ServerTls
from venture_core.http.websockets import MAX_MESSAGE_BYTES, PING_SECONDS
from venture_core.process.running import run_process

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from venture_core.http.types import Application
    from venture_core.process.running import Process

KEEP_ALIVE_SECONDS: Final = 75
"""Longer than load balancers keep theirs, so that none sends into a connection being closed."""

log = structlog.get_logger(__name__)


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers, which the process has, and on a socket that it is given.

    Where it opens one itself, a port that is taken is a SystemExit in the middle of the loop.
    """

    async def run_here(self, listening: socket.socket) -> None:
        await self._serve([listening])


def service_tls(
    settings: ServiceSettings, client_authority: Callable[[], str] | None = None
) -> ServerTls | None:
    """Return the TLS that the settings name, None for plain HTTP. Raises OSError, ssl.SSLError."""
    files = settings.tls_files
    return None if files is None else ServerTls(*files, client_authority)


def run_service[S: ServiceSettings](
    name: str, settings_type: type[S], work: Callable[[S, Process], Awaitable[None]]
) -> None:
    """Run a program whose `work` ends in `serve`; it is not ready before it serves."""
    run_process(name, settings_type, work, starting=True)


async def serve(
    app: Application,
    settings: ServiceSettings,
    process: Process,
    tls: ServerTls | None = None,
    *,
    port: int | None = None,
    websockets: bool = False,
) -> None:
    """Serve `app` on the API's port, or on another beside it, until the process is to stop.

    Then readiness is off at once, new requests are taken for `drain_seconds` more, those at work
    have what is left of `stop_seconds` to finish, and WebSockets end with 1012. Without
    `websockets` who asks for one is answered as by any request.

    Raises OSError where the port is taken.
    """
    # Their lines tell of every connection; ours tell of what matters.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    config = _config(app, settings, tls, websockets=websockets)
    server = _Server(config)
    # From outside the pod.
    at = ("0.0.0.0", port or settings.api_port)  # noqa: S104
    listening = socket.create_server(at, backlog=config.backlog)
    process.ready_unless(lambda: [] if server.started else ["the API is not served yet"])
    process.starting = False
    serving = asyncio.create_task(server.run_here(listening))
    renewing = asyncio.create_task(tls.run()) if tls is not None else None
    stopping = asyncio.create_task(process.stop.wait())
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not serving.done():
            log.info("draining", seconds=settings.drain_seconds)
            await asyncio.wait({serving}, timeout=settings.drain_seconds)
            server.should_exit = True
        await serving
    finally:
        listening.close()
        stopping.cancel()
        if renewing is not None:
            renewing.cancel()


def _config(
    app: Application,
    settings: ServiceSettings,
    tls: ServerTls | None,
    *,
    websockets: bool,
) -> uvicorn.Config:
    finish = settings.stop_seconds - settings.drain_seconds
    sockets: Literal["none"] | type[asyncio.Protocol] = "none"
    if websockets:
        from venture_core.http.socketprotocol import SocketProtocol

        sockets = SocketProtocol
    return uvicorn.Config(
        app,
        http=BoundedProtocol,
        ws=sockets,
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PING_SECONDS,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        h11_max_incomplete_event_size=HEADER_BYTES,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=max(1, math.floor(finish)),
        ssl_context_factory=None if tls is None else lambda _config, _default: tls.context,
    )
