"""HTTP/1.1 as served here: requests must begin in time, and clients' certificates are known."""

import ssl
from typing import TYPE_CHECKING, Any, Final, override

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from venture_core.http.gathering import Gathering
from venture_core.http.problems import PROBLEM_JSON

if TYPE_CHECKING:
    import asyncio

    from venture_core.http.types import Receive, Scope, Send

HEADER_SECONDS: Final = 10.0
"""How long a client may take over the headers of a request."""
HEADER_BYTES: Final = 32 * 1024
"""How long they may be, all together. Forwarded requests carry a user's groups."""
_BAD_REQUEST: Final = (
    b'{"type":"about:blank","title":"Bad Request","status":400,'
    b'"detail":"This is no HTTP request, or its headers are too long."}'
)


class BoundedProtocol(H11Protocol):
    """uvicorn's protocol with bounds on headers, and with ASGI's TLS extension."""

    _timer: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(Gathering(transport, self.loop))  # type: ignore[arg-type]
        chain = _client_chain(transport)
        served = self.app

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})["tls"] = {"client_cert_chain": chain}
            await served(scope, receive, send)

        self.app = app
        self._await_headers()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel()
        super().connection_lost(exc)

    @override
    def handle_events(self) -> None:
        super().handle_events()
        at_work = self.cycle is not None and not self.cycle.response_complete
        if at_work or self.transport.get_protocol() is not self:
            self._cancel()
        elif self._timer is None and self.conn.trailing_data[0] and not self.transport.is_closing():
            # The next request has begun. A connection that is idle has uvicorn's keep-alive.
            self._await_headers()

    @override
    def send_400_response(self, msg: str) -> None:
        headers = [
            (b"content-type", PROBLEM_JSON.encode()),
            (b"content-length", str(len(_BAD_REQUEST)).encode()),
            (b"connection", b"close"),
        ]
        reason = b"Bad Request"
        answer = h11.Response(status_code=400, headers=headers, reason=reason)
        for event in (answer, h11.Data(data=_BAD_REQUEST), h11.EndOfMessage()):
            if (data := self.conn.send(event)) is not None:
                self.transport.write(data)
        self.transport.close()

    def _await_headers(self) -> None:
        self._timer = self.loop.call_later(HEADER_SECONDS, self._give_up)

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        self._timer = None
        self.transport.close()


def _client_chain(transport: asyncio.Transport) -> list[str]:
    """Return the certificate of the client, which the handshake has verified; empty without one."""
    tls: Any = transport.get_extra_info("ssl_object")
    if tls is None or (certificate := tls.getpeercert(binary_form=True)) is None:
        return []
    return [ssl.DER_cert_to_PEM_cert(certificate)]
