"""Clients for services: each ends soon where the other side has vanished without a word."""

from typing import TYPE_CHECKING, Final

import httpx2
from venture_core.sockets import watchful

if TYPE_CHECKING:
    import ssl

CONNECT_SECONDS: Final = 10.0
"""Whoever is there takes a connection at once, however long the answer takes."""


def within(seconds: float) -> httpx2.Timeout:
    """Return how long may be waited for what comes next."""
    return httpx2.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS))


def calling(
    tls: ssl.SSLContext | None, seconds: float, proxy: httpx2.Proxy | None = None
) -> httpx2.AsyncClient:
    """Return a client. Nothing of the environment counts, such as variables of a proxy."""
    transport = httpx2.AsyncHTTPTransport(
        verify=tls if tls is not None else True,
        trust_env=False,
        proxy=proxy,
        socket_options=watchful(),
    )
    return httpx2.AsyncClient(transport=transport, timeout=within(seconds), trust_env=False)
