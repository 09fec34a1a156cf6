"""A TCP proxy before an S3 server that loses what is asked, or answered, at a moment of choice."""

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter
    from collections.abc import AsyncIterator, Callable

    from venture_core.objectstore import S3Settings

CHUNK = 64 * 1024


def completes(request: bytes) -> bool:
    """Tell whether a request line puts the parts of an upload together."""
    return request.startswith(b"POST ") and b"uploadId=" in request


def assigns(request: bytes) -> bool:
    """Tell whether a request line writes what a Job is given that was started ahead."""
    return request.startswith(b"PUT ") and b"/assignment" in request


@asynccontextmanager
async def completing_unheard(
    settings: S3Settings, *, arrives: bool = True, lose: Callable[[bytes], bool] = completes
) -> AsyncIterator[tuple[S3Settings, list[bytes]]]:
    """Yield settings that go through the proxy, and the requests that got no answer.

    With `arrives` false the store does not get those requests either.
    """
    url, lost = urlsplit(settings.endpoint), list[bytes]()

    async def pass_on(reader: StreamReader, writer: StreamWriter) -> None:
        there, out = await asyncio.open_connection(url.hostname, url.port)
        answering = asyncio.create_task(_copy(there, writer))
        try:
            while data := await reader.read(CHUNK):
                request = data.partition(b"\r\n")[0]
                if not lose(request):
                    out.write(data)
                    continue
                lost.append(request)
                if arrives:
                    answering.cancel()
                    await asyncio.wait([answering])
                    out.write(data)
                    # The store has done what it was asked to once it begins to answer.
                    await there.read(1)
                return
        finally:
            answering.cancel()
            out.close()
            writer.close()

    server = await asyncio.start_server(pass_on, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield settings.model_copy(update={"endpoint": f"http://127.0.0.1:{port}"}), lost
    finally:
        server.close()
        server.close_clients()
        await server.wait_closed()


async def _copy(source: StreamReader, target: StreamWriter) -> None:
    while data := await source.read(CHUNK):
        target.write(data)
