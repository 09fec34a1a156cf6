"""What breaks under the operator on a cluster: honest meanwhile, good again soon, nothing lost.

Each prints how long it took until all was good again.
"""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import operatorpods
import pytest
from absences import without
from builds import Builds, condition, patiently
from forwarding import forwarded
from soaking import seconds
from venture_core.kubernetes.resources import JOBS, NAMESPACES, PODS
from venture_operator.services.leadership import LEASE_SECONDS
from worknamespace import WorkNamespace, work_namespace

if TYPE_CHECKING:
    from pathlib import Path

    from venture_core.kubernetes.client import KubernetesClient

type Body = dict[str, Any]
type Kubectl = Callable[..., str]


SYSTEM = operatorpods.NAMESPACE
DEFINITION = ("customresourcedefinition", "artifactbuilds.venture.parpour.dev")
BINDING = ("clusterrolebinding", f"venture.{SYSTEM}")
DELETED = """
SELECT count(DISTINCT workflow_id) FROM record.events
WHERE convert_from(canonical, 'UTF8')::jsonb->>'event_type' = 'artifact.build.deleted.v1'
AND workflow_id = ANY(:'uids'::uuid[]);
"""


class Readiness:
    """What an operator's pod says of itself."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def __call__(self) -> tuple[int, str]:
        """Return status and text of /readyz; 0 where nobody answers."""
        timeout = aiohttp.ClientTimeout(total=3)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.get(f"{self._url}/readyz") as answer,
            ):
                return answer.status, await answer.text()
        except (aiohttp.ClientError, TimeoutError) as error:
            return 0, repr(error)


@pytest.fixture
async def readiness(
    client: KubernetesClient, kubectl: Kubectl, kubeconfig: Path
) -> AsyncIterator[Readiness]:
    """Ask the leader, once every replica is there."""
    kubectl("-n", SYSTEM, "rollout", "status", "deployment/venture", "--timeout=120s")
    pod = await patiently(lambda: operatorpods.leader(client), bool)
    with forwarded(kubeconfig, SYSTEM, f"pod/{pod}", 8080) as port:
        ask = Readiness(f"http://127.0.0.1:{port}")
        await patiently(ask, lambda answer: answer[0] == 200)
        yield ask


async def restarts(client: KubernetesClient) -> dict[str, int]:
    """Return by pod how often an operator was started again."""
    pods = await client.list(PODS, SYSTEM, label_selector=operatorpods.SELECTOR)
    return {
        pod["metadata"]["name"]: status["restartCount"]
        for pod in pods
        for status in pod["status"]["containerStatuses"]
    }


def deletions(kubectl: Kubectl, uids: list[str]) -> int:
    """Count the builds of which the record says that they were deleted."""
    listed = "{" + ",".join(uids) + "}"
    psql = ("psql", "-U", "postgres", "-d", "venture", "-tA", "-v", f"uids={listed}")
    pod = ("-n", SYSTEM, "exec", "-i", "venture-postgres-0", "--")
    return int(kubectl(*pod, *psql, stdin=DELETED))


@pytest.mark.timeout(300)
async def test_a_definition_that_goes_and_comes_back(
    builds: Builds, client: KubernetesClient, kubectl: Kubectl, readiness: Readiness
) -> None:
    """It takes every build of the cluster with it, as a mistaken `kubectl delete` would."""
    made = [await builds.create(f"before-{number}") for number in range(3)]
    before = await restarts(client)
    with without(kubectl, DEFINITION):
        status, text = await patiently(
            readiness, lambda answer: answer[0] == 503, within_seconds=30
        )
        assert "the watch on artifactbuilds does not work: not served" in text, status
    kubectl("wait", "/".join(DEFINITION), "--for=condition=Established", "--timeout=30s")
    back = time.monotonic()
    await builds.create("after")
    await builds.until("after", "Ready")
    await patiently(readiness, lambda answer: answer[0] == 200)
    print(f"good again {time.monotonic() - back:.1f} s after the definition was back")
    uids = [body["metadata"]["uid"] for body in made]

    async def recorded() -> int:
        return deletions(kubectl, uids)

    # What was at work is ended, and the record tells of the end of each.
    await patiently(recorded, lambda count: count == len(uids), within_seconds=90)
    there = WorkNamespace(client, work_namespace(kubectl), builds.namespace)
    jobs = await there.children(JOBS)
    assert {job["metadata"]["labels"]["venture.parpour.dev/owner"] for job in jobs} == {"after"}
    assert await restarts(client) == before


@pytest.mark.timeout(300)
async def test_a_namespace_that_is_deleted_while_it_builds(
    builds: Builds, client: KubernetesClient, kubectl: Kubectl, readiness: Readiness
) -> None:
    doomed = Builds(client, f"{builds.namespace}-doomed")
    head = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": doomed.namespace}}
    await client.create(NAMESPACES, head)
    made = await asyncio.gather(*(doomed.create(f"b-{number}") for number in range(6)))
    leader, since = await operatorpods.leader(client), time.time()
    await patiently(lambda: doomed.get("b-0"), lambda body: bool(body.get("status", {}).get("job")))
    kubectl("delete", "namespace", doomed.namespace, "--timeout=120s")
    gone = time.monotonic()
    await builds.create("neighbour")
    await builds.until("neighbour", "Ready")
    there = WorkNamespace(client, work_namespace(kubectl), doomed.namespace)
    await patiently(lambda: there.children(JOBS), lambda jobs: jobs == [], within_seconds=60)
    uids = [body["metadata"]["uid"] for body in made]

    async def recorded() -> int:
        return deletions(kubectl, uids)

    await patiently(recorded, lambda count: count == len(uids), within_seconds=60)
    print(f"nothing of it is left {time.monotonic() - gone:.1f} s after it was gone")
    assert (await readiness())[0] == 200
    log = kubectl("-n", SYSTEM, "logs", leader, f"--since={int(time.time() - since) + 1}s")
    assert "Traceback" not in log


@pytest.mark.soak
@pytest.mark.timeout(600)
async def test_rights_that_are_taken_away_and_given_back(
    builds: Builds, client: KubernetesClient, kubectl: Kubectl, readiness: Readiness
) -> None:
    """A watch that is open goes on without rights: in a short run only writing fails."""
    before = await restarts(client)
    away = seconds(short=5, soak=120)
    with without(kubectl, BINDING):
        await builds.create("meanwhile")
        taken = time.monotonic()
        told = None
        while time.monotonic() - taken < away:
            if told is None and (await readiness())[0] == 503:
                told = time.monotonic() - taken
            await asyncio.sleep(0.5)
        assert away < 100 or told is not None, "not ready is what it is without rights"
        assert condition(await builds.get("meanwhile"), "Ready").get("status") != "True"
    back = time.monotonic()
    await builds.until("meanwhile", "Ready", within_seconds=60)
    await patiently(readiness, lambda answer: answer[0] == 200, within_seconds=60)
    print(
        f"not ready after {told} s; good again {time.monotonic() - back:.1f} s after they were back"
    )
    assert await restarts(client) == before


@pytest.fixture
def api_server_process(kubeconfig: Path) -> int:
    """Return the process of the native cluster's API server; on other clusters nobody has it."""
    record = kubeconfig.parent / "run" / "kube-apiserver.json"
    if not record.exists():
        pytest.skip("the API server is not a process of this machine")
    return int(json.loads(record.read_text())["pid"])


@contextmanager
def halted(process: int) -> Iterator[None]:
    """Have a process do nothing: it accepts connections and does not answer."""
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


@pytest.mark.soak
@pytest.mark.timeout(600)
async def test_an_api_server_that_is_away(
    builds: Builds, client: KubernetesClient, kubectl: Kubectl, api_server_process: int
) -> None:
    """Longer than a Lease lasts. Builds that were at work end as if nothing had been."""
    kubectl("-n", SYSTEM, "rollout", "status", "deployment/venture", "--timeout=120s")
    made = [await builds.create(f"at-work-{number}") for number in range(4)]
    await patiently(
        lambda: builds.get("at-work-3"), lambda body: bool(body.get("status", {}).get("job"))
    )
    pods = await client.list(PODS, SYSTEM, label_selector=operatorpods.SELECTOR)
    ask = [Readiness(f"http://{pod['status']['podIP']}:8080") for pod in pods]
    assert [(await each())[0] for each in ask] == [200] * len(ask)
    away = seconds(short=LEASE_SECONDS + 5, soak=120)
    with halted(api_server_process):
        halted_at = time.monotonic()
        for each in ask:
            await patiently(each, lambda answer: answer[0] != 200, within_seconds=25)
        told = time.monotonic() - halted_at
        while time.monotonic() - halted_at < away:
            assert all([(await each())[0] != 200 for each in ask])
            await asyncio.sleep(0.5)
    back = time.monotonic()
    await patiently(lambda: operatorpods.leader(client), bool)
    await builds.create("after")
    await builds.until("after", "Ready", within_seconds=90)
    for number in range(len(made)):
        body = await builds.until(f"at-work-{number}", "Ready", within_seconds=60)
        assert body["status"].get("failures", 0) == 0
        assert body["status"]["job"]["attempt"] == 1
    took = time.monotonic() - back
    print(f"not ready after {told:.0f} s; good again {took:.1f} s after it was back")
    for each in ask:
        await patiently(each, lambda answer: answer[0] == 200, within_seconds=60)
    kubectl("get", "--raw", "/readyz")
