"""WebSockets as served here: imported by who serves some."""

from typing import Any, override

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol


class SocketProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol, for which a refusal is an end like others."""

    @override
    async def send(self, message: Any) -> None:
        await super().send(message)
        if self.close_sent:
            # Else it logs an error for each connection that is refused with an answer.
            self.handshake_complete = True
