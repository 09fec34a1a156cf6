"""HTTP for the kubelet and Prometheus: /healthz, /readyz, /metrics."""

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import web
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable


type Complaints = Callable[[], list[str]]
"""What is wrong at this moment, each in a sentence; nothing is fine."""
type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serve_probes(
    port: int, *, liveness: Complaints, readiness: Complaints, degradation: Complaints = list
) -> AsyncIterator[None]:
    """Serve on all addresses until the context ends: 503 while there are complaints, else 200.

    `degradation` is shown by /readyz and takes nothing away: part of the work does not go on.
    """
    app = web.Application()
    app.add_routes(
        [
            web.get("/healthz", _probe(liveness)),
            web.get("/readyz", _probe(readiness, degradation)),
            web.get("/metrics", _metrics),
        ]
    )
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        # The kubelet and Prometheus come from outside the pod.
        await web.TCPSite(runner, "0.0.0.0", port).start()  # noqa: S104
        yield
    finally:
        await runner.cleanup()


def _probe(complaints_of: Complaints, degradations_of: Complaints = list) -> Handler:
    async def answer(_request: web.Request) -> web.StreamResponse:
        complaints = complaints_of()
        answer = {"complaints": complaints, "degraded": degradations_of()}
        return web.json_response(answer, status=503 if complaints else 200)

    return answer


async def _metrics(_request: web.Request) -> web.StreamResponse:
    return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})
