"""Letting who still sends hear that it was refused.

A server that answers and closes while a body is on its way resets the connection, and a client that
reads no answer before it has sent all, as the API server does for its users, never learns why. So
what is left of a refused body is read for a while and thrown away (RFC 9112, section 9.6).
"""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from venture_core.http.limits import MIB
from venture_core.http.types import header

if TYPE_CHECKING:
    from venture_core.http.types import Application, Message, Receive, Scope, Send

LINGER_BYTES: Final = 32 * MIB
LINGER_SECONDS: Final = 1.0
_REFUSED: Final = 400
"""The first status that is a refusal, or an error of ours."""


class Lingering:
    """Middleware: before an answer that is an error, takes what is left of the body."""

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        # Who waits to be told to go on sends nothing.
        if scope["type"] != "http" or header(scope, b"expect") is not None:
            await self._app(scope, receive, send)
            return
        is_read = False

        async def reading() -> Message:
            nonlocal is_read
            message = await receive()
            is_read = not message.get("more_body", False)
            return message

        async def answering(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] >= _REFUSED:
                left = 0 if is_read else LINGER_BYTES
                with suppress(TimeoutError):
                    async with asyncio.timeout(LINGER_SECONDS):
                        while left > 0:
                            piece = await reading()
                            left = 0 if is_read else left - len(piece["body"])
            await send(message)

        await self._app(scope, reading, answering)
