"""A tiny service, as it runs in the tests of the kit for services."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from fastapi import Request  # noqa: TC002  FastAPI reads the annotation
from pydantic import BaseModel, Field
from surroundings import free_port
from tenacity import AsyncRetrying, stop_after_delay, wait_fixed
from venture_core.http.app import fastapi
from venture_core.http.callers import caller_of
from venture_core.http.server import serve
from venture_core.http.settings import ServiceSettings
from venture_core.http.tracing import current_trace_id
from venture_core.process.running import Process

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    import aiohttp
    from venture_core.http.tls import ServerTls
    from venture_core.http.types import Application


class Pot(BaseModel, strict=True, extra="forbid"):
    cups: int = Field(ge=1, le=8)


def teapot() -> Application:
    """Return the routes of the tiny service, and nothing else."""
    app = fastapi("Teapot", "1.0.0")

    @app.get("/pots/{name}")
    async def pot(name: str, request: Request) -> dict[str, Any]:
        trace_id = str(current_trace_id())
        return {"name": name, "caller": caller_of(request.scope).name, "trace": trace_id}

    @app.post("/pots")
    async def fill(pot: Pot) -> Pot:
        return pot

    @app.post("/raw")
    async def raw(request: Request) -> int:
        return len(await request.body())

    @app.get("/broken")
    async def broken() -> None:
        raise ValueError("hunter2")

    @app.get("/slow")
    async def slow() -> str:
        await asyncio.sleep(0.8)
        return "done"

    @app.get("/stuck")
    async def stuck() -> None:
        await asyncio.sleep(600)

    return app


class Running:
    """The tiny service while it runs."""

    def __init__(self, url: str, process: Process, serving: asyncio.Task[None]) -> None:
        self.url = url
        self.process = process
        self.serving = serving


@asynccontextmanager
async def running(
    app: Application,
    *,
    tls: Callable[[ServiceSettings], ServerTls | None] = lambda _: None,
    websockets: bool = False,
    **settings: Any,
) -> AsyncIterator[Running]:
    port = free_port()
    values = {"drain_seconds": 0.3, "stop_seconds": 5, **settings}
    given = ServiceSettings(pod_name="teapot-0", api_port=port, **values)
    process = Process("teapot", starting=True)
    context = tls(given)
    serving = asyncio.create_task(serve(app, given, process, context, websockets=websockets))
    async for attempt in AsyncRetrying(wait=wait_fixed(0.02), stop=stop_after_delay(60)):
        with attempt:
            assert not process.readiness()
    scheme = "http" if context is None else "https"
    try:
        yield Running(f"{scheme}://127.0.0.1:{port}", process, serving)
    finally:
        process.stop.set()
        await asyncio.wait_for(serving, timeout=60)


async def problem(answer: aiohttp.ClientResponse) -> dict[str, Any]:
    assert answer.content_type == "application/problem+json"
    body: dict[str, Any] = await answer.json()
    assert body["status"] == answer.status
    assert body["trace_id"] == answer.headers["X-Trace-Id"]
    assert body["detail"]
    return body
