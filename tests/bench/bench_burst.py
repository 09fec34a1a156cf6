"""A burst of one tenant while another builds now and then: who waits how long, and what it takes.

Run on an installed cluster:
`KUBECONFIG=… .venv/bin/python tests/bench/bench_burst.py [--burst 20]`.
Prints figures and passes no judgement; the targets are in docs/performance.md. What is not Ready by
the deadline is counted, and the figures are of the others.
"""

import argparse
import asyncio
import os
import secrets
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1] / "support"))

import aiohttp
from builds import Builds, condition, unique_deck
from forwarding import forwarded
from prometheus_client.parser import text_string_to_metric_families
from venture_core.kubernetes.client import KubernetesClient
from venture_core.kubernetes.errors import KubernetesError
from venture_core.kubernetes.resources import ARTIFACT_BUILDS, JOBS, LEASES, NAMESPACES, Resource

type Body = dict[str, Any]

OTHERS_EVERY_SECONDS = 5.0
AT_ONCE = 16
SLIDES = 9


class Seen:
    """When a watch told first that something is so, by a build's name, on the monotonic clock.

    Names are of this run alone: Jobs of an earlier one may still be there.
    """

    def __init__(self) -> None:
        run = secrets.token_hex(3)
        self.burst, self.other = f"burst-{run}-", f"other-{run}-"
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
        return sorted(
            end[name] - at
            for name, at in self.created.items()
            if name.startswith(prefix) and name in end
        )

    def waiting(self) -> int:
        """Return how many builds are not Ready."""
        return len(self.created.keys() - self.ready.keys())


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
    options.add_argument("--deadline", type=float, default=300.0, help="seconds")
    asyncio.run(measure(options.parse_args()))


async def measure(given: argparse.Namespace) -> None:
    """Run the burst beside the other tenant's builds."""
    kubeconfig = os.environ["KUBECONFIG"]
    seen = Seen()
    async with KubernetesClient.from_kubeconfig(kubeconfig) as client:
        many, few = [await own_namespace(client) for _ in range(2)]
        watches = [
            asyncio.ensure_future(seen.watch_jobs(client)),
            asyncio.ensure_future(seen.watch_builds(client, many)),
            asyncio.ensure_future(seen.watch_builds(client, few)),
        ]
        leader = Leader(client, Path(kubeconfig), given.system_namespace, given.release)
        try:
            before = await leader.figures()
            started = time.monotonic()
            others = asyncio.create_task(now_and_then(Builds(client, few), seen))
            await create_all(Builds(client, many), seen, given.burst)
            await until_ready(seen, given.deadline)
            others.cancel()
            with suppress(asyncio.CancelledError):
                await others
            took = time.monotonic() - started
            after = await leader.figures()
        finally:
            for each in watches:
                each.cancel()
            for name in (many, few):
                await client.delete(NAMESPACES, name)
    ready = len(seen.waits(seen.burst, seen.ready))
    print(f"{given.burst} builds at once, {ready} of them Ready after {took:.0f} s")
    show("apply → Job created", seen.waits(seen.burst, seen.job))
    show("apply → Ready", seen.waits(seen.burst, seen.ready))
    show("the other tenant's, apply → Ready", seen.waits(seen.other, seen.ready))
    spent(before, after, len(seen.created))


def spent(before: dict[str, float], after: dict[str, float], builds: int) -> None:
    """Print what the leader took, where it is the same process as before."""
    cpu, asked = (after[key] - before[key] for key in ("cpu", "requests"))
    if before["start"] != after["start"]:
        print("operator: another process leads now, so what it took is not known")
        return
    print(
        f"operator: {cpu:.1f} s of CPU, {asked / builds:.1f} API requests a build, {builds} builds"
    )


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
            await create(builds, seen, f"{seen.burst}{number}")

    await asyncio.gather(*(one(number) for number in range(count)))


async def create(builds: Builds, seen: Seen, name: str) -> None:
    await builds.create(name, source={"inline": unique_deck(SLIDES)})
    seen.created[name] = time.monotonic()


async def now_and_then(builds: Builds, seen: Seen) -> None:
    """Create one every few seconds until cancelled."""
    number = 0
    while True:
        await create(builds, seen, f"{seen.other}{number}")
        number += 1
        await asyncio.sleep(OTHERS_EVERY_SECONDS)


async def until_ready(seen: Seen, seconds: float) -> None:
    """Wait until all are Ready, or for as long as that."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while seen.waiting():  # noqa: ASYNC110 - two watches would have to set one event
                await asyncio.sleep(0.1)


class Leader:
    """The operator's process that leads."""

    def __init__(
        self, client: KubernetesClient, kubeconfig: Path, namespace: str, release: str
    ) -> None:
        self._client, self._kubeconfig = client, kubeconfig
        self._namespace, self._release = namespace, release

    async def figures(self) -> dict[str, float]:
        """Return what it has spent so far, and when it started."""
        lease = await self._client.get(LEASES, self._release, self._namespace)
        assert lease is not None, f"{self._namespace} holds no release {self._release}"
        pod = f"pod/{lease['spec']['holderIdentity']}"
        with forwarded(self._kubeconfig, self._namespace, pod, 8080) as port:
            url = f"http://127.0.0.1:{port}/metrics"
            async with aiohttp.ClientSession() as session, session.get(url) as answer:
                text = await answer.text()
        return {
            "cpu": sample(text, "process_cpu_seconds"),
            "requests": sample(text, REQUESTS),
            "start": sample(text, "process_start_time_seconds"),
        }


REQUESTS = "venture_kubernetes_requests"


def sample(text: str, name: str) -> float:
    """Return the sum of a counter or a gauge over its labels."""
    return sum(
        each.value
        for family in text_string_to_metric_families(text)
        if family.name == name
        for each in family.samples
        if each.name in {name, f"{name}_total"}
    )


def show(what: str, seconds: list[float]) -> None:
    """Print median, 95th and 99th percentile and maximum."""
    if not seconds:
        print(f"{what:34} none")
        return

    def at(share: float) -> float:
        return seconds[max(0, round(share * len(seconds)) - 1)]

    print(
        f"{what:34} n={len(seconds):3}  p50 {at(0.5):.1f} s  p95 {at(0.95):.1f} s  "
        f"p99 {at(0.99):.1f} s  max {seconds[-1]:.1f} s"
    )


if __name__ == "__main__":
    main()
