"""HTTP for the kubelet and Prometheus: /healthz, /readyz, /metrics."""

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import web
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def serve_probes(port: int) -> AsyncIterator[None]:
    """Serve on all addresses until the context ends.

    A process that answers is alive, and ready to stand by: what it waits for (a database that is
    being migrated, a broker that restarts) no restart of it would bring nearer. Metrics and alerts
    tell of that.
    """
    app = web.Application()
    app.add_routes(
        [
            web.get("/healthz", _alive),
            web.get("/readyz", _alive),
            web.get("/metrics", _metrics),
        ]
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        # The kubelet and Prometheus come from outside the pod.
        await web.TCPSite(runner, "0.0.0.0", port).start()  # noqa: S104
        yield
    finally:
        await runner.cleanup()


async def _alive(_request: web.Request) -> web.StreamResponse:
    return web.json_response({"complaints": []})


async def _metrics(_request: web.Request) -> web.StreamResponse:
    return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})
