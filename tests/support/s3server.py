"""An S3 server over a folder, of a test's own."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
from recordservers import REPOSITORY, STARTS_WITHIN_SECONDS
from surroundings import free_port
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_fixed
from venture_core.objectstore import S3Settings

if TYPE_CHECKING:
    from datetime import timedelta


@cache
def tool_programs() -> Path:
    """Return the folder of the tools built from Go modules, built where they are not yet."""
    cluster = [sys.executable, str(REPOSITORY / "hack" / "cluster")]
    built = subprocess.run([*cluster, "programs", "tools"], stdout=subprocess.PIPE, check=True)
    return Path(built.stdout.decode().strip())


class S3Server:
    """A versitygw with buckets that are folders."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data = folder / "data"
        self._data.mkdir(parents=True)
        self._port = free_port()
        self._key, self._secret = secrets.token_hex(8), secrets.token_hex(16)
        self._process: subprocess.Popen[bytes] | None = None

    def bucket(self, name: str) -> S3Settings:
        """Return the settings of a bucket, which is made where it is not there."""
        (self._data / name).mkdir(exist_ok=True)
        return S3Settings(
            endpoint=f"http://127.0.0.1:{self._port}",
            region="us-east-1",
            bucket=name,
            access_key_id=self._key,
            secret_access_key=self._secret,
        )

    def make_older(self, bucket: str, key: str, by: timedelta) -> None:
        """Have an object look as if it had been written so much earlier."""
        file = self._data / bucket / key
        written = file.stat().st_mtime - by.total_seconds()
        os.utime(file, (written, written))

    async def start(self) -> None:
        """Start the server and wait until it answers."""
        self._launch()
        await self._answers()

    def _launch(self) -> None:
        command = [str(tool_programs() / "versitygw"), "--port", f"127.0.0.1:{self._port}"]
        command += ["--access", self._key, "--secret", self._secret, "posix", str(self._data)]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)

    async def _answers(self) -> None:
        async with aiohttp.ClientSession() as session:
            async for attempt in AsyncRetrying(
                retry=retry_if_exception_type(aiohttp.ClientConnectionError),
                wait=wait_fixed(0.1),
                stop=stop_after_delay(STARTS_WITHIN_SECONDS),
                reraise=True,
            ):
                with attempt:
                    async with session.get(f"http://127.0.0.1:{self._port}"):
                        return

    def kill(self) -> None:
        """SIGKILL the server."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=10)
