"""A burst of one tenant while another builds now and then: who waits how long, and what it takes.

Run on an installed cluster: `KUBECONFIG=… .venv/bin/python tests/bench/bench_burst.py`.
Prints figures and passes no judgement; the targets are in docs/performance.md.
"""

import argparse
import asyncio
import os
import secrets
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.append(str(Path(__file__).resolve().parents[1] / "support"))

import aiohttp
from builds import Builds, condition, patiently, unique_deck
from forwarding import forwarded
from prometheus_client.parser import text_string_to_metric_families
from venture_core.kubernetes.client import KubernetesClient
from venture_core.kubernetes.errors import KubernetesError
from venture_core.kubernetes.resources import ARTIFACT_BUILDS, JOBS, LEASES, NAMESPACES, Resource

if TYPE_CHECKING:
    from collections.abc import Iterator

type Body = dict[str, Any]

OTHERS_EVERY_SECONDS = 5.0
AT_ONCE = 16
SLIDES = 9


class Seen:
    """When a watch told first that something is so, by name, on the monotonic clock."""

    def __init__(self) -> None:
        self.created: dict[str, float] = {}
        self.job: dict[str, float] = {}
        self.ready: dict[str, float] = {}

    async def watch_jobs(self, client: KubernetesClient) -> None:
        """Take note of Jobs, wherever they are made."""
        async for _, body in follow(client, JOBS):
            owner = body["metadata"]["name"].partition("-compile-")[0]
            self.job.setdefault(owner, time.monotonic())

    async def watch_builds(self, client: KubernetesClient, namespace: str) -> None:
        """Take note of builds that are done."""
        async for _, body in follow(client, ARTIFACT_BUILDS, namespace):
            if condition(body, "Ready").get("status") == "True":
                self.ready.setdefault(body["metadata"]["name"], time.monotonic())

    def waits(self, prefix: str, end: dict[str, float]) -> list[float]:
        """Return in order how long those of that name took from their creation to that end."""
        found = [(end[name], at) for name, at in self.created.items() if name.startswith(prefix)]
        return sorted(there - at for there, at in found)


async def follow(client: KubernetesClient, resource: Resource, namespace: str | None = None) -> Any:
    """Yield what a watch tells, for as long as it is listened to; one that breaks begins anew."""
    while True:
        with suppress(KubernetesError, aiohttp.ClientError, TimeoutError):
            async for event in client.watch(resource, namespace, initial=True, bookmarks=True):
                if event[0] != "BOOKMARK":
                    yield event


def main() -> None:
    """Measure, print, clean up."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--burst", type=int, default=100)
    options.add_argument("--system-namespace", default="venture-system")
    options.add_argument("--release", default="venture")
    given = options.parse_args()
    asyncio.run(measure(given.burst, given.system_namespace, given.release))


async def measure(burst: int, system: str, release: str) -> None:
    """Run the burst beside the other tenant's builds."""
    kubeconfig = os.environ["KUBECONFIG"]
    async with KubernetesClient.from_kubeconfig(kubeconfig) as client:
        many, few = [await own_namespace(client) for _ in range(2)]
        lease = await client.get(LEASES, release, system)
        assert lease is not None
        pod = lease["spec"]["holderIdentity"]
        seen = Seen()
        watches = [
            asyncio.ensure_future(seen.watch_jobs(client)),
            asyncio.ensure_future(seen.watch_builds(client, many)),
            asyncio.ensure_future(seen.watch_builds(client, few)),
        ]
        try:
            with forwarded(Path(kubeconfig), system, f"pod/{pod}", 8080) as port:
                before = await figures(port)
                started = time.monotonic()
                others = asyncio.create_task(now_and_then(Builds(client, few), seen, "other"))
                await create_all(Builds(client, many), seen, burst)
                await until_ready(seen, "burst", burst)
                others.cancel()
                with suppress(asyncio.CancelledError):
                    await others
                took = time.monotonic() - started
                await until_ready(seen, "other", sum(n.startswith("other") for n in seen.created))
                after = await figures(port)
        finally:
            for each in watches:
                each.cancel()
            for name in (many, few):
                await client.delete(NAMESPACES, name)
    print(f"{burst} builds at once, all Ready after {took:.0f} s")
    show("apply → Job created", seen.waits("burst", seen.job))
    show("apply → Ready", seen.waits("burst", seen.ready))
    show("the other tenant's, apply → Ready", seen.waits("other", seen.ready))
    total = len(seen.created)
    cpu, asked = (after[key] - before[key] for key in ("cpu", "requests"))
    print(f"operator: {cpu:.1f} s of CPU, {asked / total:.1f} API requests a build, {total} builds")


async def own_namespace(client: KubernetesClient) -> str:
    name = f"bench-{secrets.token_hex(4)}"
    head = {"apiVersion": NAMESPACES.api_version, "kind": NAMESPACES.kind}
    await client.create(NAMESPACES, head | {"metadata": {"name": name}})
    return name


async def create_all(builds: Builds, seen: Seen, count: int) -> None:
    """Create them as fast as one client does."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        async with room:
            await create(builds, seen, f"burst-{number}")

    await asyncio.gather(*(one(number) for number in range(count)))


async def create(builds: Builds, seen: Seen, name: str) -> None:
    await builds.create(name, source={"inline": unique_deck(SLIDES)})
    seen.created[name] = time.monotonic()


async def now_and_then(builds: Builds, seen: Seen, prefix: str) -> None:
    """Create one every few seconds until cancelled."""
    number = 0
    while True:
        await create(builds, seen, f"{prefix}-{number}")
        number += 1
        await asyncio.sleep(OTHERS_EVERY_SECONDS)


async def until_ready(seen: Seen, prefix: str, count: int) -> None:
    async def done() -> int:
        return sum(name.startswith(prefix) for name in seen.ready)

    await patiently(done, lambda ready: ready >= count, within_seconds=900)


async def figures(port: int) -> dict[str, float]:
    """Return what the leader has spent so far."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/metrics") as answer,
    ):
        text = await answer.text()
    return {"cpu": sample(text, "process_cpu_seconds"), "requests": sample(text, REQUESTS)}


REQUESTS = "venture_kubernetes_requests"


def sample(text: str, name: str) -> float:
    """Return the sum of a counter over its labels."""
    families = [each for each in text_string_to_metric_families(text) if each.name == name]
    return sum(each.value for each in totals(families))


def totals(families: list[Any]) -> Iterator[Any]:
    for family in families:
        yield from (each for each in family.samples if each.name.endswith("_total"))


def show(what: str, seconds: list[float]) -> None:
    """Print median, 95th and 99th percentile and maximum."""

    def at(share: float) -> float:
        return seconds[max(0, round(share * len(seconds)) - 1)]

    print(
        f"{what:34} n={len(seconds):3}  p50 {at(0.5):.1f} s  p95 {at(0.95):.1f} s  "
        f"p99 {at(0.99):.1f} s  max {seconds[-1]:.1f} s"
    )


if __name__ == "__main__":
    main()
