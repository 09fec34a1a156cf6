"""The head of a request to the proxy: CONNECT host:port, or a method with an absolute URL. Pure."""

import re
from dataclasses import dataclass
from typing import Final

from venture_core.policy.matching import host_of_url, normal_host

MAX_HEAD_BYTES: Final = 16 * 1024
_LINE: Final = re.compile(rb"([A-Z]{1,16}) (\S{1,4096}) HTTP/1\.[01]")
_HEADER: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}):[ \t]*([^\r\n\x00]*?)[ \t]*")
_AUTHORITY: Final = re.compile(r"([^:\[\]/@]{1,253}):([0-9]{1,5})")
_NONCE: Final = re.compile(rb"[A-Za-z0-9_-]{16,64}")
_DOTS: Final = re.compile(r"/(\.|%2e){1,2}(/|$)", re.IGNORECASE)
_HOP: Final = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-authorization",
        b"proxy-connection",
        b"proxy-nonce",
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
    """The head is not one that the proxy can read; the message says why."""


class AddressError(ValueError):
    """What a head asks for is no place of the web by its name; the message says why."""


@dataclass(frozen=True, slots=True)
class Head:
    """A head that can be read. Where it leads is not judged yet."""

    method: str
    target: str
    headers: tuple[tuple[bytes, bytes], ...]
    """Names in lower case, and values."""
    token: str | None
    """The Bearer token of Proxy-Authorization."""
    nonce: str | None
    """What the proxy's own answers repeat: `Proxy-Nonce`, of 16 to 64 letters."""
    body_bytes: int


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a head leads, by a name."""

    host: str
    port: int
    url: str
    """What is fetched, as it is sent on. Of a tunnel scheme, host and port are known."""
    onward: bytes = b""
    """The head to send on; empty for a tunnel."""
    body_bytes: int = 0
    """What follows it."""

    @property
    def is_tunnel(self) -> bool:
        """Whether a tunnel is asked for."""
        return not self.onward


def parse_head(data: bytes) -> Head:
    """Read a head, with the empty line at its end. Raises HeadError."""
    first, *lines = data.removesuffix(b"\r\n\r\n").split(b"\r\n")
    found = _LINE.fullmatch(first)
    if found is None:
        raise HeadError("this is no request of HTTP/1.1 to a proxy")
    method, target = found[1].decode(), found[2].decode("latin-1")
    headers = tuple(_header(line) for line in lines)
    return Head(method, target, headers, _token(headers), _nonce(headers), _length(headers))


def destination(head: Head) -> Destination:
    """Say where a head leads. Raises AddressError.

    A host that is no name (an address, a user before it, letters beyond ASCII) is refused here,
    and so is a path with dot segments: a server reads it as another than the one that is judged.
    """
    target = head.target
    if head.method == "CONNECT":
        host, port = _authority(target)
        return Destination(host, port, f"https://{_place(host, port, default=443)}/")
    found = host_of_url(target) if target.startswith("http://") else None
    if found is None:
        raise AddressError(
            "this is no address of plain HTTP with a host's name: ask for https by CONNECT"
        )
    place = _place(*found, default=80)
    path = "/" + target.split("/", 3)[3] if target.count("/") > 2 else "/"  # noqa: PLR2004
    path = path.partition("#")[0]
    if _DOTS.search(path.partition("?")[0]):
        raise AddressError("the path has dot segments: name the one that they lead to")
    onward = _onward(head, place, path)
    return Destination(*found, f"http://{place}{path}", onward, head.body_bytes)


def _header(line: bytes) -> tuple[bytes, bytes]:
    found = _HEADER.fullmatch(line)
    if found is None:
        raise HeadError("a header cannot be read")
    return found[1].lower(), found[2]


def _authority(target: str) -> tuple[str, int]:
    found = _AUTHORITY.fullmatch(target)
    host = normal_host(found[1]) if found else None
    if found is None or host is None:
        raise AddressError("CONNECT takes a host's name and a port: addresses are not taken")
    if not 1 <= (port := int(found[2])) <= _MAX_PORT:
        raise AddressError("there is no such port")
    return host, port


def _place(host: str, port: int, *, default: int) -> str:
    return host if port == default else f"{host}:{port}"


def _token(headers: tuple[tuple[bytes, bytes], ...]) -> str | None:
    given = [value for name, value in headers if name == b"proxy-authorization"]
    if len(given) != 1:
        return None
    scheme, _, token = given[0].partition(b" ")
    return token.decode("latin-1").strip() if scheme.lower() == b"bearer" else None


def _nonce(headers: tuple[tuple[bytes, bytes], ...]) -> str | None:
    given = [value for name, value in headers if name == b"proxy-nonce"]
    if len(given) != 1 or not _NONCE.fullmatch(given[0]):
        return None
    return given[0].decode("ascii")


def _length(headers: tuple[tuple[bytes, bytes], ...]) -> int:
    if any(name == b"transfer-encoding" for name, _ in headers):
        raise HeadError("a body needs a Content-Length")
    given = {value for name, value in headers if name == b"content-length"}
    if len(given) > 1 or not all(value.isdigit() and len(value) < 16 for value in given):  # noqa: PLR2004
        raise HeadError("the Content-Length cannot be read")
    return int(given.pop()) if given else 0


def _onward(head: Head, place: str, path: str) -> bytes:
    """Return the head for the server: the host is the one that was judged, and nothing follows."""
    connection = [value for name, value in head.headers if name == b"connection"]
    named = {each.strip().lower() for value in connection for each in value.split(b",")}
    lines = [f"{head.method} {path} HTTP/1.1\r\nHost: {place}".encode("ascii")]
    lines += [name + b": " + value for name, value in head.headers if name not in _HOP | named]
    return b"\r\n".join([*lines, b"Connection: close", b"", b""])
