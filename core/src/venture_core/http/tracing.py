"""The trace id of a request: taken over or made, in every log line, event and answer."""

import re
import secrets
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final
from uuid import UUID

import structlog

from venture_core.http.types import REQUESTS, header

if TYPE_CHECKING:
    from venture_core.http.types import Application, Message, Receive, Scope, Send

_TRACEPARENT: Final = re.compile(rb"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
"""W3C Trace Context, version 00."""

_ANSWERS: Final = frozenset({"http.response.start", "websocket.accept"})

_trace_id: ContextVar[UUID | None] = ContextVar("trace_id", default=None)


def current_trace_id() -> UUID:
    """Return the trace id of the request at work, or a new one outside of any."""
    return _trace_id.get() or _new()


def _new() -> UUID:
    return UUID(bytes=secrets.token_bytes(16))


class Tracing:
    """Middleware: a request belongs to the trace that its `traceparent` names, or to a new one."""

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] not in REQUESTS:
            await self._app(scope, receive, send)
            return
        given = _TRACEPARENT.fullmatch(header(scope, b"traceparent") or b"")
        # The specification calls a trace id of zeros invalid.
        trace_id = UUID(hex=given[1].decode()) if given and int(given[1], 16) else _new()

        async def tell(message: Message) -> None:
            if message["type"] in _ANSWERS:
                headers = [*message.get("headers", []), (b"x-trace-id", str(trace_id).encode())]
                message = {**message, "headers": headers}
            await send(message)

        token = _trace_id.set(trace_id)
        try:
            with structlog.contextvars.bound_contextvars(trace_id=str(trace_id)):
                await self._app(scope, receive, tell)
        finally:
            _trace_id.reset(token)
