"""Compile Jobs that are started ahead, on real servers: each a process, as a kubelet runs it."""

import json
from typing import TYPE_CHECKING

import pytest
from artifactexamples import compiled_example, example
from builds import Builds, condition, deck
from lostanswers import assigns, completing_unheard
from recordedevents import recorded_events
from waiting import patiently
from warmjobs import WarmJob, WarmJobs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from kubelet import Kubelet
    from operatorprocess import OperatorProcess
    from pydantic import SecretStr
    from venture_core.objectstore import ObjectStore, S3Settings


WAITS = "venture_warm_workers_waiting 1.0"


@pytest.fixture
def operator_settings() -> dict[str, str]:
    return {"warm_most": "1"}


@pytest.fixture
async def warm(kubelet: Kubelet, tmp_path: Path) -> AsyncIterator[WarmJobs]:
    jobs = WarmJobs(kubelet, tmp_path / "warm")
    yield jobs
    await jobs.clear()


async def next_known(warm: WarmJobs, operator: OperatorProcess, but: str = "") -> WarmJob:
    """Run the next Job that waits, and have the operator know that it runs."""
    job = await warm.next(but=[but])
    await patiently(lambda: operator.get("/metrics"), lambda told: WAITS in told[1])
    return job


async def starts(database: SecretStr) -> list[str]:
    """Return the Jobs that the record says were started."""
    return [
        each["payload"]["job"]
        for each in await recorded_events(database)
        if each["event_type"] == "artifact.build.started.v1"
    ]


async def owned(kubelet: Kubelet, name: str) -> list[str]:
    """Return the names of the Jobs that the build of that name has."""
    return [
        job["metadata"]["name"]
        for job in await kubelet.jobs()
        if job["metadata"]["labels"].get("venture.parpour.dev/owner") == name
    ]


async def test_a_build_becomes_ready_by_the_job_that_waits_before_the_kubelet_speaks(
    operator: OperatorProcess,
    builds: Builds,
    kubelet: Kubelet,
    warm: WarmJobs,
    store: ObjectStore,
    database: SecretStr,
) -> None:
    waits = await next_known(warm, operator)
    chosen, made = example("treasury-report"), compiled_example("treasury-report")
    source = {"inline": json.loads(chosen.document)}
    body = await builds.create("report", target=chosen.target, source=source)
    ready = (await builds.until("report", "Ready"))["status"]

    uid = waits.job["metadata"]["uid"]
    assert ready["job"] == {"name": waits.name, "attempt": 1, "uid": uid}
    assert ready["artifact"]["sha256"] == made.sha256
    assert ready["thumbnail"]["sizeBytes"] == len(made.thumbnail or b"")
    assert all(gate["passed"] for gate in ready["gates"])
    assert await starts(database) == [waits.name]
    labels = await warm.labels_of(waits.name)
    assert labels["venture.parpour.dev/owner-uid"] == body["metadata"]["uid"]
    assert labels["venture.parpour.dev/owner-namespace"] == builds.namespace
    await waits.ended()
    left = await patiently(
        lambda: staged(store, body["metadata"]["uid"], uid), lambda keys: keys == []
    )
    assert left == []

    # It took one build: another waits in its place, and takes the next.
    after = await next_known(warm, operator, but=waits.name)
    await builds.create("fails", source={"inline": deck("x" * 120)})
    stalled = await builds.until("fails", "Stalled")
    assert stalled["status"]["job"]["name"] == after.name
    assert condition(stalled, "Stalled")["reason"] == "GateFailed"
    assert any(each["findings"] for each in stalled["status"]["gates"])
    assert await waits.events() == ["waiting", "started", "compiled", "uploaded"]
    _, told = await operator.get("/metrics")
    assert "venture_warm_workers_claimed_total 2.0" in told


async def staged(store: ObjectStore, *uids: str) -> list[str]:
    return [each.key for uid in uids async for each in store.list(f"staging/{uid}")]


async def test_an_operator_that_dies_between_claim_and_assignment_gives_the_build_no_second_job(
    operator: OperatorProcess,
    builds: Builds,
    kubelet: Kubelet,
    warm: WarmJobs,
    s3_settings: S3Settings,
    database: SecretStr,
) -> None:
    await operator.terminate()
    proxied = completing_unheard(s3_settings, arrives=False, lose=assigns)
    async with proxied as (through, lost):
        operator.change(s3_endpoint=through.endpoint)
        await operator.start()
        waits = await next_known(warm, operator)
        await builds.create("deck")
        await patiently(lambda: said(lost), bool)
        await operator.kill()
        assert await owned(kubelet, "deck") == [waits.name]
        assert not (await builds.get("deck"))["status"]["job"].get("uid")

        operator.change(s3_endpoint=s3_settings.endpoint)
        await operator.start()
        ready = (await builds.until("deck", "Ready"))["status"]
    assert (ready["job"]["name"], ready["job"]["attempt"]) == (waits.name, 1)
    assert await starts(database) == [waits.name]
    assert await owned(kubelet, "deck") == [waits.name]


async def said(lost: list[bytes]) -> list[bytes]:
    return lost


async def test_a_worker_that_dies_with_its_build_is_followed_by_a_job_of_its_own(
    operator: OperatorProcess,
    builds: Builds,
    kubelet: Kubelet,
    warm: WarmJobs,
    database: SecretStr,
) -> None:
    waits = await next_known(warm, operator)
    await waits.kill()
    # Nobody knows yet, so it is given the build.
    await builds.create("deck")
    await builds.until("deck", "Reconciling")
    first = await patiently(lambda: owned(kubelet, "deck"), bool)
    assert first == [waits.name]
    await waits.die()
    (second,) = await patiently(
        lambda: owned(kubelet, "deck"), lambda names: names not in ([], [waits.name])
    )
    assert not second.startswith("warm-")
    job = await kubelet.find(second)
    await patiently(lambda: kubelet.has_input(job), bool)
    await kubelet.succeed(job, b"a deck")
    ready = (await builds.until("deck", "Ready"))["status"]
    assert (ready["job"]["attempt"], ready["failures"]) == (2, 1)
    assert await starts(database) == [waits.name, second]
