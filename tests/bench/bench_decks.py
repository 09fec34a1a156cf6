"""Decks full of pictures, all at once: what their Jobs and the operator take.

Run on an installed cluster: `KUBECONFIG=… .venv/bin/python tests/bench/bench_decks.py [--decks 3]`.
Each deck has pictures of 49.5 MiB. It prints how each build ended and how much memory its Job took,
and the operator's memory meanwhile; it passes no judgement.
"""

import argparse
import asyncio
import hashlib
import io
import json
import os
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.append(str(Path(__file__).resolve().parents[1] / "support"))

import aiohttp
import operatorpods
from bench_burst import own_namespace, sample
from builds import Builds, condition
from forwarding import forwarded
from PIL import Image
from venture_core.kubernetes.client import KubernetesClient
from venture_core.kubernetes.resources import NAMESPACES, PODS

if TYPE_CHECKING:
    from collections.abc import Iterator

type Body = dict[str, Any]

CONTENT = "/apis/content.venture.parpour.dev/v1alpha1"
MIB = 1024 * 1024
PICTURES = 3
SIDE = 2400
"""Pixels along an edge: noise of that size takes 16.5 MiB as PNG."""
OWNER = "venture.parpour.dev/owner-namespace"


def main() -> None:
    """Measure, print, clean up."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--decks", type=int, default=10)
    options.add_argument("--target", default="Pptx")
    options.add_argument("--deadline", type=float, default=400.0, help="seconds")
    asyncio.run(measure(options.parse_args()))


async def measure(given: argparse.Namespace) -> None:
    """Upload the pictures once, create all builds, and look until each has come to its end."""
    kubeconfig = os.environ["KUBECONFIG"]
    async with KubernetesClient.from_kubeconfig(kubeconfig) as client:
        namespace = await own_namespace(client)
        builds = Builds(client, namespace)
        operator = Operator(client)
        try:
            assets = [await upload(client, namespace, name) for name in names()]
            names_of_builds = [f"deck-{number}" for number in range(given.decks)]
            leader = await operatorpods.leader(client)
            with forwarded(Path(kubeconfig), operatorpods.NAMESPACE, f"pod/{leader}", 8080) as port:
                watching = asyncio.ensure_future(operator.watch(port))
                started = time.monotonic()
                await asyncio.gather(
                    *(order(builds, name, given.target, assets) for name in names_of_builds)
                )
                ended = await until_ended(builds, names_of_builds, given.deadline)
                took = time.monotonic() - started
                watching.cancel()
            print(f"{given.decks} decks ({given.target}) at once: {dict(ended)} after {took:.0f} s")
            print(f"Jobs: {await pods_ended(client, namespace)}")
            peaks = [await peak_memory(client, namespace, name) for name in names_of_builds]
            print(f"peak memory of the Jobs, in MiB: {sorted(each for each in peaks if each)}")
            print(await operator.told())
        finally:
            await client.delete(NAMESPACES, namespace)


def names() -> Iterator[str]:
    """Yield the names of the pictures."""
    yield from (f"noise-{number}" for number in range(PICTURES))


async def upload(client: KubernetesClient, namespace: str, name: str) -> Body:
    """Make a picture that does not compress, upload it as users do, and return the asset."""
    file = io.BytesIO()
    pixels = os.urandom(SIDE * SIDE * 3)
    Image.frombytes("RGB", (SIDE, SIDE), pixels).save(file, "PNG", compress_level=1)
    data = file.getvalue()
    sha256 = hashlib.sha256(data).hexdigest()
    path = f"{CONTENT}/namespaces/{namespace}/assets/{sha256}/proxy"
    timeout = aiohttp.ClientTimeout(total=120)
    async with client.connection.send("POST", path, data=data, timeout=timeout) as answer:
        assert answer.status == 201, await answer.text()
        key = (await answer.json())["key"]
    print(f"{name}: {len(data) / MIB:.1f} MiB")
    return {"name": name, "objectRef": {"key": key, "sha256": sha256}}


async def order(builds: Builds, name: str, target: str, assets: list[Body]) -> None:
    """Create a build that shows every picture."""
    title = f"{name} of {builds.namespace}"
    pages = [
        {"type": "image", "title": each, "image": each, "altText": "Noise."} for each in names()
    ]
    document = {"kind": "SlideSpec", "version": 1, "title": title, "slides": pages}
    await builds.create(name, target=target, source={"inline": document}, assets=assets)


async def until_ended(builds: Builds, wanted: list[str], seconds: float) -> Counter[str]:
    """Wait until each is Ready or Stalled, or for so long; return how many ended how."""
    ended: dict[str, str] = {}
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while len(ended) < len(wanted):
                for name in set(wanted) - ended.keys():
                    body = await builds.get(name)
                    for kind in ("Ready", "Stalled"):
                        found = condition(body, kind)
                        if found.get("status") == "True":
                            ended[name] = f"{kind}: {found['reason']}"
                await asyncio.sleep(0.5)
    return Counter(ended.get(name, "not ended") for name in wanted)


async def pods_ended(client: KubernetesClient, namespace: str) -> dict[str, int]:
    """Count how the containers of the Jobs' pods ended, as the kubelet says it."""
    pods = await client.list(PODS, label_selector=f"{OWNER}={namespace}")
    return Counter(
        status["state"].get("terminated", {}).get("reason", "running")
        for pod in pods
        for status in pod["status"].get("containerStatuses", ())
    )


async def peak_memory(client: KubernetesClient, namespace: str, name: str) -> int:
    """Return what a Job's own log says that it took, 0 where it does not say."""
    path = f"{CONTENT}/namespaces/{namespace}/artifactbuilds/{name}/log"
    timeout = aiohttp.ClientTimeout(total=30)
    async with client.connection.send("GET", path, timeout=timeout) as answer:
        lines = (await answer.text()).splitlines()
    for line in lines:
        with suppress(ValueError):
            if taken := json.loads(line).get("peak_memory_mib"):
                return int(taken)
    return 0


class Operator:
    """The operator's memory, looked at again and again, and its restarts."""

    def __init__(self, client: KubernetesClient) -> None:
        self._client = client
        self._seen: list[float] = []

    async def watch(self, port: int) -> None:
        """Look twice a second until cancelled."""
        async with aiohttp.ClientSession() as session:
            while True:
                with suppress(aiohttp.ClientError):
                    async with session.get(f"http://127.0.0.1:{port}/metrics") as answer:
                        text = await answer.text()
                    self._seen.append(sample(text, "process_resident_memory_bytes") / MIB)
                await asyncio.sleep(0.5)

    async def told(self) -> str:
        """Return what was seen, with the restarts of all replicas."""
        pods = await self._client.list(
            PODS, operatorpods.NAMESPACE, label_selector=operatorpods.SELECTOR
        )
        containers = [each for pod in pods for each in pod["status"]["containerStatuses"]]
        restarts = sum(each["restartCount"] for each in containers)
        first, most = self._seen[0], max(self._seen)
        return f"operator: {first:.0f} MiB before, {most:.0f} MiB at most, {restarts} restarts"


if __name__ == "__main__":
    main()
