"""The head of a request to the proxy: CONNECT host:port, or a method with an absolute URL. Pure."""

import re
from dataclasses import dataclass
from typing import Final

from venture_core.policy.matching import host_of_url, normal_host

MAX_HEAD_BYTES: Final = 16 * 1024
_LINE: Final = re.compile(rb"([A-Z]{1,16}) (\S{1,4096}) HTTP/1\.[01]")
_HEADER: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}):[ \t]*([^\r\n\x00]*?)[ \t]*")
_AUTHORITY: Final = re.compile(r"([^:\[\]/@]{1,253}):([0-9]{1,5})")
_HOP: Final = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"host",
        b"expect",
    )
)
_MAX_PORT: Final = 65_535


class HeadError(ValueError):
    """The head is not one that the proxy takes; the message says why."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a client asks for."""

    method: str
    host: str
    port: int
    token: str | None
    """The Bearer token of Proxy-Authorization."""
    body_bytes: int = 0
    onward: bytes = b""
    """The head to send on; empty for CONNECT."""

    @property
    def is_tunnel(self) -> bool:
        """Whether a tunnel is asked for."""
        return self.method == "CONNECT"


def parse_head(data: bytes) -> Head:
    """Read a head, with the empty line at its end. Raises HeadError.

    A host that is no name (an address, a user before it, letters beyond ASCII) is refused here.
    """
    first, *lines = data.removesuffix(b"\r\n\r\n").split(b"\r\n")
    found = _LINE.fullmatch(first)
    if found is None:
        raise HeadError("this is no request of HTTP/1.1 to a proxy")
    method, target = found[1].decode(), found[2].decode("latin-1")
    headers = [_header(line) for line in lines]
    token = _token(headers)
    if method == "CONNECT":
        host, port = _authority(target)
        return Head(method, host, port, token)
    place = host_of_url(target) if target.startswith("http://") else None
    if place is None:
        raise HeadError("the address is none of plain HTTP: ask for https by CONNECT")
    return Head(method, *place, token, _length(headers), _onward(method, target, place, headers))


def _header(line: bytes) -> tuple[bytes, bytes]:
    found = _HEADER.fullmatch(line)
    if found is None:
        raise HeadError("a header cannot be read")
    return found[1].lower(), found[2]


def _authority(target: str) -> tuple[str, int]:
    found = _AUTHORITY.fullmatch(target)
    host = normal_host(found[1]) if found else None
    if found is None or host is None:
        raise HeadError("CONNECT takes a host's name and a port: addresses are not taken")
    if not 1 <= (port := int(found[2])) <= _MAX_PORT:
        raise HeadError("there is no such port")
    return host, port


def _token(headers: list[tuple[bytes, bytes]]) -> str | None:
    given = [value for name, value in headers if name == b"proxy-authorization"]
    if len(given) != 1:
        return None
    scheme, _, token = given[0].partition(b" ")
    return token.decode("latin-1").strip() if scheme.lower() == b"bearer" else None


def _length(headers: list[tuple[bytes, bytes]]) -> int:
    if any(name == b"transfer-encoding" for name, _ in headers):
        raise HeadError("a body needs a Content-Length")
    given = {value for name, value in headers if name == b"content-length"}
    if len(given) > 1 or not all(value.isdigit() and len(value) < 16 for value in given):  # noqa: PLR2004
        raise HeadError("the Content-Length cannot be read")
    return int(given.pop()) if given else 0


def _onward(
    method: str, target: str, place: tuple[str, int], headers: list[tuple[bytes, bytes]]
) -> bytes:
    """Return the head for the server: the host is the one that was judged, and nothing follows."""
    host, port = place
    named = {each for name, value in headers if name == b"connection" for each in value.split(b",")}
    dropped = _HOP | {each.strip().lower() for each in named}
    path = "/" + target.split("/", 3)[3] if target.count("/") > 2 else "/"  # noqa: PLR2004
    lines = [f"{method} {path.partition('#')[0]} HTTP/1.1".encode("latin-1")]
    lines.append(f"Host: {host}".encode() if port == 80 else f"Host: {host}:{port}".encode())  # noqa: PLR2004
    lines += [name + b": " + value for name, value in headers if name not in dropped]
    return b"\r\n".join([*lines, b"Connection: close", b"", b""])
