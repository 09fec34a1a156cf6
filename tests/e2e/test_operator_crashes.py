"""SIGKILL the operator again and again in a burst of builds: nothing is lost, nothing doubled."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

import operatorpods
import pytest
from builds import Builds, condition, patiently, unique_deck
from podcrashes import crash
from soaking import profile
from venture_core.kubernetes.resources import ARTIFACT_BUILDS, JOBS, PODS, SECRETS

if TYPE_CHECKING:
    from venture_core.kubernetes.client import KubernetesClient
    from worknamespace import WorkNamespace

type Kubectl = Callable[..., str]

SEED = 20261123
MOMENTS = {
    "short": [0.05, 0.4, 1.2, 2.2],
    "soak": [0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.2, 1.6, 2.2, 3.0],
}[profile()]
"""Seconds between new builds and a kill: before their Jobs are there, to after their pods ended."""
BURST = 3
BUILDS = BURST * len(MOMENTS)
EVENTS_OF_NAMESPACE = """
SELECT event->>'event_type', count(*), count(DISTINCT event->>'workflow_id')
FROM (SELECT convert_from(canonical, 'UTF8')::jsonb AS event FROM record.events) AS events
WHERE event#>>'{payload,namespace}' = :'namespace' GROUP BY 1;
"""


@pytest.mark.soak
@pytest.mark.timeout(900)
async def test_builds_survive_kills_of_the_operator(
    builds: Builds, client: KubernetesClient, kubectl: Kubectl, work: WorkNamespace
) -> None:
    """Every build is Ready, with exactly one Job each, and no Job, pod or input is an orphan.

    The record has every event of every build once.

    Each kill falls into the work on new builds, at a moment of its own.
    """
    moments = random.Random(SEED).sample(MOMENTS, len(MOMENTS))  # noqa: S311
    ways: Counter[str] = Counter()
    for kill, moment in enumerate(moments):
        name = await _working_leader(client)
        await asyncio.gather(*(_build(builds, f"burst-{kill}-{number}") for number in range(BURST)))
        await asyncio.sleep(moment)
        ways[await crash(client, operatorpods.NAMESPACE, name)] += 1

    async def unfinished() -> list[str]:
        found = await client.list(ARTIFACT_BUILDS, builds.namespace)
        return [
            each["metadata"]["name"]
            for each in found
            if condition(each, "Ready").get("status") != "True"
        ]

    await patiently(unfinished, lambda names: names == [], within_seconds=240)
    await _check_one_job_each(builds, client, work)
    _check_one_event_each(builds.namespace, kubectl)
    print(f"{BUILDS} builds; kills: {dict(ways)}, seconds after the builds came: {moments}")


async def _build(builds: Builds, name: str) -> None:
    await builds.create(name, source={"inline": unique_deck(3)})


async def _working_leader(client: KubernetesClient) -> str:
    """Wait for a leader that renewed the Lease while we looked."""
    before = await operatorpods.renewed_at(client)
    await patiently(lambda: operatorpods.renewed_at(client), lambda renewed: renewed != before)
    return await operatorpods.leader(client)


async def _check_one_job_each(
    builds: Builds, client: KubernetesClient, work: WorkNamespace
) -> None:
    found = await client.list(ARTIFACT_BUILDS, builds.namespace)
    assert len(found) == BUILDS
    uids = {each["metadata"]["uid"] for each in found}
    jobs = await work.children(JOBS)
    owners = Counter(job["metadata"]["labels"]["venture.parpour.dev/owner-uid"] for job in jobs)
    assert set(owners) == uids
    assert set(owners.values()) == {1}
    assert all(each["status"].get("failures", 0) == 0 for each in found)
    assert all(each["status"]["job"]["attempt"] == 1 for each in found)

    job_uids = {job["metadata"]["uid"] for job in jobs}
    for resource in (PODS, SECRETS):
        children = await work.children(resource)
        parents = Counter(each["metadata"]["ownerReferences"][0]["uid"] for each in children)
        assert set(parents) <= job_uids, f"an orphan among {resource.plural}"
        assert set(parents.values()) == {1}


def _check_one_event_each(namespace: str, kubectl: Kubectl) -> None:
    """Ask the development data plane's Postgres what the builds left in the record."""
    psql = ("psql", "-U", "postgres", "-d", "venture", "-tA", "-v", f"namespace={namespace}")
    pod = ("-n", operatorpods.NAMESPACE, "exec", "-i", "venture-postgres-0", "--")
    rows = kubectl(*pod, *psql, stdin=EVENTS_OF_NAMESPACE)
    expected = {
        f"artifact.build.{kind}.v1|{BUILDS}|{BUILDS}"
        for kind in ("requested", "started", "gates", "completed")
    }
    assert set(rows.split()) == expected
