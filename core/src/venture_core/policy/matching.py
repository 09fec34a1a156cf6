"""Names and patterns: hosts as DNS has them, and what a bundle's patterns stand for."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

WEB_PORTS: Final = (80, 443)
"""Ports of a domain that names none."""
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_MAX_HOST: Final = 253
_MAX_PORT: Final = 65_535
_MIN_LABELS_BELOW_STAR: Final = 2


@dataclass(frozen=True, slots=True)
class DomainPattern:
    """A host, or with `below` every host below it, and the ports there."""

    host: str
    below: bool
    ports: tuple[int, ...]

    def covers(self, host: str, port: int) -> bool:
        """Return whether a normal host and a port are what it stands for."""
        if port not in self.ports:
            return False
        return host.endswith(f".{self.host}") if self.below else host == self.host


def normal_host(text: str) -> str | None:
    """Return a host's name in lower case without a dot at its end; None for what is no such name.

    Addresses are no names, in no spelling: nothing whose last label is a number. Letters beyond
    ASCII are none either; their names are written in punycode, and match as they are written.
    """
    host = text.removesuffix(".").lower() if text.isascii() else ""
    labels = host.split(".")
    if not host or len(host) > _MAX_HOST or _NUMBER.fullmatch(labels[-1]):
        return None
    return host if all(_LABEL.fullmatch(label) for label in labels) else None


def parse_domain(text: str) -> DomainPattern:
    """Read a pattern of a bundle: `host`, `*.host`, either with `:port`. Raises ValueError."""
    name, colon, port_text = text.partition(":")
    ports: tuple[int, ...] = WEB_PORTS
    if colon:
        if not (port_text.isascii() and port_text.isdecimal()) or len(port_text) > len("65535"):
            raise ValueError(f"{text!r}: what follows ':' is no port")
        ports = (int(port_text),)
        if not 1 <= ports[0] <= _MAX_PORT:
            raise ValueError(f"{text!r}: a port is a number from 1 to {_MAX_PORT}")
    below = name.startswith("*.")
    host = normal_host(name.removeprefix("*."))
    if host is None:
        raise ValueError(f"{text!r} is no host's name: addresses and other patterns are not taken")
    if below and host.count(".") + 1 < _MIN_LABELS_BELOW_STAR:
        raise ValueError(f"{text!r} stands for too much: name two labels after '*.'")
    return DomainPattern(host, below, ports)


def host_of_url(url: str) -> tuple[str, int] | None:
    """Return host and port of a plain web address; None for what is none.

    One with a user in it, of another scheme, or whose host is no name is none.
    """
    if not url.isascii() or any(each <= " " or each in "\\\x7f" for each in url):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    default = _DEFAULT_PORTS.get(parts.scheme)
    if default is None or "@" in parts.netloc or parts.hostname is None:
        return None
    host = normal_host(parts.hostname)
    return None if host is None else (host, default if port is None else port)


def names_match(pattern: str, name: str) -> bool:
    """Return whether a name is the pattern's, or begins as a pattern that ends with `*`."""
    if pattern.endswith("*"):
        return name.startswith(pattern[:-1])
    return name == pattern
