"""Appends as fast as the database takes them, for benchmarks."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self
from uuid import uuid7

from recordevents import started
from venture_core.record.append import Canonical, append_call
from venture_core.record.database import Role, connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    import asyncpg
    from pydantic import SecretStr

MAX_EVENTS = 500
LANES = 2


class Events:
    """Makes events of one workflow quickly: all alike but for their ids."""

    def __init__(self) -> None:
        self.workflow = uuid7()
        event = started(self.workflow, 1)
        data = event.canonical_bytes()
        self._before, self._after = data.split(str(event.event_id).encode())

    def __iter__(self) -> Iterator[Canonical]:
        while True:
            event_id = uuid7()
            yield Canonical(
                event_id, self.workflow, self._before + str(event_id).encode() + self._after
            )


@dataclass(slots=True)
class Appended:
    """What was reached."""

    events: int = 0
    clock: float = 0.0
    """Seconds that passed."""
    processor: float = 0.0
    """Seconds of a core that the database's sessions took."""
    latencies: list[float] = field(default_factory=list)
    """Of each call, in seconds."""


class AppendLoad:
    """Appends over two connections, one call at a time on each; an async context manager."""

    def __init__(self, url: SecretStr, workflows: int, each: int) -> None:
        """Append `each` events at once to each of so many workflows."""
        self._url = url
        self._each = each
        self._streams = [iter(Events()) for _ in range(workflows)]
        self._connections: list[asyncpg.Connection] = []
        self._turns = 0

    async def __aenter__(self) -> Self:
        """Connect, and append once: plans are made by the first call of a session."""
        for lane in range(LANES):
            connection = await connect(self._url, Role.PRODUCER, name="bench")
            self._connections.append(connection)
            await append_call(connection, self._batch(lane, 0), None)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        for connection in self._connections:
            await connection.close()

    async def run(self, seconds: float) -> Appended:
        """Append for so long."""
        appended = Appended()
        worked = await self._worked()
        began = time.perf_counter()
        await asyncio.gather(
            *(self._append(lane, began + seconds, appended) for lane in range(LANES))
        )
        appended.clock = time.perf_counter() - began
        appended.processor = await self._worked() - worked
        return appended

    async def _append(self, lane: int, until_then: float, appended: Appended) -> None:
        turn = 0
        while time.perf_counter() < until_then:
            batch = self._batch(lane, turn)
            began = time.perf_counter()
            await append_call(self._connections[lane], batch, None)
            appended.latencies.append(time.perf_counter() - began)
            appended.events += len(batch)
            turn += 1

    def _batch(self, lane: int, turn: int) -> list[Canonical]:
        streams = self._streams[lane::LANES]
        size = min(len(streams), MAX_EVENTS // self._each)
        chosen = (streams[(turn * size + n) % len(streams)] for n in range(size))
        return [next(stream) for stream in chosen for _ in range(self._each)]

    async def _worked(self) -> float:
        """Return how long the sessions' processes have worked, in seconds of a core."""
        ticks = 0
        for connection in self._connections:
            process = await connection.fetchval("SELECT pg_backend_pid()")
            # After the name, which may hold anything: the 14th and 15th field of all.
            stat = await asyncio.to_thread(Path(f"/proc/{process}/stat").read_text)
            fields = stat.rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")
