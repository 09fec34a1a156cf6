"""A Postgres and a NATS server of a test's own, which it may kill and start again."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import nats
from pydantic import SecretStr
from surroundings import REPOSITORY, free_port
from tenacity import AsyncRetrying, stop_after_delay, wait_fixed
from venture_core.record.migrate import NEWEST, migrate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nats.aio.client import Client

STARTS_WITHIN_SECONDS = 60
NOBODY = 65534


class PostgresServer:
    """A database cluster in a folder, by the newest Postgres installed here or by given programs.

    Postgres refuses to run as root: then it runs as nobody.
    """

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, str] | None = None,
        *,
        programs: Path | None = None,
    ) -> None:
        self.port = free_port()
        self._folder = folder
        self._data = folder / "data"
        self._programs = programs or installed_postgres()[-1]
        self._process: subprocess.Popen[bytes] | None = None
        self._templates: dict[str, str] = {}
        self._settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "200",
            "shared_buffers": "256MB",
            "max_wal_size": "4GB",
            **(settings or {}),
        }
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
        initdb = [
            str(self._programs / "initdb"),
            "--pgdata",
            str(self._data),
            "--username=postgres",
        ]
        initdb += ["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        subprocess.run(initdb, check=True, capture_output=True, cwd=folder, **self._as_nobody())

    @staticmethod
    def _as_nobody() -> dict[str, int]:
        return {"user": NOBODY, "group": NOBODY} if os.geteuid() == 0 else {}

    def url(self, database: str, user: str = "postgres") -> SecretStr:
        """Return the URL of a database of this server."""
        return SecretStr(f"postgresql://{user}@127.0.0.1:{self.port}/{database}")

    async def start(self) -> None:
        """Start the server and wait until it answers."""
        self._launch()
        async for attempt in _patiently():
            with attempt:
                connection = await asyncpg.connect(self.url("postgres").get_secret_value())
                await connection.close()

    def _launch(self) -> None:
        command = [str(self._programs / "postgres"), "-D", str(self._data)]
        for name, value in self._settings.items():
            command += ["-c", f"{name}={value}"]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=self._folder, **self._as_nobody()
            )

    def kill(self) -> None:
        """SIGKILL the server and all its processes, as a power failure would end them."""
        process = self._running()
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        process.kill()
        for child in children:
            try:
                os.kill(int(child), signal.SIGKILL)
            except ProcessLookupError:
                continue  # it ended with its parent
        process.wait(timeout=10)
        # What a power failure would clear: a lock file whose process id may be taken again.
        (self._data / "postmaster.pid").unlink(missing_ok=True)

    def back_up(self, name: str) -> None:
        """Copy what a killed server stored, as a snapshot of its disk would."""
        copy = self._folder / name
        shutil.rmtree(copy, ignore_errors=True)
        subprocess.run(["cp", "-a", str(self._data), str(copy)], check=True)

    def bring_back(self, name: str) -> None:
        """Put a copy in the place of what a killed server stored; the copy stays."""
        shutil.rmtree(self._data)
        subprocess.run(["cp", "-a", str(self._folder / name), str(self._data)], check=True)

    def stop(self) -> None:
        """Stop the server without waiting for its clients."""
        process = self._running()
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("the server was never started")
        return self._process

    async def create_database(self, revision: str = NEWEST) -> SecretStr:
        """Create a database with the record's schema; return its URL, of a superuser.

        The migrations run once for each server: every database is a copy of what they made.
        """
        if revision not in self._templates:
            template = f"template_{secrets.token_hex(6)}"
            await self._execute(f"CREATE DATABASE {template}")
            await migrate(self.url(template), revision)
            self._templates[revision] = template
        name = f"test_{secrets.token_hex(6)}"
        await self._execute(f"CREATE DATABASE {name} TEMPLATE {self._templates[revision]}")
        return self.url(name)

    async def drop_database(self, url: SecretStr) -> None:
        """Drop a database and throw its clients out."""
        name = url.get_secret_value().rsplit("/", 1)[1]
        await self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.url("postgres").get_secret_value())
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


class NatsServer:
    """A NATS server with JetStream over a folder, built from Go modules."""

    def __init__(self, folder: Path, *, config: str = "", login: str = "") -> None:
        """`login` (user:password) is what this object itself connects with, if there are users."""
        self.port = free_port()
        self._login = f"{login}@" if login else ""
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._config = folder / "nats.conf"
        self._config.write_text(
            f'listen: "127.0.0.1:{self.port}"\njetstream {{ store_dir: "{folder}/data" }}\n{config}'
        )

    def url(self, login: str = "") -> SecretStr:
        """Return the server's URL, for a login (user:password) or for this object's."""
        return SecretStr(f"nats://{f'{login}@' if login else self._login}127.0.0.1:{self.port}")

    async def connect(self) -> Client:
        """Connect a client that does not come back when the server goes."""
        return await nats.connect(self.url().get_secret_value(), allow_reconnect=False)

    async def start(self) -> None:
        """Start the server and wait until JetStream answers."""
        await asyncio.to_thread(self.launch)
        async for attempt in _patiently():
            with attempt:
                client = await nats.connect(
                    self.url().get_secret_value(),
                    allow_reconnect=False,
                    reconnect_time_wait=0.05,
                    error_cb=_ignore,
                )
                try:
                    await client.jetstream().account_info()
                finally:
                    await client.close()

    def launch(self) -> None:
        """Start the server without waiting for it."""
        program = nats_program()
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(program), "--config", str(self._config)], stdout=log, stderr=log
            )

    def kill(self) -> None:
        """SIGKILL the server."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=10)

    def stop(self) -> None:
        """Stop the server in order."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=20)

    def lose_everything(self) -> None:
        """Delete what a stopped server stored."""
        shutil.rmtree(self._folder / "data")


async def heard(client: Client) -> None:
    """Wait until the server has heard all that the client said.

    The PING of a flush overtakes what waits to be sent; that of the next does not.
    """
    for _ in range(2):
        await client.flush()


@cache
def nats_program() -> Path:
    """Return the server's program, built where it is not yet."""
    cluster = [sys.executable, str(REPOSITORY / "hack" / "cluster")]
    built = subprocess.run([*cluster, "programs", "nats"], stdout=subprocess.PIPE, check=True)
    return Path(built.stdout.decode().strip()) / "nats-server"


async def _ignore(error: Exception) -> None:
    """Take the client's report of a failed attempt, which it also raises."""


def installed_postgres() -> list[Path]:
    """Return the folders with the programs of every Postgres installed here, the newest last."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda at: int(at.parent.name))
    if not versions:
        raise FileNotFoundError("no Postgres is installed: `apt-get install postgresql-15`")
    return versions


def _patiently() -> AsyncRetrying:
    return AsyncRetrying(
        wait=wait_fixed(0.1), stop=stop_after_delay(STARTS_WITHIN_SECONDS), reraise=True
    )
