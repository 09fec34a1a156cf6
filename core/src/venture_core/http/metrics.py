"""Metrics of requests, by the template of their route: an address must not become a label."""

import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from prometheus_client import Gauge, Histogram

from venture_core.http.types import REQUESTS

if TYPE_CHECKING:
    from venture_core.http.types import Application, Message, Receive, Scope, Send

ROUTE: Final = "venture.route"
"""Where a plain ASGI application notes in the scope which template it served."""
UNMATCHED: Final = "unmatched"
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

SECONDS: Final = Histogram(
    "venture_http_request_seconds",
    "Time from a request's headers to the end of its answer.",
    ("method", "route", "status"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
)
ACTIVE: Final = Gauge("venture_http_requests_active", "Requests at work.")


class Metrics:
    """Middleware: measures every request."""

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] not in REQUESTS:
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 0

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] == "websocket.accept":
                status = HTTPStatus.SWITCHING_PROTOCOLS.value
            await send(message)

        ACTIVE.inc()
        try:
            await self._app(scope, receive, watch)
        finally:
            ACTIVE.dec()
            # Anybody can invent methods. A WebSocket begins with a GET.
            asked = scope.get("method", "GET")
            method = asked if asked in _METHODS else "other"
            SECONDS.labels(method, _route(scope), str(status)).observe(time.perf_counter() - began)


def _route(scope: Scope) -> str:
    if named := scope.get(ROUTE):
        return str(named)
    # Starlette's routers leave the route that matched in the scope.
    return str(getattr(scope.get("route"), "path", UNMATCHED))
