"""The name in a TLS ClientHello: whom a client means to reach behind the name it asked for."""

from typing import Final

MAX_HELLO_BYTES: Final = 32 * 1024
_HANDSHAKE, _CLIENT_HELLO, _SERVER_NAME, _HOST_NAME = 22, 1, 0, 0
_RECORD_HEAD, _HANDSHAKE_HEAD = 5, 4
_FIXED: Final = 2 + 32
"""Version and random."""


class HelloError(ValueError):
    """The bytes are no ClientHello, or one without a name."""


def server_name(data: bytes) -> str | None:
    """Return the name that a ClientHello gives; None where more bytes are needed.

    Raises HelloError for what is none, is too long, or names nobody.
    """
    message = _handshake(data)
    if message is None:
        if len(data) > MAX_HELLO_BYTES:
            raise HelloError("the ClientHello is too long")
        return None
    reader = _Reader(message)
    reader.take(_FIXED)
    reader.take(reader.number(1))
    reader.take(reader.number(2))
    reader.take(reader.number(1))
    extensions = _Reader(reader.take(reader.number(2)))
    while not extensions.is_empty:
        kind, body = extensions.number(2), _Reader(extensions.take(extensions.number(2)))
        if kind == _SERVER_NAME:
            names = _Reader(body.take(body.number(2)))
            if names.number(1) != _HOST_NAME:
                raise HelloError("the name in the ClientHello is of an unknown kind")
            try:
                return names.take(names.number(2)).decode("ascii")
            except UnicodeDecodeError:
                raise HelloError("the name in the ClientHello is not ASCII") from None
    raise HelloError("the ClientHello names nobody")


def _handshake(data: bytes) -> bytes | None:
    """Return the body of the ClientHello that TLS records hold; None where bytes are missing."""
    message, at = b"", 0
    while len(data) - at >= _RECORD_HEAD:
        if data[at] != _HANDSHAKE or data[at + 1] != 3:  # noqa: PLR2004  the major version
            raise HelloError("what follows CONNECT is not TLS")
        length = int.from_bytes(data[at + 3 : at + 5])
        if len(data) - at < _RECORD_HEAD + length:
            break
        message += data[at + _RECORD_HEAD : at + _RECORD_HEAD + length]
        at += _RECORD_HEAD + length
        if len(message) >= _HANDSHAKE_HEAD:
            if message[0] != _CLIENT_HELLO:
                raise HelloError("the first message of TLS is no ClientHello")
            whole = _HANDSHAKE_HEAD + int.from_bytes(message[1:4])
            if len(message) >= whole:
                return message[_HANDSHAKE_HEAD:whole]
    if data and data[0] != _HANDSHAKE:
        raise HelloError("what follows CONNECT is not TLS")
    return None


class _Reader:
    """Takes a message apart; HelloError where it is shorter than it says."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def is_empty(self) -> bool:
        return self._at >= len(self._data)

    def take(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._data):
            raise HelloError("the ClientHello is cut short")
        taken, self._at = self._data[self._at : end], end
        return taken

    def number(self, count: int) -> int:
        return int.from_bytes(self.take(count))
