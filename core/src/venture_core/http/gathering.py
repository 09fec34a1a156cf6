"""Sending together what is written together.

uvicorn writes the head of an answer, its body and its end one after the other: each would be a
packet, a TLS record and a system call of its own.
"""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncio

GATHERED_BYTES: Final = 64 * 1024
"""As much is sent without waiting for more."""


class Gathering:
    """A transport that sends at once what is written within one turn of the loop."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._pieces: list[bytes] = []
        self._size = 0

    def __getattr__(self, name: str) -> object:
        """Give all else as the transport itself has it."""
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send it when the loop's turn ends."""
        if not data:
            return
        if not self._pieces:
            self._loop.call_soon(self._flush)
        self._pieces.append(data)
        self._size += len(data)
        if self._size >= GATHERED_BYTES:
            self._flush()

    def close(self) -> None:
        """Send what was written, and close."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        data = b"".join(self._pieces)
        self._pieces.clear()
        self._size = 0
        if data and not self._transport.is_closing():
            self._transport.write(data)
