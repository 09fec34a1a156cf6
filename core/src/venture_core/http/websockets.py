"""WebSockets among requests: one that is refused gets an answer, one that was accepted a code."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from venture_core.http.problems import Problem
from venture_core.http.types import header

if TYPE_CHECKING:
    from venture_core.http.types import Application, Message, Receive, Scope, Send

MAX_MESSAGE_BYTES: Final = 4096
"""How long a message of a client may be; after a longer one the connection ends with 1009."""
PING_SECONDS: Final = 20.0
"""How often a client is asked whether it is there, and how long it has to answer: else 1011."""


class Handshakes:
    """Middleware: what is answered before a connection is accepted goes out as an HTTP answer."""

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return

        async def answering(message: Message) -> None:
            kind: str = message["type"]
            if kind.startswith("http.response."):
                message = {**message, "type": f"websocket.{kind}"}
            await send(message)

        await self._app(scope, receive, answering)


def require_same_origin(scope: Scope) -> None:
    """Raise Problem 403 where a page of another origin connects; what is no browser names none."""
    origins = [value for name, value in scope["headers"] if name == b"origin"]
    scheme = b"https" if scope["scheme"] == "wss" else b"http"
    own = scheme + b"://" + (header(scope, b"host") or b"").lower()
    if any(origin.lower() != own for origin in origins):
        raise Problem(
            HTTPStatus.FORBIDDEN,
            "Pages of another origin may not connect here.",
            code="foreign-origin",
        )
