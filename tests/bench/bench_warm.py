"""How long a build takes by a Job of its own and by one that was started ahead, in turns.

Run on an installed cluster with `compiler.warm.most` of 1 or more: `KUBECONFIG=… .venv/bin/python
tests/bench/bench_warm.py`. Measured is what the operator decides: from the API server's answer that
it has the build to the status that says Ready. Prints figures and passes no judgement; the targets
are in docs/performance.md.
"""

import argparse
import asyncio
import secrets
import time
from datetime import UTC, datetime
from typing import Any

from bench_builds import deck, show
from venture_core.kubernetes.client import KubernetesClient
from venture_core.kubernetes.resources import (
    ARTIFACT_BUILDS,
    JOBS,
    NAMESPACES,
    PODS,
    POLICY_BUNDLES,
)

type Body = dict[str, Any]

WORKER = "venture.parpour.dev/worker"
OWNER_UID = "venture.parpour.dev/owner-uid"
WORK = "app.kubernetes.io/component=work"
READY_AFTER_SECONDS = 5
"""How long a Job that waits has run when it is sure to be ready."""


def main() -> None:
    """Measure, print, clean up."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=20)
    options.add_argument("--slides", type=int, default=10)
    given = options.parse_args()
    asyncio.run(measure(given.rounds, given.slides))


async def measure(rounds: int, slides: int) -> None:
    """Build in turns in two namespaces, one of which wants Jobs of its own."""
    async with KubernetesClient.from_kubeconfig() as client:
        work = (await client.list(NAMESPACES, label_selector=WORK))[0]["metadata"]["name"]
        warm, own = [f"bench-{which}-{secrets.token_hex(3)}" for which in ("warm", "own")]
        for namespace in (warm, own):
            body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
            await client.create(NAMESPACES, body)
        try:
            await client.create(POLICY_BUNDLES, bundle(), own)
            await asyncio.sleep(2)
            await build(client, own, "first", slides)
            await build(client, warm, "first", slides)
            took: dict[str, list[float]] = {"by Job": [], "warm": [], "missed": []}
            for number in range(rounds):
                await until_one_waits(client, work)
                seconds, job = await build(client, own, f"b-{number}", slides)
                took["by Job"].append(seconds)
                await until_one_waits(client, work)
                seconds, job = await build(client, warm, f"b-{number}", slides)
                took["warm" if job.startswith("warm-") else "missed"].append(seconds)
        finally:
            for namespace in (warm, own):
                await client.delete(NAMESPACES, namespace)
        for what, seconds_each in took.items():
            if seconds_each:
                show(what, seconds_each)


def bundle() -> Body:
    """Return the bundle of a namespace whose builds get Jobs of their own."""
    return {
        "apiVersion": POLICY_BUNDLES.api_version,
        "kind": POLICY_BUNDLES.kind,
        "metadata": {"name": "default"},
        "spec": {
            "version": "1.0.0",
            "state": "Published",
            "artifacts": {"targets": ["Pptx"], "warmWorkers": False},
        },
    }


async def until_one_waits(client: KubernetesClient, work: str) -> None:
    """Wait until a Job that was started ahead is ready for a build."""
    while True:
        for job in await client.list(JOBS, work, label_selector=f"{WORKER},!{OWNER_UID}"):
            name = f"batch.kubernetes.io/job-name={job['metadata']['name']}"
            for pod in await client.list(PODS, work, label_selector=name):
                for each in pod["status"].get("containerStatuses") or ():
                    if started := (each["state"].get("running") or {}).get("startedAt"):
                        since = datetime.now(UTC) - datetime.fromisoformat(started)
                        if since.total_seconds() > READY_AFTER_SECONDS:
                            return
        await asyncio.sleep(0.5)


async def build(
    client: KubernetesClient, namespace: str, name: str, slides: int
) -> tuple[float, str]:
    """Build a deck; return the seconds from accepted to Ready, and the Job that it had."""
    body = {
        "apiVersion": ARTIFACT_BUILDS.api_version,
        "kind": ARTIFACT_BUILDS.kind,
        "metadata": {"name": name},
        "spec": {"target": "Pptx", "source": {"inline": deck(slides)}},
    }
    made = await client.create(ARTIFACT_BUILDS, body, namespace)
    accepted = time.monotonic()
    changes = client.watch(
        ARTIFACT_BUILDS,
        namespace,
        field_selector=f"metadata.name={name}",
        resource_version=made["metadata"]["resourceVersion"],
    )
    async for _, seen in changes:
        for each in (seen.get("status") or {}).get("conditions") or ():
            if each["type"] == "Ready" and each["status"] == "True":
                return time.monotonic() - accepted, seen["status"]["job"]["name"]
            if each["type"] == "Stalled" and each["status"] == "True":
                raise RuntimeError(each["message"])
    raise RuntimeError(f"{name} did not become Ready")


if __name__ == "__main__":
    main()
