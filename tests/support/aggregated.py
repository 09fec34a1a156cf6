"""An API of a test's own, which a real API server serves for a program of this machine."""

from __future__ import annotations

import asyncio
import base64
import secrets
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from aiohttp import web
from certificates import Authority
from surroundings import free_port
from venture_core.kubernetes.resources import API_SERVICES, Resource

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from venture_core.kubernetes.client import KubernetesClient

type Body = dict[str, Any]

SERVICES = Resource("", "v1", "services", "Service")
VERSION = "v1"
SERVICE = "slow"


class SlowApi:
    """Answers everything below a group's version by dripping bytes, for as long as it is told."""

    def __init__(self, namespace: str, folder: Path) -> None:
        self.group = f"slow-{secrets.token_hex(4)}.tests.example.com"
        self.name = f"{VERSION}.{self.group}"
        self.root = f"/apis/{self.group}/{VERSION}"
        self.namespace = namespace
        self.port = free_port()
        self.authority = Authority(folder)
        self._pair = self.authority.issue("slow", hosts=(f"{SERVICE}.{namespace}.svc",))

    def registration(self, **spec: object) -> Body:
        """Return the object by which the API server forwards to it."""
        service = {"name": SERVICE, "namespace": self.namespace, "port": self.port}
        trusted = base64.b64encode(self.authority.cert.read_bytes()).decode()
        usual = {
            "group": self.group,
            "version": VERSION,
            "groupPriorityMinimum": 100,
            "versionPriority": 15,
            "service": service,
            "caBundle": trusted,
        }
        return {
            "apiVersion": API_SERVICES.api_version,
            "kind": API_SERVICES.kind,
            "metadata": {"name": self.name},
            "spec": {key: value for key, value in (usual | spec).items() if value is not None},
        }

    @asynccontextmanager
    async def registered(self, client: KubernetesClient, **spec: object) -> AsyncIterator[None]:
        """Have the API server know of it, with a Service whose name leads to this machine."""
        service = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": SERVICE},
            "spec": {"type": "ExternalName", "externalName": "localhost"},
        }
        await client.apply(SERVICES, service, self.namespace, field_manager="tests")
        await client.create(API_SERVICES, self.registration(**spec))
        try:
            yield
        finally:
            await client.delete(API_SERVICES, self.name)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Answer: discovery at once, all else a byte now and then."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self._pair.cert, self._pair.key)
        app = web.Application()
        app.router.add_get(self.root, self._discovery)
        app.router.add_get(self.root + "/{rest:.*}", self._drip)
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "localhost", self.port, ssl_context=context).start()
        try:
            yield
        finally:
            await runner.cleanup()

    async def _discovery(self, _request: web.Request) -> web.Response:
        listed = {"kind": "APIResourceList", "groupVersion": f"{self.group}/{VERSION}"}
        return web.json_response(listed | {"apiVersion": "v1", "resources": []})

    async def _drip(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        for _ in range(int(request.query["bytes"])):
            await answer.write(b".")
            await asyncio.sleep(float(request.query["pause"]))
        await answer.write_eof()
        return answer
