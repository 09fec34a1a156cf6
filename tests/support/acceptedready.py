"""How long builds take on a cluster, from accepted to Ready, one after the other."""

import asyncio
import hashlib
import json
import os
import secrets
import time
from typing import Any, Final

import aiohttp
from builds import Builds, condition
from documentsizes import KINDS
from venture_core.kubernetes.client import KubernetesClient
from venture_core.kubernetes.resources import NAMESPACES

CONTENT: Final = "/apis/content.venture.parpour.dev/v1alpha1"

_CREATED: Final = 201


class UploadRefusedError(Exception):
    """The API took no upload; the message is what it said."""


def measure(kind: str, size: int, rounds: int) -> list[float]:
    """Build so many documents that nobody built before; return the seconds of each."""
    return asyncio.run(_measure(kind, size, rounds))


async def _measure(kind: str, size: int, rounds: int) -> list[float]:
    namespace = f"bench-{secrets.token_hex(4)}"
    async with KubernetesClient.from_kubeconfig(os.environ["KUBECONFIG"]) as client:
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        await client.create(NAMESPACES, body)
        builds = Builds(client, namespace)
        try:
            return [await _build(builds, kind, size, number) for number in range(rounds)]
        finally:
            await client.delete(NAMESPACES, namespace)


async def _build(builds: Builds, kind: str, size: int, number: int) -> float:
    made, assets = KINDS[kind].make(size)
    made["title"] = f"Figures {secrets.token_hex(8)}"
    data = json.dumps(made).encode()
    spec: dict[str, Any] = {"target": KINDS[kind].target}
    small = len(data) < 48 * 1024
    spec["source"] = {"inline": made} if small else {"objectRef": await upload(builds, data)}
    spec["assets"] = [
        {"name": name, "objectRef": await upload(builds, each)} for name, each in assets.items()
    ]
    name = f"{kind.lower().replace(' ', '-')}-{number}"
    began = time.monotonic()
    await builds.create(name, **spec)
    while True:
        body = await builds.get(name)
        if condition(body, "Ready").get("status") == "True":
            return time.monotonic() - began
        stalled = condition(body, "Stalled")
        assert stalled.get("status") != "True", stalled
        await asyncio.sleep(0.02)


async def upload(builds: Builds, data: bytes) -> dict[str, str]:
    """Upload bytes as users do; return where they are. Raises `UploadRefusedError`."""
    sha256 = hashlib.sha256(data).hexdigest()
    path = f"{CONTENT}/namespaces/{builds.namespace}/assets/{sha256}/proxy"
    timeout = aiohttp.ClientTimeout(total=120)
    async with builds.client.connection.send("POST", path, data=data, timeout=timeout) as answer:
        if answer.status != _CREATED:
            raise UploadRefusedError((await answer.text())[:300])
        return {"key": (await answer.json())["key"], "sha256": sha256}
