"""Programs of services, run within a test with an API server that is not their cluster's."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from tenacity import AsyncRetrying, stop_after_delay, wait_fixed
from venture_core.kubernetes.client import KubernetesClient
from venture_core.process.running import Process

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    import pytest


def reach(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have programs reach an API server where a pod reaches its own."""

    @asynccontextmanager
    async def connect() -> AsyncIterator[KubernetesClient]:
        async with KubernetesClient.from_kubeconfig(str(kubeconfig)) as client:
            yield client

    monkeypatch.setattr(KubernetesClient, "in_cluster", connect)


@asynccontextmanager
async def running(run: Callable[..., Any], settings: Any) -> AsyncIterator[str]:
    """Run a program until it is ready, and to its end; yield its URL."""
    process = Process("gateway", starting=True)
    working = asyncio.create_task(run(settings, process))
    try:
        async for attempt in AsyncRetrying(wait=wait_fixed(0.05), stop=stop_after_delay(60)):
            with attempt:
                if working.done():
                    working.result()
                assert not process.readiness()
                assert not process.degradation()
        yield f"http://127.0.0.1:{settings.api_port}"
    finally:
        process.stop.set()
        await asyncio.wait_for(working, timeout=60)
