"""Servers of the development data plane, run from the file systems of their images."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pydantic import SecretStr
from surroundings import REPOSITORY, free_port
from tenacity import AsyncRetrying, stop_after_delay, wait_fixed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

STARTS_WITHIN_SECONDS = 60
IMAGES = ("venture-dev-postgres", "venture-dev-nats", "venture-dev-valkey")


@dataclass(frozen=True)
class Server:
    """Where a server answers, and as whom."""

    scheme: str
    port: int
    password: str
    path: str = ""

    def url(self, path: str | None = None) -> SecretStr:
        credentials = f"venture:{self.password}"
        where = self.path if path is None else path
        return SecretStr(f"{self.scheme}://{credentials}@127.0.0.1:{self.port}{where}")

    def with_another_password(self) -> Server:
        return replace(self, password=secrets.token_hex(12))


def data_plane_images() -> dict[str, str]:
    """Build the data plane's images where they are missing; give their references by name."""
    command = [sys.executable, str(REPOSITORY / "hack" / "cluster"), "images", *IMAGES]
    built = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    references: dict[str, str] = json.loads(built.stdout)
    return references


@contextmanager
def running(
    image: str, *command: str, mounts: dict[Path, str], env: dict[str, str] | None = None
) -> Iterator[None]:
    """Run a command in an image's file system, with this host's network and as the image's user."""
    create = ["buildah", "from", "--pull-never", image]
    container = subprocess.run(create, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    run = ["buildah", "run", "--isolation", "chroot", "--user", "65532:65532"]
    for source, target in mounts.items():
        os.chown(source, 65532, 65532)
        run += ["--volume", f"{source}:{target}"]
    for name, value in (env or {}).items():
        run += ["--env", f"{name}={value}"]
    server = subprocess.Popen([*run, container, "--", *command])
    try:
        yield
    finally:
        server.terminate()
        server.wait(timeout=20)
        subprocess.run(["buildah", "rm", container], stdout=subprocess.DEVNULL, check=True)


async def until_answers(probe: Callable[[], Awaitable[str]]) -> str:
    patiently = AsyncRetrying(
        wait=wait_fixed(0.2), stop=stop_after_delay(STARTS_WITHIN_SECONDS), reraise=True
    )
    async for attempt in patiently:
        with attempt:
            return await probe()
    raise AssertionError("tenacity raises when it gives up")


@contextmanager
def valkey_server(image: str, folder: Path) -> Iterator[Server]:
    """Run Valkey with a user who may do all, and one who may only read."""
    server = Server("redis", free_port(), secrets.token_hex(12), "/0")
    (folder / "users.acl").write_text(
        f"user default off\nuser venture on >{server.password} ~* &* +@all\n"
        f"user reader on >{server.password} ~* &* +@read +@connection +info\n"
    )
    (folder / "data").mkdir()
    mounts = {folder / "data": "/data", folder / "users.acl": "/users.acl"}
    arguments = ("--port", str(server.port), "--dir", "/data", "--aclfile", "/users.acl")
    with running(image, "/usr/bin/valkey-server", *arguments, mounts=mounts):
        yield server
