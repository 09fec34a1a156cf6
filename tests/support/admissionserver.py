"""Our admission webhooks on a port of this machine, registered with a real API server."""

from __future__ import annotations

import asyncio
import base64
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from certificates import Authority
from teapot import running
from venture_core.freezes import Freezes
from venture_core.http.app import whole
from venture_core.http.server import service_tls
from venture_core.kubernetes.following import Changes
from venture_core.kubernetes.resources import MUTATING_WEBHOOKS
from venture_webhooks.app import application
from venture_webhooks.bundles import BundlesInSight
from venture_webhooks.targets import all_targets

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from venture_core.kubernetes.client import KubernetesClient

type Body = dict[str, Any]


@asynccontextmanager
async def admitting(
    client: KubernetesClient, folder: Path, manifests: list[Body], *namespaces: str
) -> AsyncIterator[tuple[str, Callable[[], None]]]:
    """Serve, and register as the chart does, for some namespaces.

    Yield the name of the registration, and what ends the service without a word to the API server.
    """
    authority = Authority(folder)
    pair = authority.issue("webhooks")
    bundles, freezes, targets = BundlesInSight(client, None), Freezes(client), all_targets()
    seen = [Changes(client, each.resource, each) for each in targets.values()]
    watching = [asyncio.create_task(each.run()) for each in (bundles, freezes, *seen)]
    app = whole(application(bundles, freezes, "system:operator", targets), authenticate=None)
    files = {"tls_certificate_file": pair.cert, "tls_key_file": pair.key}
    async with running(app, tls=service_tls, **files) as service:
        registered = _registration(manifests, service.url, authority.cert, namespaces)
        await client.create(MUTATING_WEBHOOKS, registered)
        yield registered["metadata"]["name"], service.process.stop.set
        await client.delete(MUTATING_WEBHOOKS, registered["metadata"]["name"])
    for each in watching:
        each.cancel()


def _registration(
    manifests: list[Body], url: str, authority: Path, namespaces: tuple[str, ...]
) -> Body:
    """Return the chart's registration, for a server beside the cluster and these namespaces."""
    (found,) = (each for each in manifests if each["kind"] == "MutatingWebhookConfiguration")
    (hook,) = found["webhooks"]
    ca = base64.b64encode(authority.read_bytes()).decode()
    hook["clientConfig"] = {"url": f"{url}/admit", "caBundle": ca}
    hook["namespaceSelector"] = named(*namespaces)
    found["metadata"]["name"] = f"webhooks-{namespaces[0]}"
    return found


def named(*namespaces: str) -> Body:
    """Return a selector of namespaces by their names."""
    key = "kubernetes.io/metadata.name"
    return {"matchExpressions": [{"key": key, "operator": "In", "values": list(namespaces)}]}
