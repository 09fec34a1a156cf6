"""What the installed services cost: admission, a story from end to end, and all of them at rest.

Run on an installed cluster: `KUBECONFIG=… .venv/bin/python tests/bench/bench_services.py`. It takes
the registration of the webhooks away for some seconds, to see what they add. Prints figures and
passes no judgement; the targets are in docs/performance.md.
"""

import argparse
import asyncio
import json
import os
import secrets
import statistics
import sys
import time
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.append(str(Path(__file__).resolve().parents[1] / "support"))

import yaml
from absences import without
from figures import by_callers, spread
from killings import COMPONENT
from kubectls import kubectl_of
from launches import SYSTEM, Launch, Waits
from venture_core.kubernetes.client import KubernetesClient
from venture_core.kubernetes.resources import PODS, WORKFLOWS

if TYPE_CHECKING:
    from collections.abc import Callable

    from figures import Ask

type Body = dict[str, Any]
type Kubectl = Callable[..., str]

CLIENTS = (1, 50)
WEBHOOKS = ("mutatingwebhookconfiguration", f"venture.{SYSTEM}.webhooks")
NOTICED_SECONDS = 3
"""After so long the API server goes by what is registered."""
MIB = 1024 * 1024


async def main(seconds: float, rounds: int, rest: float) -> None:
    """Measure all, and clean up."""
    kubeconfig = Path(os.environ["KUBECONFIG"])
    kubectl = kubectl_of(kubeconfig)
    names = [f"bench-{secrets.token_hex(4)}" for _ in range(rounds)]
    for name in names:
        kubectl("create", "namespace", name)
    try:
        launches = [Launch(kubectl, kubeconfig, name) for name in names]
        for launch in launches:
            launch.prepare()
        async with KubernetesClient.from_kubeconfig(str(kubeconfig)) as client:
            await at_rest(client, kubectl, rest)
            await admission(client, kubectl, launches[0], seconds)
            await stories(client, launches)
    finally:
        kubectl("delete", "namespace", *names, "--wait=false")


async def at_rest(client: KubernetesClient, kubectl: Kubectl, seconds: float) -> None:
    """Print what each service takes while nothing goes on."""
    pods = await client.list(PODS, SYSTEM)
    components = {
        each["metadata"]["uid"]: each["metadata"]["labels"][COMPONENT]
        for each in pods
        if each["status"]["phase"] == "Running"
    }
    before, began = usage(kubectl, components), time.monotonic()
    await asyncio.sleep(seconds)
    after, took = usage(kubectl, components), time.monotonic() - began
    for component in sorted(after):
        spent = (after[component][1] - before[component][1]) / took
        count = list(components.values()).count(component)
        print(
            f"{component:20} {count} pods  {after[component][0] / MIB:6.0f} MiB  "
            f"{spent * 1000:5.1f} mCPU"
        )


def usage(kubectl: Kubectl, components: dict[str, str]) -> dict[str, tuple[int, float]]:
    """Return by component its bytes of memory and the seconds of CPU it has had, by the kubelet."""
    memory: defaultdict[str, int] = defaultdict(int)
    cpu: defaultdict[str, float] = defaultdict(float)
    for node in json.loads(kubectl("get", "nodes", "-o", "json"))["items"]:
        path = f"/api/v1/nodes/{node['metadata']['name']}/proxy/stats/summary"
        for pod in json.loads(kubectl("get", "--raw", path))["pods"]:
            if component := components.get(pod["podRef"]["uid"]):
                memory[component] += pod["memory"]["workingSetBytes"]
                cpu[component] += pod["cpu"]["usageCoreNanoSeconds"] / 1e9
    return {each: (memory[each], cpu[each]) for each in memory}


async def admission(
    client: KubernetesClient, kubectl: Kubectl, launch: Launch, seconds: float
) -> None:
    """Have the API server judge a Workflow that it does not keep, with webhooks and without."""
    user = json.loads(kubectl("auth", "whoami", "-o", "json"))["status"]["userInfo"]["username"]
    _, text = launch.example("launch.yaml").split("\n---\n", 1)
    body = yaml.safe_load(text)
    body["spec"]["requester"] = {"user": user}
    path = WORKFLOWS.path(launch.namespace)

    async def ask() -> None:
        await client.request("POST", "workflows", path, query={"dryRun": "All"}, body=body)

    await judged("a Workflow with webhooks", ask, seconds)
    with without(kubectl, WEBHOOKS):
        await asyncio.sleep(NOTICED_SECONDS)
        await judged("without them", ask, seconds)
    await asyncio.sleep(NOTICED_SECONDS)


async def judged(what: str, ask: Ask, seconds: float) -> None:
    """Ask with few and with many clients."""
    await by_callers(ask, CLIENTS[0], 1)
    for clients in CLIENTS:
        took, rate = await by_callers(ask, clients, seconds)
        print(f"{what:28} {clients:4} clients {rate:8.0f}/s  {spread(took)}", flush=True)


async def stories(client: KubernetesClient, launches: list[Launch]) -> None:
    """Run the story once in each namespace; people say yes as soon as they are asked."""
    took = []
    for launch in launches:
        waits, began = Waits(client, launch.namespace), time.monotonic()
        launch.submit("launch.yaml")
        for kind in ("Workflow", "MoneyIntent"):
            launch.say(asdict(await waits.until_asked(kind)), "Approve")
        await waits.until_succeeded()
        took.append(time.monotonic() - began)
    listed = ", ".join(f"{each:.1f}" for each in took)
    print(
        f"a story, from submitting to its end: {listed} s; median {statistics.median(took):.1f} s"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10, help="of each load on admission")
    parser.add_argument("--rounds", type=int, default=5, help="stories, one after another")
    parser.add_argument("--rest", type=float, default=60, help="seconds that services are watched")
    given = parser.parse_args()
    asyncio.run(main(given.seconds, given.rounds, given.rest))
