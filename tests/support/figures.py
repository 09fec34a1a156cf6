"""How long things take under load, for benchmarks: closed by callers, or open at a rate."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

type Ask = Callable[[], Awaitable[object]]


async def by_callers(ask: Ask, callers: int, seconds: float) -> tuple[list[float], float]:
    """Have callers ask one after another for so long; return each duration, and how many a second.

    Durations are in seconds, the shortest first.
    """
    took: list[float] = []
    begin = time.perf_counter()
    end = begin + seconds

    async def call() -> None:
        while (began := time.perf_counter()) < end:
            await ask()
            took.append(time.perf_counter() - began)

    await asyncio.gather(*(call() for _ in range(callers)))
    return sorted(took), len(took) / (time.perf_counter() - begin)


async def at_rate(ask: Ask, rate: int, seconds: float) -> list[float]:
    """Ask so often a second whatever comes back; return each duration since it was due, sorted."""
    took: list[float] = []
    begin = time.perf_counter()

    async def one(due: float) -> None:
        await ask()
        took.append(time.perf_counter() - due)

    async with asyncio.TaskGroup() as group:
        for number in range(int(rate * seconds)):
            due = begin + number / rate
            if (early := due - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            group.create_task(one(due))
    return sorted(took)


def spread(took: list[float]) -> str:
    """Return median and 99th percentile of sorted durations, in milliseconds."""
    p50, p99 = (took[int(len(took) * part)] * 1000 for part in (0.5, 0.99))
    return f"p50 {p50:6.1f} ms  p99 {p99:6.1f} ms"
