"""A TCP proxy before the API server, which a test can cut as a broken network would."""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import yaml

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter
    from pathlib import Path

CHUNK = 64 * 1024


class ApiProxy:
    """Passes on what it gets; while cut it refuses connections, and those that were open end."""

    def __init__(self, kubeconfig: Path) -> None:
        self._config = yaml.safe_load(kubeconfig.read_text())
        url = urlsplit(self._config["clusters"][0]["cluster"]["server"])
        assert url.hostname is not None
        assert url.port is not None
        self._target = (url.hostname, url.port)
        self._server: asyncio.Server | None = None
        self._port = 0
        self._open: set[StreamWriter] = set()

    async def restore(self) -> None:
        """Listen, on the same port as before."""
        self._server = await asyncio.start_server(self._pass_on, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Drop every connection and take no new one."""
        if self._server is None:
            return
        self._server.close()
        for writer in self._open:
            writer.transport.abort()
        await self._server.wait_closed()
        self._server = None

    def kubeconfig(self, path: Path, *, user: str | None = None) -> Path:
        """Write a kubeconfig that goes through here, as that user if one is given."""
        cluster = self._config["clusters"][0]["cluster"]
        cluster |= {"server": f"https://127.0.0.1:{self._port}"}
        if user is not None:
            self._config["users"][0]["user"]["as"] = user
        path.write_text(yaml.safe_dump(self._config))
        return path

    async def _pass_on(self, reader: StreamReader, writer: StreamWriter) -> None:
        # Whatever ends it, a broken connection or the test's loop, nothing is left open.
        opened = [writer]
        try:
            there, out = await asyncio.open_connection(*self._target)
            opened.append(out)
            self._open |= {*opened}
            copies = (_copy(reader, out), _copy(there, writer))
            await asyncio.wait(
                tasks := [asyncio.create_task(each) for each in copies],
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in tasks:
                task.cancel()
        except OSError:
            # A server that is away looks the same from behind a proxy: the connection ends.
            return
        finally:
            self._open -= {*opened}
            for each in opened:
                each.close()


async def _copy(source: StreamReader, target: StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(CHUNK):
            target.write(data)
            await target.drain()
