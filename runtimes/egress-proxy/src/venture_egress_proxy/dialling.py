"""From a name to a connection: resolved once, and what was checked is what is dialled."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from venture_core.policy.matching import DomainPattern

RESOLVE_SECONDS: Final = 5.0
DIAL_SECONDS: Final = 10.0
MAX_ADDRESSES: Final = 8

type Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Gives the addresses of a name. Raises UnreachableError."""


class Permits(Protocol):
    """Says whether an address may be dialled; with `private` those of private networks, too."""

    def __call__(self, text: str, *, private: bool) -> bool:
        """Return whether it may."""


type Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class UnreachableError(Exception):
    """The host does not answer, or there is none of the name."""


class ForbiddenAddressError(Exception):
    """The name leads to no address that may be dialled."""


async def dial(
    host: str, port: int, private: tuple[DomainPattern, ...], resolve: Resolve, permits: Permits
) -> Streams:
    """Connect to a host by its name.

    Raises ForbiddenAddressError where none of its addresses may be dialled, UnreachableError.
    """
    allowed = any(each.covers(host, port) for each in private)
    found = await resolve(host, port)
    addresses = [each for each in found if permits(each, private=allowed)][:MAX_ADDRESSES]
    if not addresses:
        raise ForbiddenAddressError(f"{host} leads to no address of the public web")
    for address in addresses:
        try:
            async with asyncio.timeout(DIAL_SECONDS):
                return await asyncio.open_connection(address, port, limit=64 * 1024)
        except OSError, TimeoutError:
            continue
    raise UnreachableError(f"{host} does not answer")


async def resolve_by_system(host: str, port: int) -> list[str]:
    """Ask the system's resolver."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(RESOLVE_SECONDS):
            # The dot at the end keeps the resolver from trying the cluster's own domains.
            found = await loop.getaddrinfo(f"{host}.", port, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError) as error:
        raise UnreachableError(f"there is no host {host}") from error
    return list(dict.fromkeys(str(each[4][0]).partition("%")[0] for each in found))
