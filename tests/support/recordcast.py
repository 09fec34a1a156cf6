"""Everybody who takes part in the record's crash tests, and what becomes of them."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import asyncpg
from recordprocesses import RecordProcess
from recordservers import NatsServer, PostgresServer
from tenacity import retry, retry_if_exception, stop_after_delay, wait_fixed
from venture_core.record.failures import may_pass

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SUPPORT = Path(__file__).resolve().parent


class Cast:
    """Everybody who takes part."""

    def __init__(
        self, folder: Path, postgres: PostgresServer, broker: NatsServer, *, seed: int
    ) -> None:
        self.folder = folder
        self.postgres = postgres
        self.broker = broker
        self.kills: Counter[str] = Counter()
        self.processes: dict[str, RecordProcess] = {}
        self._chooser = Random(seed)  # noqa: S311 - to be repeated, not secret

    def add(self, name: str, process: RecordProcess) -> None:
        self.processes[name] = process
        process.start()

    async def kill_for(self, seconds: float) -> None:
        """Kill somebody, wait a little, bring them back, and again."""
        until_then = time.monotonic() + seconds
        servers: dict[str, PostgresServer | NatsServer] = {
            "postgres": self.postgres,
            "broker": self.broker,
        }
        names = [*self.processes, *servers]
        while time.monotonic() < until_then:
            await asyncio.sleep(self._chooser.uniform(0.2, 1.5))
            name = self._chooser.choice(names)
            pause = self._chooser.choice((0, 0, 0.2, 1.0))
            self.kills[name] += 1
            if name in servers:
                await asyncio.to_thread(servers[name].kill)
                await asyncio.sleep(pause)
                await servers[name].start()
            else:
                await asyncio.to_thread(self.processes[name].kill)
                await asyncio.sleep(pause)
                self.processes[name].start()


@asynccontextmanager
async def cast_in(folder: Path, *, seed: int) -> AsyncIterator[Cast]:
    """Run a Postgres and a broker with whoever joins them, and kill what is left of all."""
    with tempfile.TemporaryDirectory(prefix="venture-cast-") as data:
        postgres, broker = PostgresServer(Path(data)), NatsServer(folder)
        await postgres.start()
        await broker.start()
        members = Cast(folder, postgres, broker, seed=seed)
        try:
            yield members
        finally:
            for process in members.processes.values():
                process.kill()
            broker.kill()
            postgres.kill()


@dataclass(frozen=True)
class Disaster:
    """A time of which the database knows nothing any more, by the clock of this machine."""

    kind: str
    copied_at: float
    replaced_at: float

    def may_have_lost(self, at: float) -> bool:
        """Tell whether what was acknowledged then may be gone."""
        return self.copied_at <= at <= self.replaced_at


class Disasters:
    """Brings older states of the database back: backups, and standbys that lagged."""

    def __init__(self, cast: Cast, *, seed: int) -> None:
        self.folder = cast.folder
        self._cast = cast
        self._chooser = Random(seed)  # noqa: S311 - to be repeated, not secret
        self.struck: list[Disaster] = []

    async def back_up(self) -> float:
        """Take the backup that a restore will bring back; return when."""
        return await self._copy("backup")

    async def restore(self, backed_up_at: float) -> None:
        """Bring the backup back."""
        await self._replace("restore", "backup", backed_up_at)

    async def fail_over(self) -> None:
        """Go on with a standby that had not got the last moments.

        Long enough for leases to run out after the copy, so that some of what is lost was
        numbered, signed and published.
        """
        copied_at = await self._copy("standby")
        await asyncio.sleep(self._chooser.uniform(6, 9))
        await self._replace("failover", "standby", copied_at)

    async def _copy(self, name: str) -> float:
        postgres = self._cast.postgres
        await asyncio.to_thread(postgres.kill)
        copied_at = time.time()
        await asyncio.to_thread(postgres.back_up, name)
        await postgres.start()
        return copied_at

    async def _replace(self, kind: str, name: str, copied_at: float) -> None:
        postgres = self._cast.postgres
        await asyncio.to_thread(postgres.kill)
        await asyncio.to_thread(postgres.bring_back, name)
        # Not before: on a busy machine a writer hears late of what was acknowledged until the kill.
        self.struck.append(Disaster(kind, copied_at, time.time()))
        await postgres.start()


def script(folder: Path, name: str, *arguments: str) -> RecordProcess:
    return RecordProcess(
        "python",
        folder,
        {"VENTURE_POD_NAME": name, "PYTHONPATH": str(SUPPORT)},
        arguments=(str(SUPPORT / arguments[0]), *arguments[1:]),
    )


@retry(retry=retry_if_exception(may_pass), wait=wait_fixed(0.2), stop=stop_after_delay(60))
async def connect_again(url: str) -> asyncpg.Connection:
    connection: asyncpg.Connection = await asyncpg.connect(url)
    return connection
