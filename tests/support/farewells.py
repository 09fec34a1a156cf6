"""What is left of connections when a test ends, whose loop ends with it."""

from __future__ import annotations

import asyncio
from asyncio.sslproto import SSLProtocolState
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, cast

from waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LEAVING_SECONDS = 2
FAREWELL_SECONDS = 40
"""asyncio gives a farewell up after 30."""


@asynccontextmanager
async def waiting_for_farewells() -> AsyncIterator[None]:
    """Let connections that were closed within say farewell by TLS before the loop ends.

    aiohttp does not wait for it where the server gave a connection up. What nobody closed stays
    open for longer than this waits, and fails the test by its warning as ever.
    """
    loop = cast("asyncio.SelectorEventLoop", asyncio.get_running_loop())
    watched = loop._selector.get_map()  # type: ignore[attr-defined]
    transports = loop._transports  # type: ignore[attr-defined]
    before = len(watched)
    yield

    async def all_left() -> bool:
        return len(watched) <= before

    async def nobody_is_leaving() -> bool:
        return not any(map(_is_leaving, list(transports.values())))

    with suppress(TimeoutError):
        await until(all_left, seconds=LEAVING_SECONDS)
    with suppress(TimeoutError):
        await until(nobody_is_leaving, seconds=FAREWELL_SECONDS)


def _is_leaving(transport: asyncio.Transport) -> bool:
    state = getattr(transport.get_protocol(), "_state", None)
    return state in (SSLProtocolState.FLUSHING, SSLProtocolState.SHUTDOWN)
